/** Starts, finds and ends a lab in a background process. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, systemClock } from '../clock.ts';
import { UserError } from '../errors.ts';
import { programArgs } from '../own-program.ts';
import type { Credentials } from './door.ts';
import type { Guard } from './guard.ts';
import type { Lab } from './lab.ts';
import { defaultLabDir, type LabOptions } from './options.ts';
import { LabInUseError, type LabState, readState, takeFolder } from './ownership.ts';
import { signalProcess } from './signal-process.ts';

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 10_000;
const POLL_MS = 25;

/** The background lab if it runs, else one in this process with the same hosts. */
export interface OpenLab {
  readonly endpoint: string;
  readonly credentials: Credentials;
  /** Ends what openLab started; a background lab goes on. */
  close(): Promise<void>;
}

/** Most commands ask for the state of a lab alone, so a lab's own modules are loaded only where one starts. */
export async function startLab(options: LabOptions, guard?: Guard): Promise<Lab> {
  const lab = await import('./lab.ts');
  return lab.startLab(options, guard);
}

export async function openLab(options: Partial<LabOptions> = {}): Promise<OpenLab> {
  const dir = options.dir ?? defaultLabDir();
  const running = await labStatus(dir);
  if (running !== undefined) return { ...running, close: async () => {} };
  const lab = await startLab({ ...options, dir });
  return { endpoint: lab.endpoint, credentials: lab.credentials, close: () => lab.stop() };
}

/** The lab that runs in `dir`, or undefined; waits for one that is just starting. */
export async function labStatus(dir: string = defaultLabDir()): Promise<LabState | undefined> {
  const limit = systemClock.now() + START_LIMIT_MS;
  for (;;) {
    const state = readState(dir);
    if (state === undefined || state.endpoint !== '') return state;
    if (systemClock.now() > limit) return undefined;
    await sleep(systemClock, POLL_MS);
  }
}

/** Resolves when the lab answers. @throws LabInUseError */
export async function labUp(options: Partial<Omit<LabOptions, 'clock'>> = {}): Promise<LabState> {
  const dir = options.dir ?? defaultLabDir();
  const running = await labStatus(dir);
  if (running !== undefined) throw new LabInUseError(dir, running);
  takeFolder(dir);
  const logPath = join(dir, 'lab.log');
  const log = openSync(logPath, 'w', 0o600);
  const child = spawn(
    process.execPath,
    [...programArgs(import.meta.url, './daemon.ts', 'lab-daemon.js'), JSON.stringify({ ...options, dir })],
    { detached: true, stdio: ['ignore', log, log], cwd: '/' },
  );
  closeSync(log);
  const limit = systemClock.now() + START_LIMIT_MS;
  let hasEnded = false;
  for (const event of ['exit', 'error'])
    child.once(event, () => {
      hasEnded = true;
    });
  for (;;) {
    const state = readState(dir);
    if (state !== undefined && state.endpoint !== '') {
      child.unref();
      return state;
    }
    if (hasEnded || systemClock.now() > limit) {
      child.kill('SIGKILL');
      throw new UserError({
        code: 'lab-start',
        what: 'the lab did not start',
        why: readFileSync(logPath, 'utf8').trim().split('\n').at(-1) || 'it said nothing',
        next: `read ${logPath}, or start it with  ssm-keepalive lab up --foreground`,
      });
    }
    await sleep(systemClock, POLL_MS);
  }
}

/** Ends the background lab with every process of its hosts; false when none ran. */
export async function labDown(dir: string = defaultLabDir()): Promise<boolean> {
  const state = readState(dir);
  if (state === undefined) return false;
  signalProcess(state.pid, 'SIGTERM');
  const limit = systemClock.now() + STOP_LIMIT_MS;
  while (readState(dir) !== undefined) {
    // This ends its hosts too: every sandbox has --die-with-parent.
    if (systemClock.now() > limit) signalProcess(state.pid, 'SIGKILL');
    await sleep(systemClock, POLL_MS);
  }
  return true;
}
