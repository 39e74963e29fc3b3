import assert from 'node:assert/strict';
import { test } from 'node:test';
import { putCommandFirst } from '../../src/cli/argv.ts';

test('usage: a switch takes the words that its variable takes, and no other', () => {
  assert.deepEqual(putCommandFirst(['install', '--dry-run=yes', '--lab=0', '--tag=env=dev']), [
    'install',
    '--dry-run=true',
    '--lab=false',
    '--tag=env=dev',
  ]);
  // Without this `--dry-run=yes` would be read as a no, and sent.
  assert.throws(() => putCommandFirst(['install', '--dry-run=please']), /--dry-run cannot be "please"/);
  assert.throws(() => putCommandFirst(['lab', 'up', '--foreground=']), /--foreground cannot be ""/);
});
