/** Runs one program in the host for the lab, as an administrator at the console would. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { SERVICE_PATH } from './config.ts';

export interface ExecRequest {
  readonly argv: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly input?: string;
}

export interface ExecResult {
  /** 128 + signal for a death by signal, 127 if the program cannot be started. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function execInHost(request: ExecRequest): Promise<ExecResult> {
  return run(request).catch((error: Error) => ({ code: 127, stdout: '', stderr: `${error.message}\n` }));
}

/** Rejects if the program cannot be started; Node throws some reasons at once (E2BIG). */
function run(request: ExecRequest): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const [file = '', ...args] = request.argv;
    const child = spawn(file, args, {
      cwd: request.cwd ?? '/',
      env: request.env ?? { PATH: SERVICE_PATH, HOME: '/root', LANG: 'C.UTF-8' },
      // An own session: Ctrl-C at the lab's terminal is not for the host.
      detached: true,
      ...(request.uid === undefined ? {} : { uid: request.uid }),
      ...(request.gid === undefined ? {} : { gid: request.gid }),
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({
        code: code ?? 128 + (signal ? constants.signals[signal] : 0),
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(request.input ?? '');
  });
}
