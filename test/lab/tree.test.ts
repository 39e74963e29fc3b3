import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mirrorFolder } from '../../src/lab/tree.ts';

test('a file of the machine that goes while its folder is mirrored, as under a package manager, stops nothing', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-tree-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const source = join(folder, 'bin');
  mkdirSync(source);
  for (const name of ['a', 'c']) writeFileSync(join(source, name), '');
  symlinkSync('c', join(source, 'b.dpkg-new'));
  const dropped = Object.assign(/^$/, {
    test() {
      rmSync(join(source, 'b.dpkg-new'), { force: true });
      return false;
    },
  });
  mirrorFolder(source, '/base', join(folder, 'mirror'), dropped);
  assert.deepEqual(readdirSync(join(folder, 'mirror')), ['a', 'b.dpkg-new', 'c']);
});

test('a mirror is made again where the folder has changed, or other names are to be left out, and not otherwise', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-tree-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const source = join(folder, 'bin');
  const mirror = join(folder, 'mirror');
  mkdirSync(source);
  for (const name of ['a', 'b']) writeFileSync(join(source, name), '');
  mirrorFolder(source, '/base', mirror, /^x$/);
  writeFileSync(join(mirror, 'ours'), '');
  mirrorFolder(source, '/base', mirror, /^x$/);
  assert.deepEqual(readdirSync(mirror), ['a', 'b', 'ours']);
  mirrorFolder(source, '/base', mirror, /^b$/);
  assert.deepEqual(readdirSync(mirror), ['a']);
  writeFileSync(join(source, 'c'), '');
  utimesSync(source, 1, 1);
  mirrorFolder(source, '/base', mirror, /^b$/);
  assert.deepEqual(readdirSync(mirror), ['a', 'c']);
});
