import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_WIRE_BYTES } from '../../src/bundle/wire.ts';
import { checkSizes, listCombinations, listLargest } from './combinations.ts';

test('size: every combination of keeper flags fits into one SendCommand; the short test knows the largest', async (t) => {
  const all = listCombinations();
  const bytes = await checkSizes(all);
  t.diagnostic(`${all.length} combinations, the largest ${bytes} of ${MAX_WIRE_BYTES} bytes`);
  // More text may pack a few bytes smaller.
  assert.ok(bytes - (await checkSizes(listLargest())) < 100);
});
