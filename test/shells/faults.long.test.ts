// Breaks the prompt keeper in every way of support/faults.ts and sees the tests named there fail, and pass without it.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { runTests } from '../support/run-tests.ts';
import { faults } from './support/faults.ts';
import { type PromptFile, renderPrompt } from './support/render.ts';

/** Among the rows of each day is one that notices (testInTurns): those are run here. */
const slice = { SSM_KEEPALIVE_TEST_LONG: '' };

const texts = (file: PromptFile) => renderPrompt(file, { intervalSeconds: 1, maxIdleSeconds: 1 });

suite('prompt keeper: faults', { concurrency: 6 }, () => {
  for (const [name, { file: changed, from, noticedIn, noticedBy }] of Object.entries(faults)) {
    test(`${name}: noticed by ${noticedIn}`, async () => {
      assert.ok(texts(changed).includes(from), `it no longer fits ${changed}`);
      const file = new URL(noticedIn, import.meta.url);
      const sound = await runTests(file, noticedBy, slice);
      assert.ok(sound.passed > 0 && sound.failed === 0, `without the fault:\n${sound.output}`);
      // Short patience: what does not come within seconds will not come.
      const env = { ...slice, SSM_KEEPALIVE_TEST_FAULT: name, SSM_KEEPALIVE_TEST_PATIENCE_MS: '12000' };
      const broken = await runTests(file, noticedBy, env, { untilFailure: true });
      assert.ok(broken.failed > 0, `nobody noticed:\n${broken.output}`);
    });
  }
});
