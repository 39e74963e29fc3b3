import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
}

/**
 * Runs a test file in a process of its own, only the tests whose name fits `pattern`: how a fault is seen to be noticed.
 * `wrap` puts something in front of its command line.
 */
export function runTests(
  file: URL,
  pattern: string,
  env: Readonly<Record<string, string>>,
  wrap: readonly string[] = [],
): Promise<Outcome> {
  const path = fileURLToPath(file);
  const args = ['--import', 'tsx', '--test', '--test-reporter=tap', `--test-name-pattern=${pattern}`, path];
  // A runner inside a runner would report to the outer one.
  const { NODE_TEST_CONTEXT: _, ...own } = process.env;
  const [command = '', ...rest] = [...wrap, process.execPath, ...args];
  const child = spawn(command, rest, { env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return new Promise((resolve) => {
    child.on('close', () => {
      const count = (word: string) => Number(new RegExp(`^# ${word} (\\d+)`, 'm').exec(output)?.[1] ?? -1);
      resolve({ passed: count('pass'), failed: count('fail'), output });
    });
  });
}
