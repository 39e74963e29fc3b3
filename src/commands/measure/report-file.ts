import {
  chmodSync,
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { resolve } from 'node:path';
import type { Environment } from '../../environment.ts';
import { UsageError, UserError } from '../../errors.ts';
import { findTrusted } from '../../settings/foreign-file.ts';
import { describeSystemError } from '../../system-error.ts';

/** The report's file. It is opened before a long run, so that a mistyped folder fails at once. */
export interface ReportFile {
  readonly path: string;
  write(text: string): void;
  /** Removes the file if it is new and nothing was written. */
  close(): void;
}

/** Opens the file; a relative path starts at the working folder. `source`: what is read, and must stay. @throws UserError */
export function openReportFile(
  typed: string | undefined,
  { folder, variables }: Pick<Environment, 'folder' | 'variables'>,
  source?: string,
): ReportFile | undefined {
  if (typed === undefined) return undefined;
  const path = resolve(folder, typed);
  let target = path;
  let descriptor: number;
  let isNew = true;
  try {
    refuse(path, source, findTrusted(variables));
    try {
      descriptor = openSync(path, 'wx', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      isNew = false;
      descriptor = openSync(path, 'r+');
      if (fstatSync(descriptor).isFile()) target = realpathSync(path);
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      {
        code: 'report-file',
        what: `the report cannot be written to ${path}`,
        why: describeSystemError(error),
        next: 'give --report a file in a folder that you can write',
      },
      { cause: error, exitStatus: 2 },
    );
  }
  let isWritten = false;
  return {
    path,
    write(text) {
      try {
        const status = fstatSync(descriptor);
        // The older report stays until the new one is complete. A link that took its place meanwhile is replaced, not followed.
        if (!isNew && status.isFile()) replaceFile(target, text, status.mode);
        else writeFileSync(descriptor, text);
      } catch (error) {
        throw new UserError(
          {
            code: 'report-file',
            what: `the report was not written to ${path}`,
            why: describeSystemError(error),
            next: 'make room there, or name another file with --report, and run it again',
          },
          { cause: error },
        );
      }
      isWritten = true;
    },
    close() {
      closeSync(descriptor);
      if (isNew && !isWritten) rmSync(path, { force: true });
    },
  };
}

/** @throws UsageError if the report would take the place of its own data, or go where somebody else says */
function refuse(path: string, source: string | undefined, trusted: ReadonlySet<number> | undefined): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  const [target, read] = [path, source].map((name) => name && statSync(name, { throwIfNoEntry: false }));
  const isSource = target && read && target.dev === read.dev && target.ino === read.ino;
  const isForeign = trusted !== undefined && !trusted.has(found.uid);
  if (!isSource && !isForeign) return;
  throw new UsageError({
    code: 'report-file',
    what: `the report is not written to ${path}`,
    why: isSource ? '--from reads that file' : `it belongs to user ${found.uid}, not to you or root`,
    next: 'give --report another file',
  });
}

function replaceFile(path: string, text: string, mode: number): void {
  const draft = `${path}.new-${process.pid}`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    chmodSync(draft, mode & 0o777);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
