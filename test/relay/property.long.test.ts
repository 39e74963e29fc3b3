import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPythons, pathOf, run, writeRelay } from './rendered.ts';

const newest = findPythons().at(-1)!;
const slices = 8;

test('20,000 random schedules leak nothing', async (t) => {
  const relay = writeRelay('relay.py');
  for (let slice = 0; slice < slices; slice += 2) {
    // Two at a time: what the smallest machine has.
    const results = await Promise.all(
      [slice, slice + 1].map((part) =>
        run(newest.path, [
          pathOf('simulate.py'),
          relay,
          '--seed',
          '2',
          '--from',
          String(part * 2500),
          '--count',
          '2500',
        ]),
      ),
    );
    for (const { code, text } of results) {
      assert.equal(code, 0, text);
      t.diagnostic(text.trim());
    }
  }
});
