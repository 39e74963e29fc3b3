import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fastFolder } from './sandbox.ts';

const hasFailed = /^ *not ok /m;

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
}

/**
 * Runs a test file in a process of its own, only the tests whose name fits `pattern`: how a fault is seen to be noticed.
 * `wrap` puts something in front of its command line; `untilFailure` ends it at the first test that fails.
 */
export function runTests(
  file: URL,
  pattern: string,
  env: Readonly<Record<string, string>>,
  { wrap = [], untilFailure = false }: { wrap?: readonly string[]; untilFailure?: boolean } = {},
): Promise<Outcome> {
  const path = fileURLToPath(file);
  // Without --test: that runner, ended while its file writes, may look for the rest of the last message for ever.
  const args = ['--import', 'tsx', '--test-reporter=tap', `--test-name-pattern=${pattern}`, path];
  // A runner inside a runner would report to the outer one.
  const { NODE_TEST_CONTEXT: _, ...own } = process.env;
  const [command = '', ...rest] = [...wrap, process.execPath, ...args];
  const folder = untilFailure ? temporaryFolder() : undefined;
  const child = spawn(command, rest, {
    env: { ...own, ...(folder ? { TMPDIR: folder, SSM_KEEPALIVE_TEST_FOLDER: folder } : {}), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (untilFailure && hasFailed.test(output)) child.kill();
    });
  }
  return new Promise((resolve) => {
    child.on('close', () => {
      if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      const count = (word: string) => Number(new RegExp(`^# ${word} (\\d+)`, 'm').exec(output)?.[1] ?? -1);
      const failed = untilFailure && hasFailed.test(output) ? Math.max(1, count('fail')) : count('fail');
      resolve({ passed: count('pass'), failed, output });
    });
  });
}

/** A run that is ended half-way leaves its files. For every user, as /tmp is: some tests change theirs. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(fastFolder(), 'run-'));
  chmodSync(folder, 0o1777);
  return folder;
}
