import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { wireCommands } from '../../src/bundle/index.ts';
import { bundleOf } from '../support/bundle.ts';
import { formatOf, runPython, skipWithout } from '../support/formats.ts';

const skip = skipWithout('/usr/bin/ansible-playbook');
const bundle = bundleOf();
const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-ansible-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const PLAY = '- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.import_tasks: tasks.yml\n';

test('ansible: --syntax-check has nothing to say about the tasks', { skip }, () => {
  writeFileSync(join(folder, 'tasks.yml'), formatOf('ansible', bundle));
  writeFileSync(join(folder, 'play.yml'), PLAY);
  const { stdout, stderr, status } = spawnSync(
    '/usr/bin/ansible-playbook',
    ['-i', 'localhost,', '--syntax-check', join(folder, 'play.yml')],
    { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', HOME: folder, LC_ALL: 'C.UTF-8' } },
  );
  assert.equal(status, 0, stdout + stderr);
  assert.equal(stderr, '');
});

/** The two scripts as Ansible's own loader reads them. */
const READ = `
import sys, json
from ansible.parsing.dataloader import DataLoader
variables = DataLoader().load(sys.stdin.read())[0]['vars']
print(json.dumps([variables['ssm_keepalive_installer'], variables['ssm_keepalive_look'], variables['ssm_keepalive_digest']]))
`;

test('ansible: what its own loader reads are the very texts that SendCommand would carry', { skip }, () => {
  assert.deepEqual(JSON.parse(runPython(READ, formatOf('ansible', bundle))), [
    `${wireCommands('install', bundle).join('\n')}\n`,
    `${wireCommands('status', bundle).join('\n')}\n`,
    bundle.digest,
  ]);
});
