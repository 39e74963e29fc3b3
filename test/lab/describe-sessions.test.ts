import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  DescribeSessionsCommand,
  type DescribeSessionsCommandInput,
  ResumeSessionCommand,
  StartSessionCommand,
  TerminateSessionCommand,
} from '@aws-sdk/client-ssm';
import { makeClient, makeFolder, syntheticHosts, useLab } from './test-lab.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
const COUNT = 450;

/** Newest first, an hour apart, on three targets in turn; the last is 31 days old. */
const sessions = Array.from({ length: COUNT }, (_, index) => {
  const endedAt = index === COUNT - 1 ? NOW - 31 * DAY_MS : NOW - index * 3_600_000;
  return {
    sessionId: `lab-${String(index).padStart(4, '0')}`,
    target: `i-0000000000000000${(index % 3) + 1}`,
    owner: 'arn:aws:iam::123456789012:user/lab',
    reason: index === 0 ? 'look' : '',
    documentName: 'SSM-SessionManagerRunShell',
    startedAt: endedAt - 60_000,
    endedAt,
    status: 'Terminated',
    details: '',
  };
});
const dir = makeFolder();
mkdirSync(dir, { recursive: true });
writeFileSync(join(dir, 'records.json'), JSON.stringify({ commands: [], sessions }));
const lab = await useLab({
  dir,
  hosts: [
    ...syntheticHosts(3),
    { name: 'away', id: 'i-0ddddddddddddddd1', tags: {}, synthetic: { outcome: 'Offline' } },
  ],
});
const client = makeClient(lab);

function describe(input: Partial<DescribeSessionsCommandInput>) {
  return client.send(new DescribeSessionsCommand({ State: 'History', ...input }));
}

test('history comes in pages of at most 200, newest first, and reaches 30 days back', async () => {
  const ids: (string | undefined)[] = [];
  const sizes: number[] = [];
  let NextToken: string | undefined;
  do {
    const page = await describe({ NextToken });
    sizes.push(page.Sessions?.length ?? 0);
    ids.push(...(page.Sessions ?? []).map(({ SessionId }) => SessionId));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  assert.deepEqual(sizes, [200, 200, 49]);
  assert.deepEqual(
    ids,
    sessions.slice(0, -1).map(({ sessionId }) => sessionId),
  );
  assert.equal((await describe({ MaxResults: 1 })).Sessions?.length, 1);
  for (const MaxResults of [0, 201])
    await assert.rejects(describe({ MaxResults }), { name: 'ValidationException' });
  await assert.rejects(describe({ NextToken: 'made-up' }), { name: 'InvalidNextToken' });
});

test('filters narrow down by target, owner, status, id and time, all at once', async () => {
  const count = async (...Filters: { key: string; value: string }[]) =>
    (await describe({ Filters: Filters as never })).Sessions?.length;
  assert.equal(await count({ key: 'Target', value: 'i-00000000000000002' }), 150);
  assert.equal(await count({ key: 'Owner', value: 'somebody else' }), 0);
  assert.equal(await count({ key: 'Status', value: 'Connected' }), 0);
  assert.equal(await count({ key: 'SessionId', value: 'lab-0007' }), 1);
  const dayAgo = new Date(NOW - DAY_MS).toISOString();
  const after = await count({ key: 'InvokedAfter', value: dayAgo });
  assert.equal(after, 24);
  assert.equal(
    await count({ key: 'InvokedAfter', value: dayAgo }, { key: 'Target', value: 'i-00000000000000001' }),
    8,
  );
  await assert.rejects(count({ key: 'Colour', value: 'x' }), { name: 'ValidationException' });
});

test('a session is described with what it has: no empty reason, no empty details', async () => {
  const [first, second] = (await describe({ MaxResults: 2 })).Sessions ?? [];
  assert.equal(first?.Reason, 'look');
  assert.deepEqual(Object.hasOwn(second ?? {}, 'Reason'), false);
  assert.equal(first?.EndDate?.getTime(), sessions[0]?.endedAt);
});

test('no session starts on a host that is away or unknown, none resumes that is over, and ending twice is no error', async () => {
  for (const Target of ['i-0ddddddddddddddd1', 'i-0eeeeeeeeeeeeeee1'])
    await assert.rejects(client.send(new StartSessionCommand({ Target })), {
      name: 'TargetNotConnected',
      message: `${Target} is not connected.`,
    });
  for (const SessionId of ['lab-0001', 'lab-never']) {
    await assert.rejects(client.send(new ResumeSessionCommand({ SessionId })), {
      name: 'DoesNotExistException',
    });
    assert.equal((await client.send(new TerminateSessionCommand({ SessionId }))).SessionId, SessionId);
  }
  await assert.rejects(client.send(new StartSessionCommand({ Target: 'x', Reason: 'r'.repeat(257) })), {
    name: 'ValidationException',
  });
});
