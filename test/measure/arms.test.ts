import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ARMS, type Arm } from '../../src/session/measure/arms.ts';

test('an arm’s line is one line, short enough for a terminal that reads whole lines', () => {
  for (const [name, { line }] of Object.entries<Arm>(ARMS)) {
    const text = line?.(600) ?? '';
    // The terminal's queue holds 4096 bytes; far below it, a slow shell loses nothing.
    assert.ok(!text.includes('\n') && text.length < 400, name);
  }
});
