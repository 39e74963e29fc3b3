// The policies for many accounts: what the role needs there, what its caller needs, and whom the role trusts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyDocument } from '../../src/policy/document.ts';
import { host } from '../commands/account-rig.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

const [A, B] = ['111111111111', '222222222222'] as const;
const MANAGER = '123456789012';
const ROLE = { name: 'fleet/reader', externalId: 'secret-7' };
const AS_ROLE = `--role ${ROLE.name} --external-id ${ROLE.externalId}`;

async function print(line: string) {
  const { status, stdout, stderr } = await runCli(['policy', ...line.split(' ')]);
  assert.equal(status, 0, stderr);
  return { document: JSON.parse(stdout), stderr };
}

async function listActions(line: string): Promise<string[]> {
  const { Statement } = (await print(line)).document as PolicyDocument;
  return [...new Set(Statement.flatMap(({ Action }) => Action))].sort();
}

/** The name of an operation in policies. */
function actionOf(operation: string): string {
  if (operation === 'AssumeRole') return 'sts:AssumeRole';
  if (operation === 'listRegions') return 'account:ListRegions';
  const isOfOrganization = /^List(Accounts|OrganizationalUnits)/.test(operation);
  return `${isOfOrganization ? 'organizations' : 'ssm'}:${operation}`;
}

for (const line of [
  `status --tag env=dev --accounts ${A} ${B} ${AS_ROLE} --region us-east-1`,
  `status --all --organization ${AS_ROLE} --all-regions --exclude ${MANAGER}`,
  `status --tag env=dev --ou ou-lab0-11111111 ${AS_ROLE} --region us-east-1`,
  `preferences get --ou ou-lab0-11111111 ${AS_ROLE} --all-regions`,
  `preferences set --idle 60 --yes --accounts ${A} ${AS_ROLE}`,
  `doctor --organization ${AS_ROLE} --region us-east-1 --exclude ${MANAGER}`,
  `install --tag env=dev --accounts ${A},${B} ${AS_ROLE} --all-regions --no-restart --yes`,
  `uninstall --tag env=dev --accounts ${A} ${AS_ROLE} --all-regions --yes`,
]) {
  test(`policy: the role's and its caller's have every call of  ${line}`, async (context) => {
    const lab = await startTestLab(context, {
      hosts: [host('a', { account: A }), host('b', { account: B })],
      accounts: [
        { id: A, role: ROLE, regions: ['us-east-1', 'eu-west-1'] },
        { id: B, role: ROLE, regions: ['us-east-1'], unit: 'ou-lab0-11111111' },
      ],
      units: { 'ou-lab0-11111111': 'r-lab0' },
      timeoutScale: 0.05,
    });
    const { status, stderr } = await runCli(line.split(' '), lab.env);
    assert.equal(status, 0, stderr);
    const own = lab.env['AWS_ACCESS_KEY_ID'];
    const called = (isOwn: boolean) =>
      [
        ...new Set(
          lab.requests
            .filter(({ accessKeyId }) => (accessKeyId === own) === isOwn)
            .map(({ operation }) => actionOf(operation)),
        ),
      ].sort();
    assert.deepEqual(called(true), await listActions(`${line} --principal caller`));
    const granted = await listActions(line);
    const asRole = called(false);
    assert.ok(asRole.length > 0);
    assert.deepEqual(
      asRole.filter((action) => !granted.includes(action)),
      [],
    );
    assert.equal(granted.includes('account:ListRegions'), line.includes('--all-regions'));
  });
}

test('policy: the caller may assume that role in the accounts that are named, and list the organization in every Region', async () => {
  const named = await print(
    `status --all --accounts ${A} ${B} ${AS_ROLE} --region eu-west-1 --principal caller`,
  );
  assert.deepEqual(named.document.Statement, [
    {
      Sid: 'Roles',
      Effect: 'Allow',
      Action: ['sts:AssumeRole'],
      Resource: [A, B].map((id) => `arn:aws:iam::${id}:role/${ROLE.name}`),
    },
  ]);
  const all = await print(
    `status --all --organization ${AS_ROLE} --region cn-north-1,cn-northwest-1 --principal caller`,
  );
  assert.deepEqual(all.document.Statement, [
    {
      Sid: 'Roles',
      Effect: 'Allow',
      Action: ['sts:AssumeRole'],
      Resource: [`arn:aws-cn:iam::*:role/${ROLE.name}`],
    },
    { Sid: 'Organization', Effect: 'Allow', Action: ['organizations:ListAccounts'], Resource: ['*'] },
  ]);
});

test('policy: the trust policy names the account of the callers, and the external id if there is one', async () => {
  const line = `status --all --organization --role ${ROLE.name} --trust --account ${MANAGER}`;
  const statement = {
    Sid: 'Callers',
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${MANAGER}:root` },
    Action: 'sts:AssumeRole',
  };
  assert.deepEqual((await print(line)).document, { Version: '2012-10-17', Statement: [statement] });
  assert.deepEqual((await print(`${line} --external-id secret-7`)).document.Statement, [
    { ...statement, Condition: { StringEquals: { 'sts:ExternalId': 'secret-7' } } },
  ]);
});

test('policy: with --role it is for sessions of the role, and the other two are named', async () => {
  const { stderr } = await print(`status --all --organization ${AS_ROLE} --account ${A} --region us-east-1`);
  assert.match(stderr, /for the role fleet\/reader; --principal caller prints .* --trust whom it trusts/);
  assert.doesNotMatch(stderr, /--principal role/);
});
