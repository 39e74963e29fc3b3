// Looks at processes through /proc, as status does. A zombie counts as gone.
import { readdirSync, readFileSync } from 'node:fs';

function readProc(pid: number | string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** The letter of /proc/PID/stat, empty when there is no such process. */
export const stateOf = (pid: number): string => readProc(pid, 'stat').replace(/^.*\) /s, '')[0] ?? '';

export function isRunning(pid: number): boolean {
  return !['', 'Z', 'X'].includes(stateOf(pid));
}

export const parentOf = (pid: number): number =>
  Number(
    readProc(pid, 'stat')
      .replace(/^.*\) . /s, '')
      .split(' ')[0],
  );

export const commandLine = (pid: number): string[] => readProc(pid, 'cmdline').split('\0').slice(0, -1);

function findByArgv(isWanted: (argv: readonly string[]) => boolean): number[] {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isWanted(commandLine(pid)) && isRunning(pid));
  // Between fork and exec its sleep and stty have its argv too.
  return found.filter((pid) => !found.includes(parentOf(pid)));
}

export const nameOf = (pid: number): string => readProc(pid, 'comm').trim();

/** The helpers that keep this shell: by argv, which is how anyone can recognise them. */
export const findHelpers = (shellPid: number): number[] =>
  findByArgv((argv) => argv[1]?.endsWith('/prompt-helper.sh') === true && argv[2] === String(shellPid));

/** Every helper that was started from this folder, whichever shell it keeps. */
export const findHelpersOf = (folder: string): number[] =>
  findByArgv((argv) => argv[1] === `${folder}/prompt-helper.sh`);

const listChildren = (pid: number): string => readProc(pid, `task/${pid}/children`);

/** Read until it is twice the same: while a child ends, the kernel may leave another one out. */
export function childrenOf(pid: number): number[] {
  let [before, now] = ['', listChildren(pid)];
  while (before !== now) [before, now] = [now, listChildren(pid)];
  return now.trim().split(' ').filter(Boolean).map(Number);
}

/** Every process below `pid`. A look at all of /proc costs 200 times as much, and tests poll. */
export const descendantsOf = (pid: number): number[] =>
  childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
