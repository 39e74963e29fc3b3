import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMANDS } from '../src/commands/index.ts';
import { describePermissions } from '../src/policy/describe.ts';

const SECURITY = readFileSync(new URL('../SECURITY.md', import.meta.url), 'utf8');

test('SECURITY: the permissions are those of the list that policy prints, no more and no fewer', () => {
  const rows = describePermissions(COMMANDS.map(({ name }) => name)).map(
    ({ action, on, commands, why }) =>
      `| \`${action}\` | ${on} | ${commands.map((name) => `\`${name}\``).join(' ')} | ${why} |`,
  );
  const found = SECURITY.split('\n').filter((line) => /^\| `ssm(messages)?:/.test(line));
  assert.deepEqual(found, rows);
});
