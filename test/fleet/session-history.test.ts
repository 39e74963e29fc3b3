import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CreateDocumentCommand } from '@aws-sdk/client-ssm';
import { readSessionHistory } from '../../src/fleet/session-history.ts';
import { makeClient } from '../lab/test-lab.ts';
import { startTestLab } from '../support/lab.ts';

const HOUR_MS = 3_600_000;
const now = Date.now();

/** An hour apart, newest first, on two instances in turn. */
function recordsOf(count: number, more: object = {}): object[] {
  return Array.from({ length: count }, (_, index) => ({
    sessionId: `lab-${String(index).padStart(5, '0')}`,
    target: `i-0000000000000000${(index % 2) + 1}`,
    owner: 'arn:aws:iam::123456789012:user/lab',
    reason: '',
    documentName: 'SSM-SessionManagerRunShell',
    startedAt: now - index * HOUR_MS - 1_200_000,
    endedAt: now - index * HOUR_MS,
    status: 'Terminated',
    details: '',
    ...more,
  }));
}

async function startWith(context: TestContext, sessions: object[], minuteSeconds = 60) {
  const lab = await startTestLab(context, { records: { sessions }, hosts: [], minuteSeconds });
  const client = makeClient(lab);
  context.after(() => client.destroy());
  return { lab, client };
}

test('session history: page by page, from a time on, of all instances or one', async (context) => {
  const { client } = await startWith(context, recordsOf(450));
  const since = new Date(now - 410 * HOUR_MS);
  const all = await readSessionHistory(client, { since });
  assert.deepEqual([all.sessions.length, all.isCut], [410, false]);
  assert.equal(all.sessions[0]?.lengthSeconds, 1200);
  const one = await readSessionHistory(client, { since, instanceId: 'i-00000000000000002' });
  assert.equal(one.sessions.length, 205);
});

test('session history: no more than the newest 2,000 are read, and that is said', async (context) => {
  const { lab, client } = await startWith(
    context,
    recordsOf(2300, { startedAt: now - 60_000, endedAt: now }),
  );
  const { sessions, isCut } = await readSessionHistory(client, { since: new Date(now - HOUR_MS) });
  assert.deepEqual([sessions.length, isCut], [2000, true]);
  assert.equal(lab.requests.length, 10);
});

test('session history: what documents of one’s own say is read once; the service’s are not asked for', async (context) => {
  const sessions = [
    ...recordsOf(3, { documentName: 'Short', maxSessionDuration: '90' }),
    ...recordsOf(1, { documentName: 'Gone' }),
    ...recordsOf(1, { documentName: 'AWS-StartPortForwardingSession' }),
  ];
  const { lab, client } = await startWith(context, sessions);
  await client.send(
    new CreateDocumentCommand({
      Name: 'Short',
      DocumentType: 'Session',
      DocumentFormat: 'JSON',
      Content: '{"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{"idleSessionTimeout":"5"}}',
    }),
  );
  const found = await readSessionHistory(client, { since: new Date(now - 30 * 24 * HOUR_MS) });
  assert.deepEqual([...found.documents.keys()], ['Short']);
  assert.equal(found.documents.get('Short')?.idleMinutes, 5);
  assert.equal(found.sessions[0]?.maximumSeconds, 5400);
  assert.equal(lab.requests.filter(({ operation }) => operation === 'GetDocument').length, 2);
});

test('the lab tells a session as long as it was in its own minutes', async (context) => {
  const { client } = await startWith(context, recordsOf(1), 6);
  const { sessions } = await readSessionHistory(client, { since: new Date(now - HOUR_MS) });
  assert.equal(sessions[0]?.lengthSeconds, 12_000);
  assert.equal(sessions[0]?.endedAt.getTime(), now);
});

test('session history: a session whose date is none is left out', async (context) => {
  const [good = {}, bad = {}] = recordsOf(2);
  const { client } = await startWith(context, [good, { ...bad, endedAt: 1e300 }]);
  const { sessions } = await readSessionHistory(client, { since: new Date(now - 24 * HOUR_MS) });
  assert.deepEqual(
    sessions.map(({ lengthSeconds }) => lengthSeconds),
    [1200],
  );
});
