import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mirrorFolder } from '../../src/lab/tree.ts';

test('a file of the machine that goes while its folder is mirrored, as under a package manager, is left out', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-tree-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const source = join(folder, 'bin');
  mkdirSync(source);
  for (const name of ['a', 'b.dpkg-new', 'c']) writeFileSync(join(source, name), '');
  mirrorFolder(source, '/base', join(folder, 'mirror'), (name) => {
    if (name === 'a') rmSync(join(source, 'b.dpkg-new'));
    return false;
  });
  assert.deepEqual(readdirSync(join(folder, 'mirror')), ['a', 'c']);
});
