import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Interruption } from '../../src/interruption.ts';
import { until } from '../lab/test-lab.ts';
import { runCli } from '../support/cli.ts';
import { DEV, host, makeAccountRig, PROD } from './account-rig.ts';

const FOUR = [
  host('a', { account: DEV.id, region: 'eu-west-1' }),
  host('b', { account: DEV.id, region: 'us-east-1' }),
  host('c', { account: PROD.id, region: 'eu-west-1' }),
  host('d', { account: PROD.id, region: 'us-east-1' }),
];
const EVERYWHERE = '--tag env=dev --profile dev --profile prod --region eu-west-1 --region us-east-1';
const nameAll = (json: { instances: { profile: string; region: string; name: string; verdict: string }[] }) =>
  json.instances.map(({ profile, region, name, verdict }) => `${profile} ${region} ${name} ${verdict}`);

test('accounts: profiles × Regions are all reached, and every row says where it is', async (context) => {
  const rig = await makeAccountRig(context, FOUR);
  const done = await rig.run(`install ${EVERYWHERE} --no-restart --output json`);
  assert.equal(done.status, 0, done.stderr);
  const json = JSON.parse(done.stdout);
  assert.deepEqual(nameAll(json), [
    'dev eu-west-1 a installed',
    'dev us-east-1 b installed',
    'prod eu-west-1 c installed',
    'prod us-east-1 d installed',
  ]);
  assert.deepEqual(json.summary, { installed: 4 });
  assert.equal(json.commandIds.length, 4);
  assert.deepEqual(
    json.accounts.map(({ profile, region, error }: Record<string, unknown>) => [profile, region, error]),
    [
      ['dev', 'eu-west-1', null],
      ['dev', 'us-east-1', null],
      ['prod', 'eu-west-1', null],
      ['prod', 'us-east-1', null],
    ],
  );
  assert.deepEqual(rig.count('SendCommand'), {
    'dev eu-west-1': 1,
    'dev us-east-1': 1,
    'prod eu-west-1': 1,
    'prod us-east-1': 1,
  });
  // The Regions that the profiles' own file names.
  const table = await rig.run('uninstall --tag env=dev --profile dev --profile prod');
  assert.match(table.stdout, /^PROFILE +REGION +INSTANCE +NAME +VERDICT/);
  assert.match(table.stdout, /^dev +eu-west-1 +i-\w+ +a /m);
  assert.match(table.stdout, /^prod +us-east-1 +i-\w+ +d /m);
  for (const line of table.stdout.split('\n')) assert.ok(line.length <= 80, line);
  const one = await rig.run('install --tag env=dev --profile dev --no-restart --output json');
  assert.ok(!('accounts' in JSON.parse(one.stdout)) && !('region' in JSON.parse(one.stdout).instances[0]));
});

test('accounts: one that fails is told with why and next, and stops no other', async (context) => {
  const rig = await makeAccountRig(context, FOUR.slice(0, 2), {
    accounts: [DEV, { ...PROD, refusal: 'ExpiredTokenException' }],
  });
  const words =
    'install --tag env=dev --profile dev --profile prod --profile empty --region us-east-1 --region eu-north-1 --no-restart';
  const done = await rig.run(`${words} --output json`);
  assert.equal(done.status, 1);
  const json = JSON.parse(done.stdout);
  assert.deepEqual(nameAll(json), ['dev us-east-1 b installed']);
  const errors = json.accounts.map(
    ({ profile, region, error }: { profile: string; region: string; error: { code: string } | null }) =>
      `${profile} ${region} ${error?.code ?? 'good'}`,
  );
  assert.deepEqual(errors, [
    'dev us-east-1 good',
    'dev eu-north-1 no-match',
    'prod us-east-1 ExpiredTokenException',
    'prod eu-north-1 ExpiredTokenException',
    'empty us-east-1 no-profile',
    'empty eu-north-1 no-profile',
  ]);
  assert.match(
    done.stderr,
    /ssm-keepalive: prod eu-north-1: .*\n {2}why: {2}the AWS credentials have expired\n {2}next: sign in again/,
  );
});

test('accounts: a profile that is in no file is told as that, beside what the others did', async (context) => {
  const rig = await makeAccountRig(context, FOUR.slice(0, 1));
  const done = await rig.run('status --tag env=dev --profile dev --profile nosuch --output json');
  assert.equal(done.status, 1);
  const [dev, nosuch] = JSON.parse(done.stdout).accounts;
  assert.deepEqual([dev.region, dev.error, nosuch.region], ['eu-west-1', null, null]);
  assert.notEqual(nosuch.error.code, 'bug', nosuch.error.why);
});

test('accounts: an instance id is looked for in all of them, and is no failure where it is unknown', async (context) => {
  const rig = await makeAccountRig(context, FOUR);
  const ids = `${FOUR[0]?.id} ${FOUR[3]?.id}`;
  const done = await rig.run(
    `install --instance-id ${ids} --profile dev --profile prod --region eu-west-1,us-east-1 --no-restart --output json`,
  );
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(nameAll(JSON.parse(done.stdout)), [
    'dev eu-west-1 a installed',
    'prod us-east-1 d installed',
  ]);
  const nowhere = await rig.run(
    `status --instance-id ${FOUR[0]?.id} i-0ffffffffffffffff --profile dev --profile prod --region eu-west-1 --output json`,
  );
  assert.equal(nowhere.status, 1);
  const missing = JSON.parse(nowhere.stdout).instances[1];
  assert.equal(`${missing.instanceId} ${missing.class}`, 'i-0ffffffffffffffff not registered');
  assert.match(missing.why, /none of these accounts and Regions/);
});

test('accounts: there is one confirmation for all together', async (context) => {
  const rig = await makeAccountRig(context, FOUR);
  const refused = await rig.run(`install ${EVERYWHERE} --no-restart --confirm-above 3`);
  assert.equal(refused.status, 2);
  assert.equal(
    refused.stderr.match(/would change more than 3 instances in 4 accounts and Regions/g)?.length,
    1,
  );
  assert.deepEqual(rig.count('SendCommand'), {});
  const all = await rig.run(
    'uninstall --all --profile dev --profile prod --region us-east-1 --region eu-west-1',
  );
  assert.match(
    all.stderr,
    /would change all 4 managed Linux instances in 4 accounts and Regions \(dev us-east-1: 1, dev eu-west-1: 1, prod us-east-1: 1, prod eu-west-1: 1\)/,
  );
  assert.equal((await rig.run(`uninstall ${EVERYWHERE} --confirm-above 4`)).status, 0);
});

test('accounts: a dry run shows all of them and sends nothing', async (context) => {
  const rig = await makeAccountRig(context, FOUR);
  const done = await rig.run(`install ${EVERYWHERE} --dry-run`);
  assert.equal(done.status, 0, done.stderr);
  for (const [profile, region, name] of [
    ['dev', 'eu-west-1', 'a'],
    ['prod', 'us-east-1', 'd'],
  ])
    assert.match(done.stdout, new RegExp(`^${profile} +${region} +i-\\w+ +${name} `, 'm'));
  const json = JSON.parse((await rig.run(`install ${EVERYWHERE} --dry-run --output json`)).stdout);
  assert.deepEqual(
    json.instances.map(({ profile, region }: Record<string, string>) => `${profile} ${region}`),
    ['dev eu-west-1', 'dev us-east-1', 'prod eu-west-1', 'prod us-east-1'],
  );
  assert.deepEqual(rig.count('SendCommand'), {});
});

test('accounts: a dry run has each account in its JSON: its document and association, or why it could not be looked at', async (context) => {
  const rig = await makeAccountRig(context, FOUR.slice(0, 2), {
    accounts: [DEV, { ...PROD, refusal: 'ExpiredTokenException' }],
  });
  const words = 'install --tag env=dev --profile dev --profile prod --region us-east-1';
  const done = await rig.run(`${words} --document Ours --follow --dry-run --output json`);
  assert.equal(done.status, 1);
  const { accounts, ...plan } = JSON.parse(done.stdout);
  assert.ok(!('documentPlan' in plan) && !('association' in plan), 'each account has its own');
  const [dev, prod] = accounts;
  assert.deepEqual([dev.profile, dev.region, dev.error], ['dev', 'us-east-1', null]);
  assert.deepEqual([dev.documentPlan.action, dev.association.action], ['create', 'create']);
  assert.match(dev.documentPlan.sha256, /^[0-9a-f]{64}$/);
  assert.deepEqual([prod.profile, prod.documentPlan, prod.association], ['prod', null, null]);
  assert.equal(prod.error.code, 'ExpiredTokenException');
  assert.match(
    done.stderr,
    /ssm-keepalive: prod us-east-1: .*\n {2}why: {2}the AWS credentials have expired/,
  );
  const one = JSON.parse(
    (await rig.run('install --tag env=dev --profile dev --region us-east-1 --dry-run --output json')).stdout,
  );
  assert.deepEqual([one.documentPlan, one.association, one.accounts], [null, null, undefined]);
});

test('accounts: Ctrl-C cancels in all of them', async (context) => {
  const rig = await makeAccountRig(
    context,
    FOUR.map((spec) => ({ ...spec, synthetic: { latencySeconds: 600 } })),
  );
  const interruption = new Interruption();
  const running = runCli(`install ${EVERYWHERE} --no-restart`.split(' '), rig.env, { interruption });
  await until('all to be sent', () => rig.lab.runs.length === 4);
  interruption.request();
  const result = await running;
  assert.equal(result.status, 130, result.stderr);
  assert.equal(Object.keys(rig.count('CancelCommand')).length, 4);
  assert.equal(result.stdout.match(/ failed +cancelled$/gm)?.length, 4, result.stdout);
});

for (const [words, complaint] of [
  [
    'connect i-0123456789abcdef0 --region eu-west-1 --region us-east-1',
    /connect works in one account and Region/,
  ],
  ['measure i-0123456789abcdef0 --profile a --profile b', /--profile and --region name 2: a, b/],
  [
    'install --command-id 00000000-0000-0000-0000-000000000000 --region eu-west-1 --region us-east-1',
    /a command lives in the account and Region that it was sent in/,
  ],
  ['install --tag env=dev --lab --profile a --profile b', /--lab and --profile were both given/],
] as const) {
  test(`accounts: \`${words}\` is bad usage`, async () => {
    const result = await runCli(words.split(' '));
    assert.equal(result.status, 2);
    assert.match(result.stderr, complaint);
  });
}
