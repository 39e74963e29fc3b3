// The sh blocks of the pages: a shell reads each, and runs the lines of ours whose output goes somewhere.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CLI } from './support/cli.ts';

const docs = fileURLToPath(new URL('../docs', import.meta.url));
let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-docs-'));
  for (const path of ['roles/ssm-keepalive/tasks', 'modules/ssm-keepalive'])
    mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, 'ssm-keepalive'), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
  chmodSync(join(folder, 'ssm-keepalive'), 0o755);
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The `sh` blocks of a page, lines that go on in the next joined. */
function blocksOf(page: string): string[] {
  const text = readFileSync(join(docs, page), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = '']) =>
    block.replaceAll('\\\n', ' '),
  );
}

const blocks = readdirSync(docs)
  .filter((name) => name.endsWith('.md'))
  .flatMap(blocksOf);

test('docs: a shell reads every sh block of every page', () => {
  assert.ok(blocks.length > 10, `${blocks.length} blocks`);
  for (const block of blocks) {
    const read = spawnSync('/bin/sh', ['-n'], { input: block, encoding: 'utf8' });
    assert.deepEqual([read.status, read.stderr], [0, ''], block);
  }
});

test('docs: every line of ours that writes a file or a pipe runs in a shell; docs.test.ts runs the others', () => {
  const lines = blocks
    .flatMap((block) => block.split('\n'))
    .filter((line) => /^ssm-keepalive render.* [>|]/.test(line));
  assert.ok(lines.length > 5, `${lines.length} lines`);
  for (const line of lines) {
    const env = { PATH: `${folder}:/usr/bin:/bin`, HOME: folder };
    const { status, stderr } = spawnSync('/bin/sh', ['-c', line], { cwd: folder, encoding: 'utf8', env });
    assert.equal(status, 0, `${line}\n${stderr}`);
    const file = / > (\S+)$/.exec(line)?.[1];
    if (file) assert.ok(statSync(join(folder, file)).size > 1000, line);
  }
});
