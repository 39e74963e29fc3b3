import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ListAssociationsCommand } from '@aws-sdk/client-ssm';
import { Interruption } from '../../src/interruption.ts';
import type { HostSpec, Lab, LabOptions } from '../../src/lab/index.ts';
import { answerWell, hosts, id } from '../fleet/push-rig.ts';
import { makeClient, sandboxMissing, until } from '../lab/test-lab.ts';
import { runCli } from '../support/cli.ts';
import { EagerClock } from '../support/clock.ts';
import { startTestLab } from '../support/lab.ts';

async function makeRig(
  context: TestContext,
  specs: HostSpec[],
  options: Partial<LabOptions> = {},
  clock = new EagerClock(20),
) {
  const lab = await startTestLab(context, { hosts: specs, ...options });
  const client = makeClient(lab);
  context.after(() => client.destroy());
  const run = async (line: string, ...more: string[]) => {
    const result = await runCli([...line.split(' '), ...more], lab.env, { clock });
    return { ...result, json: result.stdout.startsWith('{') ? JSON.parse(result.stdout) : undefined };
  };
  const list = async () => (await client.send(new ListAssociationsCommand({}))).Associations ?? [];
  const count = (operation: string) => lab.requests.filter((one) => one.operation === operation).length;
  return { lab, run, list, count };
}

const DEV = '--tag env=dev --output json';

test('cli: --follow tries one instance first, then one association reaches all; again it is started, not made twice; an edit has to be confirmed', async (context) => {
  const { lab, run, list, count } = await makeRig(context, hosts({}, {}, {}));
  const shown = await runCli('install --follow --tag env=dev --dry-run'.split(' '), lab.env);
  assert.match(shown.stdout, /^association \S+ would be made;\nit installs on every instance/m);
  assert.doesNotMatch(shown.stdout, /\\u[0-9a-f]{4}/);
  const dry = await run(`install --follow ${DEV} --dry-run --every`, 'rate(1 day)');
  assert.equal(dry.json.association.action, 'create', dry.stderr);
  assert.match(
    dry.json.association.says,
    /every instance of --tag env=dev, now and when a new one comes online/,
  );
  assert.ok(lab.requests.every(({ operation }) => /^(Describe|Get|List)/.test(operation)));

  const first = await run(`install --follow ${DEV}`);
  assert.equal(first.status, 0, first.stderr);
  assert.deepEqual([first.json.summary, first.json.commandIds.length], [{ installed: 3 }, 1]);
  assert.equal(first.json.association.action, 'created');
  assert.match(first.json.association.runs[0].counts, /Success=3/);
  const [made] = await list();
  assert.equal(made?.AssociationId, first.json.association.id);
  assert.equal(count('SendCommand'), 1, 'the first instance alone is sent a command');

  const again = await run(`install --follow ${DEV}`);
  assert.deepEqual([again.status, again.json.association.action], [0, 'started'], again.stderr);
  const refused = await run(`install --follow ${DEV} --interval 60`);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /would be changed, which runs it on everybody at once: the script/);
  assert.equal(count('UpdateAssociation'), 0);
  const edited = await run(`install --follow ${DEV} --interval 60 --yes`);
  assert.deepEqual([edited.status, edited.json.association.action], [0, 'updated'], edited.stderr);
  assert.deepEqual(
    (await list()).map(({ AssociationId, AssociationVersion }) => [AssociationId, AssociationVersion]),
    [[made?.AssociationId, '2']],
  );
});

test('cli: where the first instance fails, no association is made', async (context) => {
  const { run, list } = await makeRig(context, hosts({ outcome: 'Failed', exitCode: 1, stdout: '' }, {}));
  const result = await run(`install --follow ${DEV}`);
  assert.equal(result.status, 1);
  assert.match(result.stderr, /no association was made/);
  assert.deepEqual([result.json.association, await list()], [null, []]);
});

test('cli: an association may be there before its instances; what a run could not do has its verdict', async (context) => {
  const { lab, run } = await makeRig(
    context,
    hosts({ outcome: 'Failed', exitCode: 4, stdout: '' }, { latencySeconds: 600 }),
    { timeoutScale: 0.02 },
  );
  const early = await run('install --follow --tag env=later --no-wait --no-canary --output json');
  assert.deepEqual([early.status, early.json.association.action], [0, 'created'], early.stderr);
  const failed = await run(`install --follow --instance-id ${id(0)} --output json`);
  assert.deepEqual([failed.status, failed.json.instances[0].class], [1, 'script failed'], failed.stderr);
  lab.setAlarm('errors', 'ALARM');
  const stopped = await run(`install --follow --instance-id ${id(1)} --alarm errors --output json`);
  assert.deepEqual([stopped.status, stopped.json.instances[0].class], [1, 'alarm'], stopped.stderr);
});

test('cli: an instance whose run told nothing is asked again where its agent, which restarts, dropped the question', async (context) => {
  let looks = 0;
  const isLook = (script: string) => answerWell()(script).includes('"status"');
  const { run } = await makeRig(
    context,
    hosts({
      stdout: (script) => (isLook(script) ? answerWell()(script) : 'words'),
      drops: (script) => isLook(script) && looks++ === 0,
    }),
    { timeoutScale: 0.02 },
  );
  const result = await run(`install --follow ${DEV} --no-canary`);
  assert.deepEqual([result.status, result.json.summary, looks], [0, { installed: 1 }, 2], result.stderr);
});

/** Runs the command line, and sends it Ctrl-C as soon as `isTime`. */
async function interrupt(lab: Lab, line: string, isTime: () => boolean) {
  const interruption = new Interruption();
  const running = runCli(line.split(' '), lab.env, { interruption });
  await until('the moment', isTime);
  interruption.request();
  const { status, stdout, stderr } = await running;
  assert.equal(status, 130, stderr);
  return { stderr, json: stdout === '' ? undefined : JSON.parse(stdout) };
}

test('cli: Ctrl-C at the first instance cancels its command, and no association is made', async (context) => {
  const { lab, list, count } = await makeRig(context, hosts({ latencySeconds: 600 }, {}));
  const { stderr, json } = await interrupt(
    lab,
    `install --follow ${DEV}`,
    () => count('SendCommand') === 1 && count('ListCommands') > 0,
  );
  assert.match(stderr, /ssm-keepalive: cancelling; waiting for what already runs/);
  assert.doesNotMatch(stderr, /cannot be cancelled/);
  assert.deepEqual([count('CancelCommand'), json.association, await list()], [1, null, []]);
});

test('cli: Ctrl-C while the association runs says that it cannot be cancelled, and nothing else; it stays, and so do its results', async (context) => {
  const { lab, list, count } = await makeRig(context, hosts({}, { latencySeconds: 600 }));
  const { stderr, json } = await interrupt(
    lab,
    `install --follow --no-canary ${DEV}`,
    () => count('DescribeAssociationExecutions') > 1,
  );
  assert.match(
    stderr,
    /a run of an association cannot be cancelled, so it goes on; reporting what is known \(Ctrl-C again/,
  );
  assert.doesNotMatch(stderr, /cancelling|--command-id/);
  assert.match(stderr, /its run is not over; status tells how it ended/);
  const verdicts = json.instances.map(({ verdict, next }: Record<string, string>) => `${verdict} ${next}`);
  assert.deepEqual(verdicts, ['installed ', 'unfinished it goes on by itself; status tells how it ended']);
  assert.equal(count('CancelCommand'), 0);
  assert.equal((await list())[0]?.AssociationId, json.association.id);
});

test('cli: Ctrl-C while uninstall --follow waits for a run keeps the association, and nothing is sent', async (context) => {
  const { lab, run, list, count } = await makeRig(context, hosts({ latencySeconds: 600 }));
  await run(`install --follow --no-canary --no-wait ${DEV}`);
  const { stderr } = await interrupt(
    lab,
    `uninstall --follow ${DEV}`,
    () => count('DescribeAssociationExecutions') > 0,
  );
  assert.match(stderr, /ssm-keepalive: nothing was sent\n {2}why: {2}you interrupted it/);
  assert.deepEqual([count('DeleteAssociation'), count('SendCommand')], [0, 0]);
  assert.equal((await list()).length, 1);
});

test('cli: uninstall warns of associations that would put it back, status shows them, uninstall --follow ends one first', async (context) => {
  const { lab, run, list } = await makeRig(context, hosts({}, {}));
  await run(`install --follow --no-canary ${DEV} --every`, 'rate(1 day)');
  const [made] = await list();
  const warned = await run(`uninstall --instance-id ${id(0)}`);
  assert.match(
    warned.stderr,
    /still installs on some of these instances, every 1 day[\s\S]*uninstall --tag env=dev --follow/,
  );
  const shown = await run('status --tag env=dev');
  assert.match(shown.stdout, new RegExp(`association ssm-keepalive-\\w+\\s+\\(${made?.AssociationId}\\)`));
  for (const line of shown.stdout.split('\n')) assert.ok(line.length <= 80, line);
  const json = await run(`status ${DEV}`);
  assert.deepEqual(
    json.json.associations.map((one: { id: string; schedule: string }) => [one.id, one.schedule]),
    [[made?.AssociationId, 'rate(1 day)']],
  );
  const before = lab.requests.length;
  const ended = await run(`uninstall --follow ${DEV}`);
  assert.equal(ended.json.association.action, 'removed', ended.stderr);
  const order = lab.requests.slice(before).map(({ operation }) => operation);
  assert.ok(order.indexOf('DeleteAssociation') < order.indexOf('SendCommand'), order.join(' '));
  assert.deepEqual(await list(), []);
});

test('cli: an instance that comes online later gets it, drift is repaired by the schedule, and it is taken off for good', {
  skip: sandboxMissing(),
}, async (context) => {
  const tags = { env: 'dev' };
  const specs = [...hosts({}), { name: 'web-2', id: 'i-0aaaaaaaaaaaaaaa2', tags }];
  // A look at an instance holds its restart up.
  const { lab, run, list } = await makeRig(context, specs, { minuteSeconds: 0.3 }, new EagerClock(5));
  const two = lab.host('web-2');
  const UNIT = 'amazon-ssm-agent.service';
  two.failNext('agent-return');
  await two.exec(['systemctl', 'restart', UNIT]);
  await until('web-2 to be away', () => !two.isOnline);

  const first = await run(`install --follow ${DEV} --document our-keeper --every`, 'rate(30 minutes)');
  assert.equal(first.status, 0, first.stderr);
  assert.deepEqual([first.json.summary, first.json.association.offline], [{ installed: 1 }, 1], first.stderr);

  await two.exec(['systemctl', 'restart', UNIT]);
  const CURRENT = '/usr/local/lib/ssm-keepalive/current';
  const read = async (path: string) => (await two.exec(['cat', path])).stdout;
  await until('web-2 to have it', async () => (await read(CURRENT)) !== '', 120);

  const entry = `/usr/local/lib/ssm-keepalive/${(await read(CURRENT)).trim()}/entry.sh`;
  const right = await read(entry);
  await two.exec(['sh', '-c', `echo exit >>${entry}`]);
  await until('the drift to be repaired', async () => (await read(entry)) === right, 120);

  const off = await run(`uninstall --follow ${DEV}`);
  assert.equal(
    off.json.instances.find(({ name }: Record<string, string>) => name === 'web-2').verdict,
    'removed',
    off.stderr,
  );
  assert.deepEqual(await list(), []);
  assert.equal(await read(CURRENT), '');
});
