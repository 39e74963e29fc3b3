import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface CliResult {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line as a user would, with nothing of this machine's AWS settings. */
export async function runCli(
  args: readonly string[],
  env: Record<string, string> = {},
  options: { timeoutSeconds?: number; cwd?: string } = {},
): Promise<CliResult> {
  const result = await execa(process.execPath, [CLI, ...args], {
    reject: false,
    extendEnv: false,
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true', ...env },
    stdin: 'ignore',
    stripFinalNewline: false,
    ...(options.cwd ? { cwd: options.cwd } : {}),
    timeout: (options.timeoutSeconds ?? 120) * 1000,
  });
  return { status: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}
