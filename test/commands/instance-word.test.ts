// One instance by a name: the Name tag first, then the host's own name; several are listed, and none is guessed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hosts, id } from '../fleet/push-rig.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

const [ONE, TWO, THREE, GONE] = [id(0), id(1), id(2), id(3)];

test('instance word: a name is the instance that has it; several or none are told with their ids', async (context) => {
  const specs = hosts({}, {}, {}, { outcome: 'Offline' }).map((spec, at) => ({
    ...spec,
    name: ['ip-10-0-0-1.eu-west-1.compute.internal', 'ip-10-0-0-2', 'ip-10-0-0-3', 'ip-10-0-0-4'][at] ?? '',
    tags: { Name: ['shop', 'api', 'api', 'shop'][at] ?? '' },
  }));
  const lab = await startTestLab(context, { hosts: specs });
  const ask = (command: string, word: string) =>
    runCli([command, word, ...(command === 'doctor' ? ['--no-send', '--output', 'json'] : [])], lab.env);
  // The offline one is an ended instance, whose place and name another one took.
  for (const [word, meant] of [
    ['shop', ONE],
    ['ip-10-0-0-1', ONE],
    ['ip-10-0-0-3', THREE],
    [GONE, GONE],
  ] as const) {
    const { stdout, stderr } = await ask('doctor', word);
    assert.equal(JSON.parse(stdout).instanceId, meant, `${word} ${stderr}`);
  }
  for (const command of ['doctor', 'measure']) {
    const several = await ask(command, 'api');
    assert.equal(several.status, 1);
    assert.match(several.stderr, /2 instances have the name "api"/);
    assert.match(several.stderr, new RegExp(`${TWO} \\(ip-10-0-0-2\\), ${THREE} \\(ip-10-0-0-3\\)`));
    assert.match(several.stderr, new RegExp(`next: run {2}ssm-keepalive ${command} ${TWO}`));
    const none = await ask(command, 'ip-10-0-0-5');
    assert.equal(none.status, 1);
    assert.match(none.stderr, /no instance has the name "ip-10-0-0-5"/);
    assert.match(none.stderr, new RegExp(`did you mean {2}ssm-keepalive ${command} ip-10-0-0-`));
  }
  const asked = new Set(lab.requests.map(({ operation }) => operation));
  assert.ok(!asked.has('SendCommand') && !asked.has('StartSession'), [...asked].join(' '));
});
