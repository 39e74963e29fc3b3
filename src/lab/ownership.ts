/** One lab per folder. A file names its process by pid and start time, so that a reused pid is not trusted. */
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.ts';
import type { Credentials } from './door.ts';
import type { IdlePolicy } from './options.ts';

export interface LabState {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  readonly startTime: string;
  readonly endpoint: string;
  /** Only the owner can read the file. */
  readonly credentials: Credentials;
  readonly idleSeconds: number;
  readonly maxSeconds?: number | undefined;
  /** How long a minute of a session document lasts. */
  readonly minuteSeconds: number;
  readonly policy: IdlePolicy;
  /** Empty in a full sandbox, `user` without root, `rooted` and more without a sandbox. */
  readonly notFaithful: readonly string[];
}

export class LabInUseError extends UserError {
  constructor(
    readonly dir: string,
    readonly state: LabState,
  ) {
    super({
      code: 'lab-running',
      what: 'there can be one lab in a folder',
      why: `a lab already runs in ${dir} (process ${state.pid}, ${state.endpoint || 'starting'})`,
      next: 'use it with --lab, or stop it with  ssm-keepalive lab down',
    });
  }
}

/** `mkdir -p`. Node's own never returns if a folder refuses entries with ENOENT, as /proc does. */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || existsSync(parent)) throw error;
    makeFolder(parent);
    mkdirSync(path);
  }
}

/** @throws LabInUseError */
export function claimFolder(dir: string): void {
  takeFolder(dir);
  const path = stateFile(dir);
  const draft = `${path}.${process.pid}`;
  const state = {
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? '',
    endpoint: '',
  };
  writeFileSync(draft, JSON.stringify(state), { mode: 0o600 });
  try {
    for (;;) {
      try {
        // A link makes the whole file or fails: of two labs that start at once, one wins.
        linkSync(draft, path);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const owner = readState(dir);
        if (owner !== undefined) throw new LabInUseError(dir, owner);
        rmSync(path, { force: true });
      }
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Closes the folder to other users. @throws UserError if it is another user's, or used for other things */
export function takeFolder(dir: string): void {
  makeFolder(dir);
  const { uid, mode } = statSync(dir);
  const isOurs = process.getuid === undefined || uid === process.getuid();
  const names = isOurs ? readdirSync(dir) : [];
  // With other things in it, such as /tmp, it may be open for a reason, and what has the name of a lab's own would be replaced.
  if (isOurs && (names.includes('inventory.json') || names.every((name) => MADE.test(name)))) {
    if ((mode & 0o077) !== 0) chmodSync(dir, 0o700);
    return;
  }
  throw new UserError({
    code: 'lab-folder',
    what: 'the lab needs a folder of its own',
    why: isOurs ? `${dir} has other files in it` : `${dir} belongs to another user`,
    next: 'name a folder of its own with SSM_KEEPALIVE_LAB_DIR',
  });
}

/** What a lab makes in its folder. */
const MADE = /^(hosts|program(\.\d+)?|lab\.log|(lab|inventory|alarms|records[\w.-]*)\.json(\.[\w.]+)?)$/;

/**
 * Deletes what a lab made in its folder, and the folder if nothing else is in it.
 * @throws UserError if it is another user's, or never was a lab's
 */
export function forgetFolder(dir: string): void {
  if (!existsSync(dir)) return;
  const { uid } = statSync(dir);
  const isOurs = process.getuid === undefined || uid === process.getuid();
  if (!isOurs || !existsSync(join(dir, 'inventory.json')))
    throw new UserError({
      code: 'lab-folder',
      what: 'nothing was deleted',
      why: isOurs ? `${dir} is no folder of a lab` : `${dir} belongs to another user`,
      next: 'name the lab’s own folder with SSM_KEEPALIVE_LAB_DIR',
    });
  for (const name of readdirSync(dir))
    if (MADE.test(name)) rmSync(join(dir, name), { recursive: true, force: true });
  removeIfEmpty(dir);
}

/** Not a link to a folder. */
export function removeIfEmpty(dir: string): void {
  if (lstatSync(dir, { throwIfNoEntry: false })?.isDirectory() && readdirSync(dir).length === 0)
    rmdirSync(dir);
}

export function publishState(dir: string, more: Omit<LabState, 'pid' | 'startTime'>): void {
  const state: LabState = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '', ...more };
  writeFileSync(stateFile(dir), JSON.stringify(state), { mode: 0o600 });
}

export function releaseFolder(dir: string): void {
  rmSync(stateFile(dir), { force: true });
}

/** The live owner of a lab's folder, if there is one. */
export function readState(dir: string): LabState | undefined {
  try {
    const state = JSON.parse(readFileSync(stateFile(dir), 'utf8')) as LabState;
    return startTimeOf(state.pid) === state.startTime ? state : undefined;
  } catch {
    return undefined;
  }
}

function stateFile(dir: string): string {
  return join(dir, 'lab.json');
}

function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie runs nothing any more.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
