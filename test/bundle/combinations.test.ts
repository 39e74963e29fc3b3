import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkSizes, listCombinations, listLargest } from './combinations.ts';

/** All of them take more than a minute: combinations.long.test.ts. */
const SAMPLES = 24;

test('size: the largest and a sample of all combinations of keeper flags fit into one SendCommand (seeded)', async (t) => {
  const all = listCombinations();
  assert.ok(all.length > 1000);
  const sample = fc.sample(fc.constantFrom(...all), { seed: 20261129, numRuns: SAMPLES });
  const bytes = await checkSizes(listLargest());
  assert.ok((await checkSizes(sample, ['install', 'uninstall', 'status'])) <= bytes);
  t.diagnostic(`${SAMPLES} of ${all.length}; the largest of all ${bytes} bytes`);
});
