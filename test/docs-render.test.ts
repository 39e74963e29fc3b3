// The pages about images and new instances: every `ssm-keepalive` line in them runs, redirections and all.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

for (const page of ['golden-images.md', 'autoscaling.md']) {
  test(`docs/${page}: a shell reads every block, and every line of ours runs`, () => {
    const blocks = blocksOf(page);
    assert.ok(blocks.length > 0);
    for (const block of blocks) {
      const read = spawnSync('/bin/sh', ['-n'], { input: block, encoding: 'utf8' });
      assert.deepEqual([read.status, read.stderr], [0, ''], block);
      for (const line of block.split('\n').filter((each) => each.startsWith('ssm-keepalive '))) {
        const { status, stderr } = spawnSync('/bin/sh', ['-c', line], {
          cwd: folder,
          encoding: 'utf8',
          env: { PATH: `${folder}:/usr/bin:/bin`, HOME: folder },
        });
        assert.equal(status, 0, `${line}\n${stderr}`);
        const file = / > (\S+)$/.exec(line)?.[1];
        if (file) assert.ok(statSync(join(folder, file)).size > 1000, line);
      }
    }
  });
}
