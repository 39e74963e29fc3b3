import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ARMS } from '../../src/session/measure/arms.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

for (const { name, describe } of ARMS) {
  test(`README: the arm ${name} is described as the report does`, () => {
    assert.ok(README.includes(`| \`${name}\` | ${describe} |`), `| \`${name}\` | ${describe} |`);
  });
}

test('an arm’s line is one line, short enough for a terminal that reads whole lines', () => {
  for (const { name, line } of ARMS) {
    const text = line?.(600) ?? '';
    // The terminal's queue holds 4096 bytes; far below it, a slow shell loses nothing.
    assert.ok(!text.includes('\n') && text.length < 400, name);
  }
});
