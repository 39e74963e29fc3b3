import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { foldersBelow } from '../../src/lab/folders.ts';
import { makeFolder } from './test-lab.ts';

test('folders: what a link leads to is left out, also where it leads upwards or out', () => {
  const folder = makeFolder();
  mkdirSync(join(folder, 'var/log'), { recursive: true });
  symlinkSync('/', join(folder, 'var/run'));
  symlinkSync('..', join(folder, 'var/log/up'));
  assert.deepEqual([...foldersBelow(folder)], [join(folder, 'var'), join(folder, 'var/log')]);
});

test('folders: the lab walks no tree in the way that follows links from Node 22 on', () => {
  const source = fileURLToPath(new URL('../../src/lab/', import.meta.url));
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith('.ts'))
      assert.doesNotMatch(
        readFileSync(join(source, name), 'utf8'),
        /readdirSync\([^)]*recursive: true/,
        name,
      );
});
