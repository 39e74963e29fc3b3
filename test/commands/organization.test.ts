// Many accounts through a role: --accounts, --all-regions, --organization and --ou, on a lab that is an organization.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AccountSpec, HostSpec, Lab, LabOptions } from '../../src/lab/index.ts';
import { until } from '../lab/test-lab.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { EagerClock } from '../support/clock.ts';
import { startTestLab } from '../support/lab.ts';
import { host } from './account-rig.ts';

const ROLE = { name: 'fleet/keeper' };
const [A, B, C, D] = ['111111111111', '222222222222', '333333333333', '444444444444'] as const;
const member = (id: string, more: Partial<AccountSpec> = {}): AccountSpec => ({ id, role: ROLE, ...more });
const at = (name: string, account: string, region = 'us-east-1'): HostSpec => host(name, { account, region });
const AS_ROLE = '--role fleet/keeper';

interface Rig {
  readonly lab: Lab;
  run(words: string): Promise<CliResult>;
  count(operation: string): number;
}

async function makeRig(
  context: TestContext,
  accounts: AccountSpec[],
  hosts: HostSpec[] = [],
  options: Partial<LabOptions> = {},
): Promise<Rig> {
  const lab = await startTestLab(context, { hosts, accounts, timeoutScale: 0.05, ...options });
  return {
    lab,
    run: (words) => runCli(words.split(' '), lab.env),
    count: (operation) => lab.requests.filter((one) => one.operation === operation).length,
  };
}

interface Told {
  readonly account: string;
  readonly region: string | null;
  readonly error: { code: string; why: string; next: string } | null;
}

const namesOf = ({ stdout }: CliResult) =>
  JSON.parse(stdout)
    .instances.map((row: Record<string, string>) => `${row['account']} ${row['region']} ${row['name']}`)
    .sort();
const codesOf = ({ stdout }: CliResult) =>
  (JSON.parse(stdout).accounts as Told[]).map(({ account, region, error }) =>
    [account, region, error?.code ?? 'good'].join(' '),
  );

test('accounts: --accounts works in each as the role, and asks for it once an account', async (context) => {
  const rig = await makeRig(
    context,
    [member(A), member(B, { role: { ...ROLE, externalId: 'secret-7' } })],
    [at('a', A), at('b', B), at('c', B, 'eu-west-1')],
  );
  const words = `status --tag env=dev --accounts ${A} ${B} ${AS_ROLE} --external-id secret-7 --region us-east-1,eu-west-1`;
  const done = await rig.run(`${words} --output json`);
  assert.deepEqual(namesOf(done), [`${A} us-east-1 a`, `${B} eu-west-1 c`, `${B} us-east-1 b`], done.stderr);
  assert.equal(done.status, 1, 'an account and Region that was named, and has no such instance');
  assert.deepEqual(codesOf(done), [
    `${A} us-east-1 good`,
    `${A} eu-west-1 no-match`,
    `${B} us-east-1 good`,
    `${B} eu-west-1 good`,
  ]);
  assert.equal(rig.count('AssumeRole'), 2);
  const table = await rig.run(
    `status --all --accounts ${B} ${AS_ROLE} --external-id secret-7 --region us-east-1,eu-west-1`,
  );
  assert.match(table.stdout, /^REGION +INSTANCE/m, 'a column for what differs');
  const one = await rig.run(`status --all --accounts ${A} ${AS_ROLE}`);
  assert.equal(one.status, 0, one.stderr);
  assert.ok(!one.stdout.includes(A), 'one account needs no name');
});

test('accounts: a role that cannot be assumed, a call that is refused and a Region that is off are told apart', async (context) => {
  const rig = await makeRig(
    context,
    [
      member(A),
      member(B, { role: { name: 'other' } }),
      member(C, { refusal: 'AccessDeniedException' }),
      member(D, { regions: ['us-east-1'] }),
    ],
    [at('a', A), at('a2', A, 'af-south-1'), at('d', D)],
  );
  const done = await rig.run(
    `status --tag env=dev --accounts ${A} ${B} ${C},${D} ${AS_ROLE} --region us-east-1,af-south-1 --output json`,
  );
  assert.equal(done.status, 1);
  assert.deepEqual(codesOf(done), [
    `${A} us-east-1 good`,
    `${A} af-south-1 good`,
    `${B} us-east-1 no-role`,
    `${B} af-south-1 no-role`,
    `${C} us-east-1 AccessDeniedException`,
    `${C} af-south-1 AccessDeniedException`,
    `${D} us-east-1 good`,
    `${D} af-south-1 region-off`,
  ]);
  const told = JSON.parse(done.stdout).accounts as Told[];
  for (const [at, why, next] of [
    [
      2,
      /^the role fleet\/keeper is not there, or does not trust arn:aws:iam::123456789012:user\/lab$/,
      new RegExp(`--external-id; or leave the account out: --exclude ${B}$`),
    ],
    [
      4,
      /^these credentials are not allowed to do that$/,
      /^ask for what {2}ssm-keepalive policy COMMAND {2}prints for the command that you ran$/,
    ],
    [
      7,
      new RegExp(`^the Region af-south-1 is not enabled in account ${D}$`),
      /^enable it there, or leave it out: --all-regions takes those that are enabled$/,
    ],
  ] as const) {
    const { account, region, error } = told[at] as Told;
    assert.match(error?.why ?? '', why);
    assert.match(error?.next ?? '', next);
    const [, ...shown] =
      new RegExp(`^ssm-keepalive: ${account} ${region}: .*\\n {2}why: {2}(.*)\\n {2}next: (.*)$`, 'm').exec(
        done.stderr,
      ) ?? [];
    assert.deepEqual(shown, [error?.why, error?.next], 'people are told the same');
  }
  assert.equal(
    rig.lab.requests.filter(({ operation, error }) => operation === 'AssumeRole' && error).length,
    1,
  );
});

test('accounts: a Region that is off is called that by every command, for one account too, and in each form', async (context) => {
  const rig = await makeRig(
    context,
    [A, B].map((id) => member(id, { regions: ['us-east-1'] })),
  );
  const off = `--accounts ${A} ${AS_ROLE} --region af-south-1`;
  for (const words of ['status --all', 'install --all --yes', 'preferences get', 'doctor']) {
    const { status, stdout, stderr } = await rig.run(`${words} ${off}`);
    assert.equal(status, 1, words);
    const told = `${stdout}${stderr}`.replace(/\s+/g, ' ');
    assert.match(told, new RegExp(`the Region af-south-1 is not enabled in account ${A}`), words);
  }
  const lines = await rig.run(
    `status --all --accounts ${A} ${B} ${AS_ROLE} --region af-south-1 --output ndjson`,
  );
  const rows = lines.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; error?: { code: string } });
  assert.deepEqual(
    rows.map(({ type, error }) => `${type} ${error?.code}`),
    ['account region-off', 'account region-off', 'summary undefined'],
  );
});

test('accounts: a wrong external id, or none, is told as one', async (context) => {
  const rig = await makeRig(context, [member(A, { role: { ...ROLE, externalId: 'secret-7' } })]);
  const none = await rig.run(`preferences get --accounts ${A} ${AS_ROLE}`);
  assert.equal(none.status, 1);
  assert.match(none.stderr, /if that asks for an external id, give --external-id/);
  const wrong = await rig.run(`preferences get --accounts ${A} ${AS_ROLE} --external-id other`);
  assert.match(wrong.stderr, /or asks for another external id/);
  const right = await rig.run(`preferences get --accounts ${A} ${AS_ROLE} --external-id secret-7`);
  assert.equal(right.status, 0, right.stderr);
});

test('accounts: credentials of a role are renewed before they end, while the command waits', async (context) => {
  // So short that the SDK asks for them at every call.
  const rig = await makeRig(context, [member(A)], [host('a', { account: A }, { latencySeconds: 1 })], {
    roleSeconds: 290,
    // The clock is moved past the time after which a command that is not listed does not exist.
    consistencySeconds: 0,
  });
  const clock = new EagerClock(20);
  let aheadMs = 0;
  const now = clock.now.bind(clock);
  clock.now = () => now() + aheadMs;
  const words = `status --tag env=dev --accounts ${A} ${AS_ROLE}`;
  let isOver = false;
  const running = runCli(words.split(' '), rig.lab.env, { clock }).finally(() => {
    isOver = true;
  });
  await until('the host to be asked', () => isOver || rig.lab.runs.length > 0);
  const before = rig.count('AssumeRole');
  aheadMs = 200_000;
  const { status, stderr } = await running;
  assert.equal(status, 0, stderr);
  assert.deepEqual([before, rig.count('AssumeRole')], [1, 2]);
});

test('accounts: nothing is done in the Region of the AWS variables that a variable leaves out', async (context) => {
  const rig = await makeRig(context, [member(A)], [at('a', A)]);
  const env = { ...rig.lab.env, SSM_KEEPALIVE_EXCLUDE: 'us-east-1' };
  for (const words of [
    'install --all --yes',
    `install --all --yes --accounts ${A} ${AS_ROLE}`,
    `status --all --accounts ${A} ${B} ${AS_ROLE}`,
  ]) {
    const { status, stderr } = await runCli(words.split(' '), env);
    assert.equal(status, 1, words);
    assert.match(stderr, /why: {2}--exclude leaves out us-east-1, the Region of the AWS variables/, words);
  }
  assert.deepEqual([rig.count('SendCommand'), rig.count('GetDocument')], [0, 0]);
});

test('accounts: what is to be typed next names account and role', async (context) => {
  const rig = await makeRig(context, [member(A)], [at('a', A)]);
  const line = `install --tag env=dev --accounts ${A} ${AS_ROLE} --all-regions --exclude eu-west-1`;
  const dry = await rig.run(`${line} --dry-run`);
  const [, policy = ''] =
    /as an IAM policy: {2}ssm-keepalive (.+)/.exec(dry.stdout.replace(/ \\\n\s+/g, ' ')) ?? [];
  assert.equal((await rig.run(policy)).stdout, (await rig.run(`policy ${line}`)).stdout, dry.stdout);
  const sent = await rig.run(`install --tag env=dev --accounts ${A} ${AS_ROLE} --no-restart --no-wait`);
  const next = /sent\. To see how it went: {2}ssm-keepalive (.*)/.exec(sent.stderr)?.[1] ?? '';
  assert.match(next, new RegExp(`--accounts ${A} --role fleet/keeper$`));
  assert.equal((await rig.run(next)).status, 0);
});

const ORGANIZATION = {
  accounts: [
    member(A),
    member(B, { unit: 'ou-lab0-11111111' }),
    member(C, { unit: 'ou-lab0-22222222', regions: ['us-east-1', 'af-south-1'] }),
    member(D, { unit: 'ou-lab0-22222222', state: 'SUSPENDED' }),
  ] as AccountSpec[],
  hosts: [at('a', A), at('b', B, 'eu-west-1'), at('c', C, 'af-south-1'), at('d', D)],
  options: { units: { 'ou-lab0-11111111': 'r-lab0', 'ou-lab0-22222222': 'ou-lab0-11111111' } },
};
const MANAGER = '123456789012';

test('accounts: --all-regions finds those that each account has enabled, and where nobody is there is no failure', async (context) => {
  const { accounts, hosts, options } = ORGANIZATION;
  const rig = await makeRig(context, accounts, hosts, options);
  const done = await rig.run(
    `status --tag env=dev --accounts ${A} ${B} ${C} ${AS_ROLE} --all-regions --exclude us-east-1 --output json`,
  );
  assert.equal(done.status, 0, done.stderr);
  assert.deepEqual(namesOf(done), [`${B} eu-west-1 b`, `${C} af-south-1 c`]);
  assert.deepEqual(codesOf(done), [`${B} eu-west-1 good`, `${C} af-south-1 good`]);
  assert.deepEqual([rig.count('AssumeRole'), rig.count('listRegions')], [3, 3]);
  // One look in each of 16 + 16 + 1 Regions, and a command in two of them.
  assert.equal(rig.lab.requests.filter(({ operation }) => operation === 'SendCommand').length, 2);
  const without = await makeRig(context, [member(A), member(B, { regions: [] })], [at('a', A)]);
  const told = await without.run(`status --tag env=dev --accounts ${A} ${B} ${AS_ROLE} --all-regions`);
  assert.equal(told.status, 1);
  assert.match(
    told.stderr,
    new RegExp(`^ssm-keepalive: ${B}: the account was not worked in\n.*no Region`, 'm'),
  );
  const nobody = await rig.run(`status --tag env=none --accounts ${A} ${AS_ROLE} --all-regions`);
  assert.equal(nobody.status, 1);
  assert.match(nobody.stderr, /none of these 17 accounts and Regions has such an instance/);
});

test('accounts: --organization reads in every active account, and --ou in those below it', async (context) => {
  const { accounts, hosts, options } = ORGANIZATION;
  const rig = await makeRig(context, accounts, hosts, options);
  const all = await rig.run(`status --tag env=dev --organization ${AS_ROLE} --all-regions --output json`);
  assert.deepEqual(namesOf(all), [`${A} us-east-1 a`, `${B} eu-west-1 b`, `${C} af-south-1 c`]);
  // The first account manages the organization, and has no such role.
  assert.deepEqual(codesOf(all)[0], `${MANAGER}  no-role`);
  assert.equal(all.status, 1);
  const some = await rig.run(
    `preferences get --ou ou-lab0-11111111 ${AS_ROLE} --region us-east-1 --output json`,
  );
  assert.equal(some.status, 0, some.stderr);
  assert.deepEqual(codesOf(some), [`${B} us-east-1 good`, `${C} us-east-1 good`]);
  const without = await rig.run(
    `doctor --organization ${AS_ROLE} --region us-east-1 --exclude ${MANAGER},${B},${C} --output json`,
  );
  assert.deepEqual(codesOf(without), [`${A} us-east-1 good`]);
  const checks = JSON.parse(without.stdout).accounts[0].checks as {
    check: string;
    level: string;
    finding: string;
  }[];
  const found = checks.filter(({ check }) => check === 'credentials' || check === 'hourly recycle');
  assert.deepEqual(
    found.map(({ level, finding }) => `${level}: ${finding}`),
    [
      'ok: temporary, from the role of --role; the service takes them',
      'ok: no session is opened with the role of --role: ask with the credentials that do',
    ],
  );
  const nowhere = await rig.run(`preferences get --ou ou-lab0-33333333 ${AS_ROLE} --region us-east-1`);
  assert.match(nowhere.stderr, /the organization has no such unit\n {2}next: check the ids of --ou/);
});

test('accounts: pages of an organization are read to the end, and a throttled lookup is asked again', async (context) => {
  const many = Array.from({ length: 45 }, (_, index) => member(String(200_000_000_000 + index)));
  const rig = await makeRig(context, many);
  for (const operation of ['ListAccounts', 'AssumeRole'] as const)
    rig.lab.faults.failNext(operation, 'ThrottlingException', 2);
  const done = await rig.run(
    `preferences get --organization ${AS_ROLE} --region us-east-1 --exclude ${MANAGER} --output json`,
  );
  assert.equal(done.status, 0, done.stderr);
  assert.equal(JSON.parse(done.stdout).accounts.length, 45);
  assert.equal(rig.count('ListAccounts'), 3 + 2);
});

test('accounts: a list of accounts, units or Regions that leads back to its start is told, and not read for ever', async (context) => {
  const rig = await makeRig(context, [member(A)], [], { units: { 'ou-lab0-11111111': 'r-lab0' } });
  for (const [operation, words] of [
    ['ListAccounts', '--organization --region us-east-1'],
    ['ListAccountsForParent', '--ou ou-lab0-11111111 --region us-east-1'],
    ['ListOrganizationalUnitsForParent', '--ou ou-lab0-11111111 --region us-east-1'],
    ['listRegions', `--accounts ${A} --all-regions`],
  ] as const) {
    rig.lab.faults.breakNext(operation, 'looped', 2);
    const done = await rig.run(`preferences get ${words} ${AS_ROLE}`);
    assert.equal(done.status, 1, operation);
    assert.match(done.stdout + done.stderr, /the service’s pages lead back to one that was read/, operation);
  }
});

test('accounts: --endpoint-url moves Systems Manager alone; the other services are where the AWS variables say', async (context) => {
  const rig = await makeRig(context, [member(A)], [], { units: { 'ou-lab0-11111111': 'r-lab0' } });
  const { AWS_ENDPOINT_URL_SSM: address = '', ...env } = rig.lab.env;
  // Nothing listens there.
  const nowhere = 'http://127.0.0.1:2';
  const run = async (words: string, endpoint: string, variables: Record<string, string>) => {
    const from = rig.lab.requests.length;
    const line = `preferences get ${words} ${AS_ROLE} --endpoint-url ${endpoint}`;
    const done = await runCli(line.split(' '), variables, { clock: new EagerClock(1000) });
    assert.equal(done.status, 1, line);
    return { ...done, called: rig.lab.requests.slice(from).map(({ operation }) => operation) };
  };
  for (const [service, operation, words] of [
    ['STS', 'AssumeRole', `--accounts ${A} --region us-east-1`],
    ['ORGANIZATIONS', 'ListAccountsForParent', '--ou ou-lab0-11111111 --region us-east-1'],
    ['ACCOUNT', 'listRegions', `--accounts ${A} --all-regions --exclude eu-west-1`],
  ] as const) {
    const moved = await run(words, nowhere, env);
    assert.ok(moved.called.includes(operation), `${service}: ${moved.called}`);
    assert.ok(!moved.called.includes('GetDocument'), service);
    const lost = await run(words, address, { ...env, [`AWS_ENDPOINT_URL_${service}`]: nowhere });
    assert.ok(!lost.called.includes(operation), `${service}: ${lost.called}`);
    assert.match(lost.stdout + lost.stderr, /could not be reached/, service);
  }
});

for (const [words, complaint] of [
  [
    `install --all --organization ${AS_ROLE}`,
    /is the work of CloudFormation StackSets\n.*\n.*render stackset/,
  ],
  [`uninstall --all --ou r-lab0 ${AS_ROLE}`, /uninstall --ou is not offered/],
  [`preferences set --idle 60 --organization ${AS_ROLE}`, /preferences set takes no whole organization/],
  [`status --all --accounts ${A}`, /--accounts was given without --role/],
  [`status --all --role keeper`, /--role was given, and no account to use it in/],
  [`status --all --accounts ${A} --organization ${AS_ROLE}`, /--accounts and --organization were both given/],
  [`status --all --all-regions --region us-east-1`, /--all-regions and --region were both given/],
  [`status --all --exclude ${A}`, /nothing to leave it out of/],
  [
    `status --all --accounts ${A} ${AS_ROLE} --exclude ${B}`,
    new RegExp(`--exclude ${B} was given, and nothing`),
  ],
  [
    `status --all --accounts ${A} ${AS_ROLE} --exclude us-east-1`,
    /--exclude us-east-1 was given, and nothing/,
  ],
  [`status --all --accounts ${A} ${AS_ROLE} --profile a --profile b`, /--accounts and 2 profiles were given/],
  [`doctor i-0123456789abcdef0 --organization ${AS_ROLE}`, /works in one account and Region/],
] as const) {
  test(`accounts: \`${words}\` is bad usage`, async () => {
    const result = await runCli(words.split(' '));
    assert.equal(result.status, 2, result.stderr);
    assert.match(result.stderr, complaint);
  });
}
