import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { HostSpec, Lab } from '../../src/lab/index.ts';
import { hosts, id, line } from '../fleet/push-rig.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

const PUSH = ['--no-restart', '--output', 'json'];

async function run(lab: Lab, ...argv: string[]) {
  const { status, ...result } = await runCli(argv, lab.env);
  const json = result.stdout.startsWith('{') ? JSON.parse(result.stdout) : undefined;
  return { ...result, exitCode: status, json };
}

const countSent = ({ requests }: Lab) =>
  requests.filter(({ operation }) => operation === 'SendCommand').length;
const startWith = (context: TestContext, specs: HostSpec[]) =>
  startTestLab(context, { hosts: specs, timeoutScale: 0.05 });
const many = (count: number) => hosts(...Array.from({ length: count }, () => ({})));

test('cli: where a command cannot be sent, what failed is named as the verb that was typed', async (context) => {
  const lab = await startWith(context, many(1));
  for (const [verb, words] of [
    ['status', 'the status could not be read'],
    ['install', 'the installer was not sent'],
  ] as const) {
    lab.faults.failNext('SendCommand', 'AccessDeniedException', 1);
    assert.ok((await run(lab, verb, '--tag', 'env=dev')).stderr.includes(`: ${words}\n`), words);
  }
});

test('cli: a tag that no instance has is told before anything is sent', async (context) => {
  const lab = await startWith(context, many(1));
  for (const verb of ['status', 'install', 'install --no-canary', 'install --no-restart', 'uninstall'])
    for (const target of ['--tag env=nowhere', 'nobody', 'nobody nemo']) {
      const { exitCode, stderr } = await run(lab, ...`${verb} ${target}`.split(' '));
      assert.equal(exitCode, 1, verb);
      assert.match(stderr, /no instance matched/, verb);
      assert.doesNotMatch(stderr, /sent:/, verb);
    }
  assert.equal(countSent(lab), 0);
  for (const target of ['--tag Name=host-0,wbe-2 --tag env=dev', '--tag Name=wbe-2 --tag env=dev'])
    for (const verb of ['status', 'install --dry-run']) {
      const { exitCode, stderr } = await run(lab, ...`${verb} ${target}`.split(' '));
      assert.equal(exitCode, 1, `${verb} ${target}`);
      assert.match(stderr, /no instance matched/);
    }
  assert.equal(countSent(lab), 0);
  // Who may not list instances gets the look all the same.
  lab.faults.failNext('DescribeInstanceInformation', 'AccessDeniedException', 1);
  assert.equal((await run(lab, 'status', '--tag', 'env=dev')).json, undefined);
  assert.equal(countSent(lab), 1);
});

test('cli: --all without a terminal and without --yes is refused, and nothing is sent', async (context) => {
  const lab = await startWith(context, many(3));
  const { exitCode, stderr } = await run(lab, 'install', '--all');
  assert.equal(exitCode, 2);
  assert.match(stderr, /install would change all 3 managed Linux instances in us-east-1\n/);
  assert.match(stderr, /look with --dry-run, then add --yes/);
  assert.equal(countSent(lab), 0);
});

test('cli: a dry run says that the command would ask, and why', async (context) => {
  const lab = await startWith(context, many(1));
  const dry = async (flags: string) =>
    (await runCli(`install --dry-run ${flags}`.split(' '), lab.env)).stdout;
  assert.match(await dry('--all'), /^it would ask first: --all has to be confirmed; --yes is the answer/m);
  assert.match(
    await dry('--tag env=dev --confirm-above 0'),
    /^it would ask first: more than --confirm-above 0/m,
  );
  for (const flags of ['--all --yes', '--tag env=dev']) assert.doesNotMatch(await dry(flags), /ask first/);
  const { stderr } = await run(lab, 'install', '--all');
  assert.match(stderr, /install would change the one managed Linux instance in us-east-1\n/);
});

for (const verb of ['install', 'uninstall', 'status'] as const) {
  const asks = verb !== 'status';
  test(`cli: ${verb} --all ${asks ? 'asks first' : 'asks nobody'}, and help, dry run and the run itself say so`, async (context) => {
    const lab = await startWith(context, many(2));
    const shown = async (words: string) => runCli(`${verb} ${words}`.split(' '), lab.env);
    const help = (await shown('--help-all')).stdout;
    assert.match(help, /--all +every managed Linux instance of the account/);
    assert.equal(/--yes|--confirm-above|confirm/.test(help), asks, help);
    const plan = (await shown('--all --dry-run')).stdout;
    assert.match(plan, /^nothing was sent$/m);
    assert.equal(/ask first|confirm|--yes/.test(plan), asks, plan);
    const done = await shown('--all');
    assert.deepEqual([done.status === 2, countSent(lab)], [asks, asks ? 0 : 1], done.stderr);
    assert.equal(/confirm|--yes/.test(done.stdout + done.stderr), asks, done.stderr);
  });
}

test('cli: --all --yes reaches every instance, also more than one command takes', async (context) => {
  const lab = await startWith(context, many(60));
  const { exitCode, json } = await run(
    lab,
    'install',
    '--all',
    '--yes',
    '--max-concurrency',
    '100%',
    ...PUSH,
  );
  assert.equal(exitCode, 0);
  assert.deepEqual(json.summary, { installed: 60 });
});

test('cli: --all in an account without instances is an error, and nobody is reached', async (context) => {
  const lab = await startWith(context, []);
  const { exitCode, stderr } = await run(lab, 'install', '--all', '--yes');
  assert.equal(exitCode, 1);
  assert.match(stderr, /Region us-east-1 of this account has no managed Linux instance/);
  assert.equal(countSent(lab), 0);
});

test('cli: more instances than --confirm-above need --yes; a look at them does not', async (context) => {
  const lab = await startWith(context, many(4));
  const refused = await run(lab, 'uninstall', '--tag', 'env=dev', '--confirm-above', '3');
  assert.equal(refused.exitCode, 2);
  assert.match(refused.stderr, /uninstall would change more than 3 instances in us-east-1\n/);
  assert.equal(countSent(lab), 0);
  assert.equal((await run(lab, 'install', '--tag', 'env=dev', '--confirm-above', '4', ...PUSH)).exitCode, 0);
  await runCli(['status', '--tag', 'env=dev'], { ...lab.env, SSM_KEEPALIVE_CONFIRM_ABOVE: '1' });
  assert.equal(countSent(lab), 2);
});

test('cli: the members of a resource group are reached, and an unknown group is an error', async (context) => {
  const lab = await startWith(
    context,
    many(3).map((spec, index) => ({ ...spec, groups: index < 2 ? ['web'] : [] })),
  );
  const done = await run(lab, 'install', '--resource-group', 'web', '--yes', ...PUSH);
  assert.equal(done.exitCode, 0, done.stderr);
  assert.deepEqual(
    done.json.instances.map(({ instanceId }: { instanceId: string }) => instanceId),
    [id(0), id(1)],
  );
  const none = await run(lab, 'install', '--resource-group', 'nowhere', '--yes', ...PUSH);
  assert.equal(none.exitCode, 1);
  assert.match(none.stderr, /--resource-group nowhere/);
});

test('cli: a resource group has its first instance too, found by a look that changes nothing', async (context) => {
  // One that a look and an install may both report.
  const stdout = line({ verdict: 'skipped' });
  const lab = await startWith(
    context,
    many(3).map((spec) => ({ ...spec, groups: ['web'], synthetic: { stdout, outcome: 'Success' as const } })),
  );
  const { json } = await run(lab, 'install', '--resource-group', 'web', '--yes', '--output', 'json');
  // A look at the group, the first instance alone, then the group.
  assert.equal(countSent(lab), 3);
  assert.equal(json.instances.length, 3);
});

test('cli: failures are counted over all commands of a long list of ids', async (context) => {
  const lab = await startWith(
    context,
    hosts({ outcome: 'Failed', exitCode: 1, stdout: '' }, ...Array(119).fill({})),
  );
  const ids = Array.from({ length: 120 }, (_, n) => id(n));
  const { exitCode, json } = await run(
    lab,
    'install',
    '--instance-id',
    ...ids,
    '--yes',
    '--max-concurrency',
    '1',
    ...PUSH,
  );
  assert.equal(exitCode, 1);
  assert.equal(countSent(lab), 1);
  assert.equal(json.instances.length, 120);
  assert.deepEqual(json.summary, { failed: 120 });
});

for (const [words, complaint] of [
  [['--all', '--tag', 'env=dev'], /--tag and --all were both given/],
  [['--resource-group', 'web', '--instance-id', id(1)], /--instance-id and --resource-group were both given/],
  [['--resource-group', 'no such group'], /--resource-group cannot be "no such group"/],
  [['--tag', 'env=dev', '--confirm-above', 'many'], /--confirm-above cannot be "many"/],
] as const) {
  test(`cli: \`install ${words.join(' ')}\` is bad usage`, async () => {
    const { status, stderr } = await runCli(['install', ...words]);
    assert.equal(status, 2);
    assert.match(stderr, complaint);
  });
}

test('cli: a question ends with a space before the answer, also where its line is broken', async (context) => {
  const lab = await startWith(context, many(2));
  for (let errColumns = 40; errColumns <= 120; errColumns += 5) {
    const asked: string[] = [];
    const ask = async (question: string) => {
      asked.push(question);
      return 'no';
    };
    await runCli(['install', '--all', '--no-canary'], lab.env, { terminal: { ask, errColumns } });
    assert.match(asked.join('|'), /^[^|]+: $/, `${errColumns} columns`);
  }
});
