import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundleOf } from '../support/bundle.ts';
import { formatOf, runPython, sha256, skipWithout } from '../support/formats.ts';

const CLOUD_INIT = '/usr/bin/cloud-init';
const skip = skipWithout(CLOUD_INIT);
const bundle = bundleOf();
const URL = 's3://bucket/installer.sh?x={{ds.meta}}&y=$(id)';
const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-cloud-init-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

for (const [name, url] of [
  ['whole', undefined],
  ['with --url', URL],
] as const) {
  test(`cloud-init: its own schema has nothing to say (${name})`, { skip }, () => {
    const path = join(folder, 'user-data');
    writeFileSync(path, formatOf('cloud-init', bundle, url));
    const { stdout, stderr, status } = spawnSync(CLOUD_INIT, ['schema', '--config-file', path], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^Valid/m);
  });
}

/** What cloud-init's own code makes of the file that a config writes, and of its runcmd. */
const READ = `
import sys, json, hashlib
from cloudinit import util
from cloudinit.config import cc_write_files
config = util.load_yaml(sys.stdin.read())
[file] = config['write_files']
data = cc_write_files.extract_contents(file['content'], cc_write_files.canonicalize_extraction(file['encoding']))
print(json.dumps({'path': file['path'], 'sum': hashlib.sha256(data if isinstance(data, bytes) else data.encode()).hexdigest(),
  'mode': file['permissions'], 'script': util.shellify(config['runcmd'])}))
`;

test('cloud-init: what its own code writes is the script that install sends, and what it runs is that file', {
  skip,
}, () => {
  const whole = JSON.parse(runPython(READ, formatOf('cloud-init', bundle)));
  assert.equal(whole.sum, sha256(bundle.installer));
  assert.equal(whole.mode, '0700');
  assert.match(whole.script, new RegExp(`^'sh' '${whole.path}'$`, 'm'));
  const fetching = JSON.parse(runPython(READ, formatOf('cloud-init', bundle, URL)));
  assert.equal(fetching.sum, sha256(formatOf('user-data', bundle, URL)));
});

/** How cloud-init joins two parts of one user data. */
const MERGE = `
import sys, json
from cloudinit import mergers, util
theirs = util.load_yaml('write_files: [{path: /theirs}]\\nruncmd: [theirs]\\n')
ours = util.load_yaml(sys.stdin.read())
merged = mergers.construct(mergers.dict_extract_mergers(ours) or mergers.string_extract_mergers(ours['merge_how'])).merge(theirs, ours)
print(json.dumps([len(merged['write_files']), [str(each) for each in merged['runcmd']]]))
`;

test('cloud-init: parts before this one keep their files and commands', { skip }, () => {
  const [files, commands] = JSON.parse(runPython(MERGE, formatOf('cloud-init', bundle, URL)));
  assert.equal(files, 2);
  assert.deepEqual([commands.length, commands[0]], [3, 'theirs']);
});
