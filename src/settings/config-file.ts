import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { refuse, UsageError } from '../errors.ts';
import { nearestName } from '../nearest.ts';
import { describeSystemError } from '../system-error.ts';
import { quoteCommand } from '../terminal/shell-word.ts';
import type { FileEntry } from './config-entries.ts';
import { readTexts } from './config-values.ts';
import {
  FLAGS,
  type Flag,
  type FlagName,
  flagOf,
  nameOfSpelling,
  variableName,
  withDashes,
} from './flags.ts';
import { findForeign } from './foreign-file.ts';
import { refuseRemoved } from './removed-flags.ts';

/** The setting of one flag in the file: texts as they would be typed; a switch as `true` or `false`. */
export interface FileSetting {
  readonly texts: readonly string[];
  readonly line: number;
  /** As the file spells the flag. */
  readonly key: string;
}

export interface ConfigFile {
  readonly path: string;
  /** The user named it, with --config or its variable. False: it was found in the working folder. */
  readonly isNamed: boolean;
  readonly settings: ReadonlyMap<FlagName, FileSetting>;
}

/** A found file is read by every command in that folder, and at every TAB. */
const LARGEST_FOUND_BYTES = 64 * 1024;
const LARGEST_BYTES = 1024 * 1024;

/** The one command that has a flag of this name. */
type OwnerOf = (flag: string) => string | undefined;

/** Searched in the working folder alone: nobody would see that a file of a parent folder applies. */
export const FILE_NAMES = ['json', 'yaml', 'yml'].map((ending) => `ssm-keepalive.config.${ending}`);

/**
 * The file of --config or SSM_KEEPALIVE_CONFIG, else the one in `folder`; undefined: there is none, or `none` was given.
 * @throws UsageError naming file, line and key
 */
export async function openConfigFile(
  typed: unknown,
  environment: NodeJS.ProcessEnv,
  folder: string,
  ownerOf: OwnerOf = () => undefined,
): Promise<ConfigFile | undefined> {
  const [given, ...others] = [typed ?? []].flat();
  refuse(others.length > 0, {
    what: '--config was given several times',
    why: 'it takes one value',
    next: 'give --config once',
  });
  const named = given === undefined ? environment[variableName('config')] : String(given);
  if (named === 'none') return undefined;
  if (named !== undefined && named !== '')
    return readConfigFile(resolve(folder, named), named, true, ownerOf);
  const found = FILE_NAMES.filter((name) => isFile(folder, name));
  const [name, other] = found;
  if (name === undefined) return undefined;
  if (other !== undefined) {
    throw new UsageError({
      code: 'bad-config-file',
      what: `this folder has ${name} and ${other}`,
      why: 'only one config file is read',
      next: quoteCommand`remove one, or say which: --config ${name}`,
    });
  }
  const foreign = readable(name, () => findForeign(join(folder, name), environment));
  if (foreign) throw notTrusted(name, foreign);
  if (readable(name, () => statSync(join(folder, name)).size) > LARGEST_FOUND_BYTES)
    throw notTrusted(name, `it is larger than ${LARGEST_FOUND_BYTES / 1024} KiB`);
  return readConfigFile(join(folder, name), name, false, ownerOf);
}

async function readConfigFile(
  path: string,
  shown: string,
  isNamed: boolean,
  ownerOf: OwnerOf,
): Promise<ConfigFile> {
  const { readEntries } = await import('./config-entries.ts');
  const settings = new Map<FlagName, FileSetting>();
  for (const entry of await readEntries(readText(path, shown), shown)) {
    // Editors read the address of the schema here.
    if (entry.key === '$schema') continue;
    const flag = findFlag(entry, shown, ownerOf);
    refuse(!isNamed && !flag.inFoundFile, {
      code: 'bad-config-file',
      what: `${shown}:${entry.line}: ${flag.name} is not allowed in a file that was only found`,
      why: 'a config file that you did not name may only say where, who and how to print',
      next: quoteCommand`name the file: --config ${shown}; or say --${flag.name} and take it out of the file`,
    });
    const other = settings.get(flag.name);
    if (other) throw twoSpellings(other, entry, shown);
    settings.set(flag.name, { texts: readTexts(flag, entry, shown), line: entry.line, key: entry.key });
  }
  return { path: shown, isNamed, settings };
}

/** No file can be found in a folder that you may not search. */
function isFile(folder: string, name: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
  } catch {
    return false;
  }
  return readable(name, () => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === true);
}

/** @throws UsageError with the reason in words */
function readable<T>(shown: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      {
        code: 'bad-config-file',
        what: `${shown} cannot be read`,
        why:
          code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
            ? 'it is not UTF-8 text'
            : error instanceof RangeError
              ? error.message
              : describeSystemError(error),
        next: 'give --config the name of a JSON or YAML file, or none',
      },
      { cause: error },
    );
  }
}

function readText(path: string, shown: string): string {
  return readable(shown, () => new TextDecoder('utf-8', { fatal: true }).decode(readBounded(path)));
}

/** A device or a pipe has no size beforehand. @throws RangeError */
function readBounded(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const parts: Buffer[] = [];
    for (let total = 0; ; ) {
      const part = Buffer.alloc(64 * 1024);
      const size = readSync(file, part);
      if (size === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, size));
      total += size;
      if (total > LARGEST_BYTES) throw new RangeError(`it is larger than ${LARGEST_BYTES / 1024} KiB`);
    }
  } finally {
    closeSync(file);
  }
}

/** If others can write to the folder, their file would decide how your credentials are used. */
function notTrusted(shown: string, why: string): UsageError {
  return new UsageError({
    code: 'bad-config-file',
    what: `${shown} in this folder is not trusted`,
    why,
    next: quoteCommand`read it, then name it: --config ${shown}; or go without: --config none`,
  });
}

function findFlag(entry: FileEntry, path: string, ownerOf: OwnerOf): Flag {
  const spelled = entry.key.length > 1 ? nameOfSpelling(withDashes(entry.key)) : undefined;
  if (spelled !== undefined && spelled !== 'config') return flagOf(spelled);
  const removed = refuseRemoved(entry.key, `${path}:${entry.line}: ${entry.key}`);
  if (removed) throw removed;
  const nearest = nearestName(
    entry.key,
    FLAGS.map(({ name }) => name).filter((name) => name !== 'config'),
  );
  const command = ownerOf(entry.key);
  throw new UsageError({
    code: 'bad-config-file',
    what: `${path}:${entry.line}: there is no key ${JSON.stringify(entry.key)}`,
    why:
      entry.key === 'config'
        ? 'a config file names no other'
        : command
          ? `--${entry.key} is a flag of ${command} alone, for its command line`
          : 'keys are the names of flags, without the dashes in front',
    next: nearest && !command ? `did you mean ${nearest}?` : 'leave it out',
  });
}

function twoSpellings(other: FileSetting, { key, line }: FileEntry, path: string): UsageError {
  return new UsageError({
    code: 'bad-config-file',
    what: `${path}:${line}: ${key} is what ${other.key} in line ${other.line} says`,
    why: 'both are names of one flag',
    next: 'put them together under one of the two names',
  });
}
