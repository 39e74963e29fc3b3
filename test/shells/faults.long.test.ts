// Breaks the prompt keeper in every way of support/faults.ts and sees the tests named there fail, and pass without it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { faults } from './support/faults.ts';

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly output: string;
}

function runTests(file: string, pattern: string, env: Readonly<Record<string, string>>): Promise<Outcome> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const args = ['--import', 'tsx', '--test', '--test-reporter=tap', `--test-name-pattern=${pattern}`, path];
  // A runner inside a runner would report to the outer one.
  const { NODE_TEST_CONTEXT: _, ...own } = process.env;
  const child = spawn(process.execPath, args, { env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
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

suite('prompt keeper: faults', { concurrency: 6 }, () => {
  for (const [name, { noticedIn, noticedBy }] of Object.entries(faults)) {
    test(`${name}: noticed by ${noticedIn}`, async () => {
      const sound = await runTests(noticedIn, noticedBy, {});
      assert.ok(sound.passed > 0 && sound.failed === 0, `without the fault:\n${sound.output}`);
      // Short patience: what does not come within seconds will not come.
      const env = { SSM_KEEPALIVE_TEST_FAULT: name, SSM_KEEPALIVE_TEST_PATIENCE_MS: '12000' };
      const broken = await runTests(noticedIn, noticedBy, env);
      assert.ok(broken.failed > 0, `nobody noticed:\n${broken.output}`);
      assert.doesNotMatch(broken.output, /no longer fits/);
    });
  }
});
