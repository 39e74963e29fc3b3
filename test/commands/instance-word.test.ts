// One instance by a name: the Name tag counts; several are listed, and none is guessed, nor taken by its host name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hosts, id } from '../fleet/push-rig.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';
import { Seat } from './seat.ts';

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
    assert.match(none.stderr, new RegExp(`did you mean ip-10-0-0-\\d: {2}ssm-keepalive ${command} i-`));
    const far = await ask(command, 'zzzzzzzzzz');
    assert.match(far.stderr, new RegExp(`next: give its id, as in {2}ssm-keepalive ${command} i-0`));
    // What an instance calls itself, which it may have taken from another.
    for (const [claimed, by] of [
      ['ip-10-0-0-1', ONE],
      ['ip-10-0-0-3', THREE],
    ] as const) {
      const refused = await ask(command, claimed);
      assert.equal(refused.status, 1);
      assert.match(
        refused.stderr,
        new RegExp(`no instance has the tag Name=${claimed}\\n.*no host name is taken: ${by} `),
      );
      assert.match(
        refused.stderr,
        new RegExp(`if that is the one you mean, run {2}ssm-keepalive ${command} ${by}`),
      );
    }
  }
  const asked = new Set(lab.requests.map(({ operation }) => operation));
  assert.ok(!asked.has('SendCommand') && !asked.has('StartSession'), [...asked].join(' '));
});

test('connect: at a terminal, too, a name that several have opens no session and is told with the list of them', async (context) => {
  const specs = hosts({}, {}, {}).map((spec, at) => ({
    ...spec,
    name: `ip-10-0-0-${at}`,
    tags: { Name: ['shop', 'api', 'api'][at] ?? '' },
  }));
  const lab = await startTestLab(context, { hosts: specs });
  for (const words of [['api'], ['--target', 'api']]) {
    const seat = new Seat(context, [...words, '--client', 'own'], lab.env, 120);
    const { status, words: told } = await seat.left();
    assert.equal(status, 1);
    assert.match(
      told.replace(/\s+/g, ' '),
      new RegExp(
        `2 instances have the name "api" why: ${TWO} \\(ip-10-0-0-1\\), ${THREE} \\(ip-10-0-0-2\\) next: run ssm-keepalive connect ${TWO} `,
      ),
    );
  }
  assert.ok(!lab.requests.some(({ operation }) => operation === 'StartSession'));
});

test('instance word: status, install and uninstall take ids and names, and each name must be there', async (context) => {
  const specs = hosts({}, {}, {}).map((spec, at) => ({
    ...spec,
    name: `ip-10-0-0-${at}.eu-west-1.compute.internal`,
    tags: { Name: ['shop', 'api', 'api'][at] ?? '' },
  }));
  const lab = await startTestLab(context, { hosts: specs, timeoutScale: 0.02 });
  const run = (line: string) => runCli(line.split(' '), lab.env);
  for (const [line, meant] of [
    ['status shop api', [ONE, TWO, THREE]],
    [`status ${ONE},${TWO}`, [ONE, TWO]],
    ['install api --dry-run', [TWO, THREE]],
    ['install --no-restart shop', [ONE]],
    ['uninstall shop', [ONE]],
  ] as const) {
    const { stdout, stderr } = await run(`${line} --output json`);
    const { instances } = JSON.parse(stdout) as { instances: { instanceId: string }[] };
    assert.deepEqual(instances.map(({ instanceId }) => instanceId).sort(), [...meant].sort(), line + stderr);
  }
  const sent = () => lab.requests.filter(({ operation }) => operation === 'SendCommand').length;
  const before = sent();
  // The service would take shop and be silent about the others.
  for (const verb of ['status', 'install', 'uninstall --dry-run']) {
    const one = await run(`${verb} shop shpo`);
    assert.equal(one.status, 1);
    assert.match(
      one.stderr,
      /no instance matched shpo\n {2}why: .*the name "shpo"; nearest are shop \(1 instance\), api \(2 instances\)\n {2}next: look with/s,
    );
    // Alone it is no command that reaches nobody; what was named already is no advice.
    const alone = await run(`${verb} shpo`);
    assert.match(alone.stderr, /has the name "shpo"; .*next: did you mean shop\?/s);
    const host = await run(`${verb} shop ip-10-0-0-1`);
    assert.match(host.stderr, new RegExp(`claimed by ${TWO}\\n {2}next: .*--instance-id ${TWO}\\n`));
  }
  assert.equal(sent(), before);
});
