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

export const commandLine = (pid: number): string[] => readProc(pid, 'cmdline').split('\0').slice(0, -1);

/** The helpers that keep this shell: by argv, which is how anyone can recognise them. */
export function findHelpers(shellPid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const argv = commandLine(pid);
      return (
        argv[1]?.endsWith('/prompt-helper.sh') === true && argv[2] === String(shellPid) && isRunning(pid)
      );
    });
}

/** Every helper that was started from this folder, whichever shell it keeps. */
export function findHelpersOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => commandLine(pid)[1] === `${folder}/prompt-helper.sh` && isRunning(pid));
}

export function childrenOf(pid: number): number[] {
  return readProc(pid, `task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
}
