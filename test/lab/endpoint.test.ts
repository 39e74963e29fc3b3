import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  GetDocumentCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
  StartSessionCommand,
} from '@aws-sdk/client-ssm';
import type { HostSpec } from '../../src/lab/index.ts';
import { ManualClock } from '../support/clock.ts';
import { makeClient, syntheticHosts, until, useLab } from './test-lab.ts';

const CONSISTENCY_SECONDS = 0.15;
const OTHERS: HostSpec[] = [
  {
    name: 'broken',
    id: 'i-0ccccccccccccccc1',
    tags: { kind: 'broken' },
    synthetic: { outcome: 'Failed', exitCode: 7, stdout: 'out\n', stderr: 'err\n' },
  },
  { name: 'away', id: 'i-0ccccccccccccccc2', tags: { kind: 'away' }, synthetic: { outcome: 'Offline' } },
  {
    name: 'denied',
    id: 'i-0ccccccccccccccc3',
    tags: { kind: 'hidden' },
    synthetic: { outcome: 'AccessDenied' },
  },
  {
    name: 'lost',
    id: 'i-0ccccccccccccccc4',
    tags: { kind: 'hidden' },
    synthetic: { outcome: 'Undeliverable' },
  },
  {
    name: 'windows',
    id: 'i-0ccccccccccccccc5',
    tags: { kind: 'hidden' },
    synthetic: { outcome: 'InvalidPlatform' },
  },
  { name: 'slow', id: 'i-0ccccccccccccccc6', tags: { kind: 'slow' }, synthetic: { latencySeconds: 60 } },
  {
    name: 'chatty',
    id: 'i-0ccccccccccccccc7',
    tags: { kind: 'chatty' },
    synthetic: { stdout: 'x'.repeat(30_000), stderr: 'y'.repeat(30_000) },
  },
];
const lab = await useLab({
  hosts: [...syntheticHosts(60), ...OTHERS],
  consistencySeconds: CONSISTENCY_SECONDS,
  timeoutScale: 0.01,
});
const client = makeClient(lab);
/** A lab whose time stands still until a test moves it. */
const clock = new ManualClock();
const still = makeClient(
  await useLab({ hosts: [...syntheticHosts(1), ...OTHERS], consistencySeconds: CONSISTENCY_SECONDS, clock }),
);
const FIRST = 'i-00000000000000001';

function send(more: Partial<SendCommandCommandInput>, to = client) {
  return to.send(
    new SendCommandCommand({
      DocumentName: 'AWS-RunShellScript',
      Parameters: { commands: ['true'] },
      ...more,
    } as SendCommandCommandInput),
  );
}

async function sendAndWait(more: Partial<SendCommandCommandInput>) {
  const CommandId = (await send(more)).Command?.CommandId ?? '';
  return until('the command to end', async () => {
    const found = (await client.send(new ListCommandsCommand({ CommandId }))).Commands?.[0];
    return found === undefined || /Pending|InProgress|Cancelling/.test(found.Status ?? '')
      ? undefined
      : found;
  });
}

async function sendStill(more: Partial<SendCommandCommandInput>): Promise<string> {
  return (await send(more, still)).Command?.CommandId ?? '';
}

async function invocationsOf(CommandId: string, from = client) {
  const all = [];
  let NextToken: string | undefined;
  do {
    const page = await from.send(new ListCommandInvocationsCommand({ CommandId, Details: true, NextToken }));
    all.push(...(page.CommandInvocations ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  return all;
}

const refused: [why: string, input: Partial<SendCommandCommandInput>, error: string][] = [
  [
    '51 instance ids',
    { InstanceIds: Array.from({ length: 51 }, (_, n) => `i-${String(n).padStart(17, '0')}`) },
    'ValidationException',
  ],
  ['an id that is none', { InstanceIds: ['web-1'] }, 'ValidationException'],
  ['the same id twice', { InstanceIds: [FIRST, FIRST] }, 'DuplicateInstanceId'],
  ['an unknown id among good ones', { InstanceIds: [FIRST, 'i-0ddddddddddddddd1'] }, 'InvalidInstanceId'],
  ['an offline host by id', { InstanceIds: ['i-0ccccccccccccccc2'] }, 'InvalidInstanceId'],
  [
    'six target keys',
    { Targets: Array.from({ length: 6 }, (_, n) => ({ Key: `tag:k${n}`, Values: ['v'] })) },
    'ValidationException',
  ],
  [
    '51 values of one key',
    { Targets: [{ Key: 'tag:env', Values: Array.from({ length: 51 }, String) }] },
    'ValidationException',
  ],
  [
    'ids and targets together',
    { InstanceIds: [FIRST], Targets: [{ Key: 'tag:env', Values: ['dev'] }] },
    'ValidationException',
  ],
  ['neither ids nor targets', {}, 'InvalidInstanceId'],
  ['a comment of 101 characters', { InstanceIds: [FIRST], Comment: 'c'.repeat(101) }, 'ValidationException'],
  ['a delivery timeout of 29 s', { InstanceIds: [FIRST], TimeoutSeconds: 29 }, 'ValidationException'],
  [
    'a delivery timeout above 30 days',
    { InstanceIds: [FIRST], TimeoutSeconds: 2_592_001 },
    'ValidationException',
  ],
  ['a concurrency of 0', { InstanceIds: [FIRST], MaxConcurrency: '0' }, 'ValidationException'],
  ['a concurrency of 101%', { InstanceIds: [FIRST], MaxConcurrency: '101%' }, 'ValidationException'],
  ['an error limit of 05', { InstanceIds: [FIRST], MaxErrors: '05' }, 'ValidationException'],
  ['an unknown document', { InstanceIds: [FIRST], DocumentName: 'No-Such' }, 'InvalidDocument'],
  [
    'an unknown parameter',
    { InstanceIds: [FIRST], Parameters: { commands: ['true'], shell: ['bash'] } },
    'InvalidParameters',
  ],
  [
    'a document above 64 KB',
    { InstanceIds: [FIRST], Parameters: { commands: ['x'.repeat(65_000)] } },
    'MaxDocumentSizeExceeded',
  ],
  [
    '{{ssm:x}} in a value',
    { InstanceIds: [FIRST], Parameters: { commands: ['echo {{ssm:x}}'] } },
    'InvalidParameters',
  ],
  [
    'any {{ in a value',
    { InstanceIds: [FIRST], Parameters: { commands: ['echo {{ x }}'] } },
    'InvalidParameters',
  ],
];
for (const [why, input, error] of refused) {
  test(`SendCommand refuses ${why} with ${error}`, async () => {
    await assert.rejects(send(input), { name: error });
  });
}

test('SendCommand takes the largest of everything it allows', async () => {
  const sent = await send({
    Targets: [
      ...Array.from({ length: 4 }, (_, n) => ({ Key: `tag:k${n}`, Values: ['v'] })),
      { Key: 'tag:none', Values: Array.from({ length: 50 }, String) },
    ],
    Comment: 'c'.repeat(100),
    TimeoutSeconds: 30,
    MaxConcurrency: '100%',
    MaxErrors: '0',
    Parameters: { commands: ['x'.repeat(60_000)] },
  });
  assert.match(sent.Command?.CommandId ?? '', /^[0-9a-f-]{36}$/);
});

test('right after SendCommand lists are empty and the invocation does not exist', async () => {
  const CommandId = await sendStill({ InstanceIds: [FIRST] });
  const list = async () => (await still.send(new ListCommandsCommand({ CommandId }))).Commands;
  assert.deepEqual(await list(), []);
  assert.deepEqual(await invocationsOf(CommandId, still), []);
  await assert.rejects(still.send(new GetCommandInvocationCommand({ CommandId, InstanceId: FIRST })), {
    name: 'InvocationDoesNotExist',
  });
  await clock.advance(CONSISTENCY_SECONDS * 1000);
  assert.equal((await list())?.[0]?.CommandId, CommandId);
});

test('a tag target counts no host at first and all of them later, AND over keys, OR over values', async () => {
  const sent = await send({ Targets: [{ Key: 'tag:env', Values: ['prod', 'dev'] }] });
  assert.equal(sent.Command?.TargetCount, 0);
  const ended = await until('the end', async () => {
    const found = (await client.send(new ListCommandsCommand({ CommandId: sent.Command?.CommandId })))
      .Commands?.[0];
    return found?.Status === 'Success' ? found : undefined;
  });
  assert.deepEqual([ended.TargetCount, ended.CompletedCount, ended.ErrorCount], [60, 60, 0]);
  const none = await sendAndWait({
    Targets: [
      { Key: 'tag:env', Values: ['dev'] },
      { Key: 'tag:kind', Values: ['slow'] },
    ],
  });
  assert.equal(none.StatusDetails, 'NoInstancesInTag');
});

test('60 invocations come in two pages, and a made-up token is refused', async () => {
  const { CommandId = '' } = await sendAndWait({ Targets: [{ Key: 'tag:env', Values: ['dev'] }] });
  const first = await client.send(new ListCommandInvocationsCommand({ CommandId }));
  assert.equal(first.CommandInvocations?.length, 50);
  assert.equal((await invocationsOf(CommandId)).length, 60);
  await assert.rejects(client.send(new ListCommandInvocationsCommand({ CommandId, NextToken: 'made-up' })), {
    name: 'InvalidNextToken',
  });
});

test('DescribeInstanceInformation gives 10 a page by default, 5 to 50 on request, and no mixture of tag and other filters', async () => {
  assert.equal(
    (await client.send(new DescribeInstanceInformationCommand({}))).InstanceInformationList?.length,
    10,
  );
  assert.equal(
    (await client.send(new DescribeInstanceInformationCommand({ MaxResults: 50 }))).InstanceInformationList
      ?.length,
    50,
  );
  await assert.rejects(client.send(new DescribeInstanceInformationCommand({ MaxResults: 4 })), {
    name: 'ValidationException',
  });
  const mixed = [
    { Key: 'tag:env', Values: ['dev'] },
    { Key: 'PingStatus', Values: ['Online'] },
  ];
  await assert.rejects(client.send(new DescribeInstanceInformationCommand({ Filters: mixed })), {
    name: 'InvalidInstanceInformationFilterValue',
  });
  const away = await client.send(
    new DescribeInstanceInformationCommand({ Filters: [{ Key: 'PingStatus', Values: ['ConnectionLost'] }] }),
  );
  assert.deepEqual(
    away.InstanceInformationList?.map(({ ComputerName }) => ComputerName),
    ['away'],
  );
});

test('a script that fails carries its status and output, cut at 24,000, 8,000 and 2,500 characters', async () => {
  const failed = await sendAndWait({ InstanceIds: ['i-0ccccccccccccccc1'] });
  assert.deepEqual([failed.Status, failed.ErrorCount], ['Failed', 1]);
  const got = await client.send(
    new GetCommandInvocationCommand({ CommandId: failed.CommandId, InstanceId: 'i-0ccccccccccccccc1' }),
  );
  assert.deepEqual(
    [got.StatusDetails, got.ResponseCode, got.StandardOutputContent, got.StandardErrorContent],
    ['Failed', 7, 'out\n', 'err\n'],
  );
  const { CommandId = '' } = await sendAndWait({ InstanceIds: ['i-0ccccccccccccccc7'] });
  const long = await client.send(
    new GetCommandInvocationCommand({ CommandId, InstanceId: 'i-0ccccccccccccccc7' }),
  );
  assert.deepEqual([long.StandardOutputContent?.length, long.StandardErrorContent?.length], [24_000, 8_000]);
  for (const text of [long.StandardOutputContent, long.StandardErrorContent])
    assert.match(text ?? '', /[^-]--output truncated--$/);
  const [listed] = await invocationsOf(CommandId);
  assert.equal(listed?.CommandPlugins?.[0]?.Output?.length, 2500);
  assert.match(listed?.CommandPlugins?.[0]?.Output ?? '', /\n---Output truncated---$/);
});

test('a parent Success hides hosts that ran nothing: Undeliverable, InvalidPlatform and AccessDenied are no errors', async () => {
  const { CommandId = '', ...parent } = await sendAndWait({
    Targets: [{ Key: 'tag:kind', Values: ['hidden'] }],
  });
  assert.deepEqual([parent.Status, parent.ErrorCount, parent.TargetCount], ['Success', 0, 3]);
  const details = (await invocationsOf(CommandId)).map(({ StatusDetails }) => StatusDetails).sort();
  assert.deepEqual(details, ['AccessDenied', 'InvalidPlatform', 'Undeliverable']);
});

test('an offline host under a tag stays Pending until the delivery timeout, then DeliveryTimedOut', async () => {
  const CommandId = await sendStill({
    Targets: [{ Key: 'tag:kind', Values: ['away'] }],
    TimeoutSeconds: 60,
  });
  const details = async () => (await invocationsOf(CommandId, still))[0]?.StatusDetails;
  await clock.advance(59_000);
  assert.equal(await details(), 'Pending');
  await clock.advance(2000 + CONSISTENCY_SECONDS * 1000);
  assert.equal(await details(), 'DeliveryTimedOut');
  const { Commands } = await still.send(new ListCommandsCommand({ CommandId }));
  assert.deepEqual([Commands?.[0]?.DeliveryTimedOutCount, Commands?.[0]?.ErrorCount], [1, 0]);
});

test('MaxConcurrency holds hosts back and MaxErrors stops the rest', async () => {
  const Targets = [{ Key: 'tag:kind', Values: ['slow', 'broken'] }];
  const sent = await send({ Targets, MaxConcurrency: '1', MaxErrors: '0' });
  const CommandId = sent.Command?.CommandId ?? '';
  // `broken` comes first and its error ends the command before `slow` has begun.
  const ended = await until('the end', async () => {
    const found = (await client.send(new ListCommandsCommand({ CommandId }))).Commands?.[0];
    return found?.Status === 'Failed' ? found : undefined;
  });
  assert.equal(ended.CompletedCount, 2);
  assert.deepEqual(
    (await invocationsOf(CommandId)).map(({ StatusDetails }) => StatusDetails),
    ['Failed', 'Terminated'],
  );
});

test('CancelCommand ends what is under way', async () => {
  const sent = await send({ InstanceIds: ['i-0ccccccccccccccc6'] });
  await client.send(new CancelCommandCommand({ CommandId: sent.Command?.CommandId }));
  const ended = await until('the end', async () => {
    const found = (await client.send(new ListCommandsCommand({ CommandId: sent.Command?.CommandId })))
      .Commands?.[0];
    return found?.Status === 'Cancelled' ? found : undefined;
  });
  assert.equal(ended.CompletedCount, 1);
  await assert.rejects(
    client.send(new CancelCommandCommand({ CommandId: '00000000-0000-0000-0000-000000000000' })),
    { name: 'InvalidCommandId' },
  );
});

test('an account that never saved preferences has no session document', async () => {
  await assert.rejects(client.send(new GetDocumentCommand({ Name: 'SSM-SessionManagerRunShell' })), {
    name: 'InvalidDocument',
  });
  assert.equal(
    (await client.send(new GetDocumentCommand({ Name: 'AWS-RunShellScript' }))).DocumentType,
    'Command',
  );
});

test('a session with an offline target is refused', async () => {
  await assert.rejects(client.send(new StartSessionCommand({ Target: 'i-0ccccccccccccccc2' })), {
    name: 'TargetNotConnected',
  });
});

test('a request must be signed, whatever the Region and the credentials', async () => {
  const elsewhere = makeClient(lab, 'eu-west-3');
  assert.equal(
    (await elsewhere.send(new DescribeInstanceInformationCommand({}))).$metadata.httpStatusCode,
    200,
  );
  const bare = await fetch(lab.endpoint, {
    method: 'POST',
    headers: { 'x-amz-target': 'AmazonSSM.ListCommands' },
    body: '{}',
  });
  assert.equal(bare.status, 400);
  assert.equal(((await bare.json()) as { __type: string }).__type, 'MissingAuthenticationTokenException');
});

test('a connection that is idle is not cut off under a client that is about to use it again', async () => {
  const { headers } = await fetch(lab.endpoint, { method: 'POST', body: '{}' });
  assert.ok(Number(/^timeout=(\d+)$/.exec(headers.get('keep-alive') ?? '')?.[1]) >= 60);
});

test('a fault that was asked for comes once, under the name that was asked for', async () => {
  lab.faults.failNext('ListCommands', 'ThrottlingException');
  await assert.rejects(client.send(new ListCommandsCommand({})), { name: 'ThrottlingException' });
  await client.send(new ListCommandsCommand({}));
});
