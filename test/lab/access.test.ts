import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CancelCommandCommand,
  CreateDocumentCommand,
  DescribeInstanceInformationCommand,
  GetDocumentCommand,
  ListCommandInvocationsCommand,
  SendCommandCommand,
  TerminateSessionCommand,
} from '@aws-sdk/client-ssm';
import WebSocket from 'ws';
import type { UserError } from '../../src/errors.ts';
import { startSession } from '../../src/fleet/sessions.ts';
import { AccessControl, LAB_ROLE } from './access/access-control.ts';
import { type AccessRequest, decide } from './access/evaluate.ts';
import { readPolicy } from './access/policy-document.ts';
import { makeClient, syntheticHosts, until, useLab } from './test-lab.ts';

const access = new AccessControl();
const lab = await useLab(
  {
    consistencySeconds: 0,
    hosts: [
      ...syntheticHosts(2),
      ...syntheticHosts(1, { name: 'prod', id: 'i-0ffffffffffffff01', tags: { env: 'prod' } }),
      ...syntheticHosts(1, { name: 'cellar', id: 'mi-0fffffffffffff001', tags: { env: 'dev' } }),
    ],
  },
  access,
);
const client = makeClient(lab);
const DEV = 'i-00000000000000001';
const PROD = 'i-0ffffffffffffff01';
const CELLAR = 'mi-0fffffffffffff001';

const allow = (Action: string | string[], Resource: string | string[], Condition?: object) => ({
  Version: '2012-10-17',
  Statement: [{ Sid: 'Only', Effect: 'Allow', Action, Resource, ...(Condition ? { Condition } : {}) }],
});
const send = (target: object) =>
  client.send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      Parameters: { commands: ['true'] },
      ...target,
    }),
  );
const STARTS = ['arn:aws:ec2:*:*:instance/*', 'arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell'];
const DOCUMENT = 'arn:aws:ssm:*::document/AWS-RunShellScript';

test('lab: without a policy everything is allowed, and with one nothing that it does not allow', async () => {
  await client.send(new DescribeInstanceInformationCommand({}));
  access.enforce(allow('ssm:GetDocument', '*'));
  await assert.rejects(client.send(new DescribeInstanceInformationCommand({})), {
    name: 'AccessDeniedException',
    message:
      'User: arn:aws:iam::123456789012:user/lab is not authorized to perform: ssm:DescribeInstanceInformation on resource: arn:aws:ssm:us-east-1:123456789012:* because no identity-based policy allows the ssm:DescribeInstanceInformation action',
  });
  await client.send(new GetDocumentCommand({ Name: 'AWS-RunShellScript' }));
  access.enforce(undefined);
  await client.send(new DescribeInstanceInformationCommand({}));
});

test('lab: SendCommand needs the document and every instance named, and says which it lacks', async () => {
  access.enforce(allow('ssm:SendCommand', 'arn:aws:ec2:*:*:instance/*'));
  await assert.rejects(send({ InstanceIds: [DEV] }), {
    message: /on resource: arn:aws:ssm:us-east-1::document\/AWS-RunShellScript because/,
  });
  access.enforce(allow('ssm:SendCommand', [DOCUMENT, `arn:aws:ec2:us-east-1:*:instance/${DEV}`]));
  await send({ InstanceIds: [DEV] });
  await assert.rejects(send({ InstanceIds: [DEV, PROD] }), {
    message: new RegExp(`on resource: arn:aws:ec2:us-east-1:123456789012:instance/${PROD} because`),
  });
  await assert.rejects(send({ InstanceIds: [CELLAR] }), { message: /:managed-instance\/mi-/ });
  await assert.rejects(
    makeClient(lab, 'eu-central-1').send(
      new SendCommandCommand({
        DocumentName: 'AWS-RunShellScript',
        InstanceIds: [DEV],
        Parameters: { commands: ['true'] },
      }),
    ),
    {
      message: /on resource: arn:aws:ec2:eu-central-1:/,
    },
  );
});

test('lab: of instances meant by tag, those that may not be reached end as AccessDenied under a command that succeeds', async () => {
  const tagged = allow('ssm:SendCommand', ['arn:aws:ec2:*:*:instance/*'], {
    StringEquals: { 'ssm:resourceTag/env': ['dev'] },
  });
  access.enforce({
    ...tagged,
    Statement: [
      ...tagged.Statement,
      ...allow(['ssm:SendCommand'], DOCUMENT).Statement,
      ...allow('ssm:ListCommandInvocations', '*').Statement,
    ],
  });
  const { Command } = await send({ Targets: [{ Key: 'tag:env', Values: ['dev', 'prod'] }] });
  const ended = await until('the invocations', async () => {
    const { CommandInvocations = [] } = await client.send(
      new ListCommandInvocationsCommand({ CommandId: Command?.CommandId }),
    );
    return CommandInvocations.length === 4 &&
      CommandInvocations.every(({ Status }) => Status === 'Success' || Status === 'Failed')
      ? CommandInvocations
      : undefined;
  });
  assert.deepEqual(
    Object.fromEntries(ended.map(({ InstanceId, StatusDetails }) => [InstanceId, StatusDetails])),
    {
      [DEV]: 'Success',
      'i-00000000000000002': 'Success',
      [PROD]: 'AccessDenied',
      [CELLAR]: 'AccessDenied',
    },
  );
});

test('lab: StartSession needs the instance and the session document, the default one also where none is named', async () => {
  access.enforce(undefined);
  const Content = JSON.stringify({ schemaVersion: '1.0', sessionType: 'Standard_Stream', inputs: {} });
  await client.send(new CreateDocumentCommand({ Name: 'Ours', DocumentType: 'Session', Content }));
  const [instances, documents] = ['arn:aws:ec2:*:*:instance/*', 'arn:aws:ssm:*:*:document/'];
  const start = (DocumentName?: string) =>
    startSession(client, { instanceId: DEV, documentName: DocumentName });
  access.enforce(allow('ssm:StartSession', instances));
  for (const [name, why, next] of [
    [
      undefined,
      /lack ssm:StartSession on \S+:document\/SSM-SessionManagerRunShell: the default document/,
      /on that document/,
    ],
    ['Ours', /lack ssm:StartSession on \S+:123456789012:document\/Ours$/, /on that document/],
  ] as const)
    await assert.rejects(start(name), (error: UserError) => {
      assert.match(error.why, why);
      assert.match(error.next, next);
      return true;
    });
  access.enforce(allow('ssm:StartSession', `${documents}*`));
  await assert.rejects(start(), (error: UserError) => {
    assert.match(error.why, /lack ssm:StartSession on \S+:instance\/i-\w+$/);
    assert.match(error.next, /start-access-request[\s\S]*get-access-token/);
    return true;
  });
  access.enforce(allow('ssm:StartSession', [instances, `${documents}SSM-SessionManagerRunShell`]));
  await start();
  await assert.rejects(start('Ours'));
  access.enforce(allow('ssm:StartSession', [instances, `${documents}Ours`]));
  await start('Ours');
});

test('lab: a data channel is opened under the guide’s form, or under none, and under no other', async () => {
  for (const [resource, isAllowed] of [
    [`arn:aws:ssm:*:*:session/\${aws:userid}-*`, true],
    ['*', true],
    [`arn:aws:ssm:*:*:session/\${aws:username}-*`, false],
  ] as const) {
    access.enforce(undefined);
    const session = await startSession(client, { instanceId: DEV });
    access.enforce(allow('ssmmessages:OpenDataChannel', resource));
    const socket = new WebSocket(session.StreamUrl, { headers: session.headers });
    const status = await new Promise((resolve) => {
      socket.on('error', () => {});
      socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode));
    });
    socket.terminate();
    // No machine is behind the host, so nothing is there to be opened.
    assert.equal(status, isAllowed ? 404 : 403, resource);
  }
});

test('lab: a session is its starter’s: by the user’s name, by the caller’s id, or by the tag', async () => {
  const start = async () => (await startSession(client, { instanceId: DEV })).SessionId;
  const end = (SessionId: string) => client.send(new TerminateSessionCommand({ SessionId }));
  const byName = allow(
    ['ssm:StartSession', 'ssm:TerminateSession'],
    [...STARTS, `arn:aws:ssm:*:*:session/\${aws:username}-*`],
  );
  const byId = allow(byName.Statement[0]!.Action, [...STARTS, `arn:aws:ssm:*:*:session/\${aws:userid}-*`]);
  const byTag = {
    ...byName,
    Statement: [
      ...allow('ssm:StartSession', STARTS).Statement,
      ...allow('ssm:TerminateSession', 'arn:aws:ssm:*:*:session/*', {
        StringLike: { 'ssm:resourceTag/aws:ssmmessages:session-id': [`\${aws:userid}`] },
      }).Statement,
    ],
  };
  access.enforce(byName);
  const users = await start();
  assert.match(users, /^lab-/);
  access.enforce(byName, LAB_ROLE);
  const roles = await start();
  assert.match(roles, /^kim-/);
  await assert.rejects(end(roles), { name: 'AccessDeniedException' }, 'a role has no aws:username');
  access.enforce(byTag, LAB_ROLE);
  await end(roles);
  await assert.rejects(end(users), {
    message: /User: arn:aws:sts::123456789012:assumed-role\/operators\/kim /,
  });
  access.enforce(byId, LAB_ROLE);
  await assert.rejects(end(users), { name: 'AccessDeniedException' });
  await end(await start());
  access.enforce(byName);
  await end(users);
});

test('lab: what a policy has and no call needed is told, to the pair of action and resource and the value', async () => {
  access.enforce(
    allow(['ssm:SendCommand', 'ssm:CancelCommand'], [DOCUMENT, 'arn:aws:ec2:*:*:instance/*'], {
      StringEquals: { 'aws:RequestedRegion': ['us-east-1', 'eu-central-1'] },
    }),
  );
  await send({ InstanceIds: [DEV] });
  await assert.rejects(client.send(new CancelCommandCommand({ CommandId: crypto.randomUUID() })));
  assert.deepEqual(access.unused(), [
    `Only: ssm:CancelCommand on ${DOCUMENT}`,
    'Only: ssm:CancelCommand on arn:aws:ec2:*:*:instance/*',
    'Only: StringEquals aws:RequestedRegion eu-central-1',
  ]);
});

test('lab: a policy that it cannot read is refused, not guessed at', () => {
  for (const wrong of [
    { Version: '2008-10-17', Statement: [] },
    { ...allow('ssm:GetDocument', '*'), Statement: [] },
    allow('GetDocument', '*'),
    allow('ssm:GetDocument', 'document/x'),
    allow('ssm:GetDocument', '*', { NumericEquals: { 'aws:x': '1' } }),
    { Version: '2012-10-17', Statement: [{ Effect: 'Allow', NotAction: 'ssm:x', Resource: '*' }] },
  ])
    assert.throws(() => access.enforce(wrong), { code: 'bad-policy' }, JSON.stringify(wrong));
});

/** Cases of the evaluation itself: pattern of action, of resource, condition; and whether the request below is allowed. */
const REQUEST: AccessRequest = {
  action: 'ssm:StartSession',
  resource: 'arn:aws:ec2:us-east-1:123456789012:instance/i-1',
  context: new Map([
    ['aws:username', 'a*b'],
    ['ssm:resourcetag/env', 'dev'],
    ['aws:requestedregion', 'us-east-1'],
  ]),
};
const CASES: readonly (readonly [action: string, resource: string, condition: object, isAllowed: boolean])[] =
  [
    ['ssm:StartSession', '*', {}, true],
    ['SSM:startsession', '*', {}, true],
    ['ssm:Start*', '*', {}, true],
    ['ssm:StartSessio?', '*', {}, true],
    ['ssm:Start', '*', {}, false],
    ['*', '*', {}, true],
    ['*', 'arn:aws:ec2:*:*:instance/*', {}, true],
    ['*', 'arn:aws:*:*:*:instance/i-2', {}, false],
    ['*', 'arn:aws:ec2:us-east-?:123456789012:instance/i-?', {}, true],
    ['*', 'arn:aws:ssm:*:*:instance/*', {}, false],
    ['*', `arn:aws:ec2:*:*:instance/\${aws:username}`, {}, false],
    ['*', `arn:aws:ec2:*:*:\${aws:userid}*`, {}, false],
    ['*', '*', { StringEquals: { 'ssm:resourceTag/env': 'dev' } }, true],
    ['*', '*', { StringEquals: { 'ssm:resourceTag/env': ['test', 'dev'] } }, true],
    ['*', '*', { StringEquals: { 'ssm:resourceTag/env': 'd*' } }, false],
    ['*', '*', { StringLike: { 'ssm:resourceTag/env': 'd*' } }, true],
    ['*', '*', { StringEquals: { 'ssm:resourceTag/team': 'web' } }, false],
    [
      '*',
      '*',
      { StringEquals: { 'ssm:resourceTag/env': 'dev', 'aws:RequestedRegion': 'eu-central-1' } },
      false,
    ],
    ['*', '*', { StringEquals: { 'aws:username': 'a*b' } }, true],
    ['*', '*', { StringLike: { 'aws:username': `a\${*}b` } }, true],
  ];

for (const [action, resource, condition, isAllowed] of CASES) {
  test(`lab: ${action} on ${resource} if ${JSON.stringify(condition)} ${isAllowed ? 'allows' : 'does not allow'}`, () => {
    const { effect } = decide(readPolicy(allow(action, resource, condition)), REQUEST);
    assert.equal(effect, isAllowed ? 'allow' : 'not allowed');
  });
}

test('lab: a deny wins over every allow, wherever it stands', () => {
  const [yes] = allow('*', '*').Statement;
  const no = { ...yes, Effect: 'Deny', Action: 'ssm:*Session' };
  for (const Statement of [
    [yes, no],
    [no, yes],
  ])
    assert.equal(decide(readPolicy({ Version: '2012-10-17', Statement }), REQUEST).effect, 'denied');
});
