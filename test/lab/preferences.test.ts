import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateDocumentCommand,
  DeleteDocumentCommand,
  DescribeSessionsCommand,
  UpdateDocumentCommand,
  UpdateDocumentDefaultVersionCommand,
} from '@aws-sdk/client-ssm';
import { startSession } from '../session/dialogue.ts';
import { makeClient, sandboxMissing, useLab } from './test-lab.ts';

const IDLE_SENTENCE = 'Your session timed out due to inactivity and has been terminated.';
const MAXIMUM_SENTENCE =
  'Your session timed out because it reached the maximum session duration and has been terminated.';
const skip = sandboxMissing();
const WEB = 'i-0aaaaaaaaaaaaaaa1';
/** A minute of a document lasts a second here. */
const lab = await useLab({
  hosts: skip ? [] : [{ name: 'web-1', id: WEB, tags: {} }],
  idleSeconds: 600,
  minuteSeconds: 1,
  shellProfile: 'FROM=lab',
  consistencySeconds: 0,
});
const client = makeClient(lab);

function content(inputs: Record<string, unknown>): string {
  return JSON.stringify({ schemaVersion: '1.0', sessionType: 'Standard_Stream', inputs });
}

function create(Name: string, inputs: Record<string, unknown>) {
  return client.send(new CreateDocumentCommand({ Name, Content: content(inputs), DocumentType: 'Session' }));
}

test('a session ends after the idle timeout of the document it was started with', { skip }, async () => {
  await create('short-idle', { idleSessionTimeout: '4' });
  const began = Date.now();
  const talk = await startSession(client, WEB, {}, 'short-idle');
  const { sentence, at } = await talk.session.ended;
  assert.equal(sentence, IDLE_SENTENCE);
  assert.ok(at - began >= 4000, 'it ended before its timeout');
});

test('the maximum duration ends a session that is busy all the time, in words of its own', {
  skip,
}, async () => {
  await create('short-life', { idleSessionTimeout: '60', maxSessionDuration: '5' });
  const began = Date.now();
  const talk = await startSession(client, WEB, {}, 'short-life');
  const keys = setInterval(() => talk.session.write(' '), 200);
  const listed = await client.send(
    new DescribeSessionsCommand({
      State: 'Active',
      Filters: [{ key: 'SessionId', value: talk.session.id }],
    }),
  );
  assert.deepEqual(
    listed.Sessions?.map(({ DocumentName, MaxSessionDuration }) => [DocumentName, MaxSessionDuration]),
    [['short-life', '5']],
  );
  const { sentence, at } = await talk.session.ended;
  clearInterval(keys);
  assert.equal(sentence, MAXIMUM_SENTENCE);
  assert.ok(at - began >= 5000, 'it ended before its maximum');
});

test("a document's shell profile is typed in, once; without one the lab's is", { skip }, async () => {
  await create('with-profile', { shellProfile: { linux: 'FROM=document', windows: 'x' } });
  await create('without-profile', { shellProfile: { linux: '' } });
  for (const [name, from] of [
    ['with-profile', 'document'],
    ['without-profile', 'lab'],
  ] as const) {
    const talk = await startSession(client, WEB, {}, name);
    assert.equal(await talk.ask('echo "$FROM"'), from);
    assert.equal(talk.printed().split('FROM=').length, 2);
    talk.session.close();
  }
});

test("the account's preferences hold for sessions without a document's name, in their default version, from the next session on", {
  skip,
}, async () => {
  const Name = 'SSM-SessionManagerRunShell';
  await create(Name, { shellProfile: { linux: 'FROM=first' } });
  await client.send(
    new UpdateDocumentCommand({ Name, Content: content({ shellProfile: { linux: 'FROM=second' } }) }),
  );
  const first = await startSession(client, WEB);
  assert.equal(await first.ask('echo "$FROM"'), 'first');
  await client.send(new UpdateDocumentDefaultVersionCommand({ Name, DocumentVersion: '2' }));
  const second = await startSession(client, WEB);
  assert.equal(await second.ask('echo "$FROM"'), 'second');
  assert.equal(await first.ask('echo "$FROM"'), 'first');
  await client.send(new DeleteDocumentCommand({ Name }));
  const third = await startSession(client, WEB);
  assert.equal(await third.ask('echo "$FROM"'), 'lab');
  for (const talk of [first, second, third]) talk.session.close();
});
