import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { labStatus, startLab } from '../../src/lab/index.ts';
import { startSession } from '../session/dialogue.ts';
import { makeClient, makeFolder, runOn, useLab } from './test-lab.ts';

const ID = 'i-0eeeeeeeeeeeeeee3';
const hosts = [{ name: 'tree', id: ID, tags: {} }];

test('without a sandbox a host is a file tree: scripts get SSM_KEEPALIVE_ROOT, and the lab says what it cannot show', async () => {
  const dir = makeFolder();
  const lab = await useLab({ dir, hosts, isolation: 'rooted', consistencySeconds: 0 });
  const tree = join(dir, 'hosts/tree/tree');
  const got = await runOn(makeClient(lab), ID, [
    'echo mark >"$SSM_KEEPALIVE_ROOT/opt/mark"; echo "$SSM_KEEPALIVE_ROOT"',
  ]);
  assert.equal(got.StandardOutputContent, `${tree}\n`);
  assert.equal(readFileSync(join(tree, 'opt/mark'), 'utf8'), 'mark\n');
  assert.ok(existsSync(join(tree, 'etc/systemd/system/amazon-ssm-agent.service')));
  assert.equal(lab.host('tree').kind, 'rooted');
  assert.ok((await labStatus(dir))?.notFaithful.includes('rooted'));
  const talk = await startSession(makeClient(lab), ID);
  assert.equal(await talk.ask('echo $((40 + 2))'), '42');
  const own = await lab.host('tree').exec(['env']);
  assert.match(own.stdout, new RegExp(`^SSM_KEEPALIVE_ROOT=${tree}$`, 'm'), 'a killed lab would leave it');
  // Of this run alone: others may run this test on the same machine.
  const endless = `sleep 4321.${process.pid}`;
  talk.session.write(`nohup ${endless} >/dev/null 2>&1 &\r`);
  await talk.wait(new RegExp(endless));
  await lab.stop();
  assert.notEqual(spawnSync('pgrep', ['-x', '-f', endless]).status, 0, 'a process of the host outlived it');
});

test('in CI a lab without a sandbox is refused, with what to install', async (context) => {
  const { CI, PATH } = process.env;
  context.after(() => {
    process.env['PATH'] = PATH;
    if (CI === undefined) delete process.env['CI'];
    else process.env['CI'] = CI;
  });
  Object.assign(process.env, { CI: 'true', PATH: '/nowhere' });
  await assert.rejects(startLab({ dir: makeFolder(), hosts }), { code: 'no-sandbox', next: /bubblewrap/ });
});
