import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knowsShellProfile } from '../../src/lab/agent-version.ts';

for (const [version, expected] of [
  ['3.0.161.0', true],
  ['3.3.1611.0', true],
  ['3.0.1181.0', true],
  ['3.0.151.0', false],
  ['2.3.978.0', false],
] as const) {
  test(`lab: an agent ${version} types ${expected ? 'a' : 'no'} shell profile`, () => {
    assert.equal(knowsShellProfile(version), expected);
  });
}
