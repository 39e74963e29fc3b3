import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadUnit, readEnvironment } from '../../src/lab/machine/unit-file.ts';
import { makeFolder } from './test-lab.ts';

const NAME = 'amazon-ssm-agent.service';
const UNIT = `/etc/systemd/system/${NAME}`;

function loadFrom(files: Record<string, string>) {
  const root = makeFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const environment = readEnvironment(loadUnit(NAME, root), root);
  return environment === undefined ? undefined : Object.fromEntries(environment);
}

test('EnvironmentFile= overrides Environment=, wherever either stands, and a later file an earlier one', () => {
  const environment = loadFrom({
    [UNIT]: '[Service]\nEnvironmentFile=/etc/one\nEnvironmentFile=/etc/two\nEnvironment=A=unit B=unit\n',
    [`${UNIT}.d/z.conf`]: '[Service]\nEnvironment=A=drop-in D=drop-in\n',
    '/etc/one': '# comment\nA=one\nC=one two\n',
    '/etc/two': 'C="from two"\n',
  });
  assert.deepEqual(environment, { A: 'one', B: 'unit', C: 'from two', D: 'drop-in' });
});

test('UnsetEnvironment= goes last, by name or by whole assignment', () => {
  const environment = loadFrom({
    [UNIT]: '[Service]\nUnsetEnvironment=A B=1 C=other\nEnvironment=A=1 B=1 C=1\nEnvironmentFile=/etc/one\n',
    '/etc/one': 'A=file\n',
  });
  assert.deepEqual(environment, { C: '1' });
});

test('an empty EnvironmentFile= forgets those before it; a missing file stops the start unless it has a dash', () => {
  const forget = '[Service]\nEnvironmentFile=/etc/none\nEnvironmentFile=\nEnvironmentFile=-/etc/none\n';
  assert.deepEqual(loadFrom({ [UNIT]: forget }), {});
  assert.equal(loadFrom({ [UNIT]: '[Service]\nEnvironmentFile=/etc/none\n' }), undefined);
});
