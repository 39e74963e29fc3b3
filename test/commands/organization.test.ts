// Many accounts through a role: --accounts, --all-regions, --organization and --ou, on a lab that is an organization.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { AccountSpec, HostSpec, Lab, LabOptions } from '../../src/lab/index.ts';
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
  assert.match(
    told[2]?.error?.why ?? '',
    /^the role fleet\/keeper is not there, or does not trust arn:aws:iam::123456789012:user\/lab$/,
  );
  assert.match(
    told[2]?.error?.next ?? '',
    new RegExp(`--external-id; or leave the account out: --exclude ${B}$`),
  );
  assert.match(told[7]?.error?.why ?? '', new RegExp(`the Region af-south-1 is not enabled in account ${D}`));
  assert.equal(
    rig.lab.requests.filter(({ operation, error }) => operation === 'AssumeRole' && error).length,
    1,
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
  });
  const clock = new EagerClock(20);
  let aheadMs = 0;
  const now = clock.now.bind(clock);
  clock.now = () => now() + aheadMs;
  const words = `status --tag env=dev --accounts ${A} ${AS_ROLE}`;
  const running = runCli(words.split(' '), rig.lab.env, { clock });
  while (rig.lab.runs.length === 0) await setTimeout(10);
  assert.equal(rig.count('AssumeRole'), 1);
  aheadMs = 200_000;
  const { status, stderr } = await running;
  assert.equal(status, 0, stderr);
  assert.equal(rig.count('AssumeRole'), 2);
});

test('accounts: what is to be typed next names account and role', async (context) => {
  const rig = await makeRig(context, [member(A)], [at('a', A)]);
  const sent = await rig.run(`install --tag env=dev --accounts ${A} ${AS_ROLE} --no-restart --no-wait`);
  const next = /sent\. To see how it went: {2}ssm-keepalive (.*)/.exec(sent.stderr)?.[1] ?? '';
  assert.match(next, new RegExp(`--accounts ${A} --role fleet/keeper$`));
  assert.equal((await rig.run(next)).status, 0);
});
