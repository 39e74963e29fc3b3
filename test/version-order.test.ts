import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAtLeast } from '../src/version-order.ts';

for (const [version, least, expected] of [
  ['3.0.161.0', '3.0.161.0', true],
  ['3.0.1181.0', '3.0.161.0', true],
  ['3.0.160.9', '3.0.161.0', false],
  ['2.3.978.0', '3.0.161.0', false],
  ['3.1', '3.0.161.0', true],
  ['3.0', '3.0.0.0', true],
  ['', '1.0', false],
  ['latest', '1.0', false],
] as const) {
  test(`${JSON.stringify(version)} is ${expected ? '' : 'not '}at least ${least}`, () => {
    assert.equal(isAtLeast(version, least), expected);
  });
}
