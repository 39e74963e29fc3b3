/** Runs one program in the host for the lab, as an administrator at the console would. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { text } from 'node:stream/consumers';

export interface ExecRequest {
  readonly argv: readonly string[];
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly cwd?: string | undefined;
  readonly env: Record<string, string>;
  readonly input?: string | undefined;
}

export interface ExecResult {
  /** 128 + signal for a death by signal, 127 if the program cannot be started. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function execInHost({ argv, input = '', ...options }: ExecRequest): Promise<ExecResult> {
  const [file = '', ...args] = argv;
  try {
    // An own session: Ctrl-C at the lab's terminal is not for the host.
    const child = spawn(file, args, { cwd: '/', ...options, detached: true });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const [stdout, stderr, [code, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null, NodeJS.Signals]>,
    ]);
    return { code: code ?? 128 + constants.signals[signal], stdout, stderr };
  } catch (error) {
    return { code: 127, stdout: '', stderr: `${(error as Error).message}\n` };
  }
}
