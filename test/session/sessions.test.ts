import assert from 'node:assert/strict';
import * as nodeCrypto from 'node:crypto';
import { test } from 'node:test';
import {
  DescribeSessionsCommand,
  ResumeSessionCommand,
  StartSessionCommand,
  TerminateSessionCommand,
} from '@aws-sdk/client-ssm';
import { WebSocket } from 'ws';
import { openSession } from '../../src/session/index.ts';
import { frame, patch, rawClient } from '../lab/raw-client.ts';
import { makeClient, sandboxMissing, until, useLab } from '../lab/test-lab.ts';
import { isLong, someOf } from '../support/turns.ts';
import { type Dialogue, startSession } from './dialogue.ts';

const skip = sandboxMissing();
const WEB = 'i-0aaaaaaaaaaaaaaa1';
const lab = await useLab({
  consistencySeconds: 0,
  shellProfile: 'PROFILE=typed',
  hosts: skip ? [] : [{ name: 'web-1', id: WEB, tags: {} }],
});
const client = makeClient(lab);

test("a session types, prints and ends with its shell, in the service's way: no sentence", {
  skip,
}, async () => {
  const talk = await startSession(client, WEB);
  assert.equal(await talk.ask('echo $((40 + 2))'), '42');
  talk.session.write('exit 3\r');
  assert.deepEqual(await talk.session.ended.then(({ sentence, by }) => ({ sentence, by })), {
    sentence: '',
    by: 'service',
  });
});

test('the shell profile is typed at once, visibly, exactly once', { skip }, async () => {
  const talk = await startSession(client, WEB);
  assert.equal(await talk.ask('echo "$PROFILE"'), 'typed');
  assert.equal(talk.printed().split('PROFILE=typed').length, 2);
  talk.session.close();
});

test("the window's size reaches the terminal, also when it changes under a running program", {
  skip,
}, async () => {
  const talk = await startSession(client, WEB, { size: { cols: 132, rows: 43 } });
  assert.equal(await talk.ask('stty size'), '43 132');
  await talk.say('trap "stty size" WINCH; echo re"ady"\r', /ready/);
  talk.session.resize(97, 31);
  talk.session.write('\r');
  await talk.wait(/31 97/);
  talk.session.close();
});

test('Ctrl-C interrupts, Ctrl-Z stops, Ctrl-D ends', { skip }, async () => {
  const talk = await startSession(client, WEB);
  const isRunning = async (line: string) =>
    (await lab.host(WEB).exec(['pgrep', '-x', '-f', line])).code === 0;
  await talk.say('sleep 600; echo "left $?"\r', /sleep 600/);
  // Not before it runs: until then the signal meets the shell, which ignores it.
  await until('sleep to run', () => isRunning('sleep 600'));
  await talk.say('\x03', /[$#] $/);
  await talk.say('sleep 601\r', /sleep 601/);
  await until('the second to run', () => isRunning('sleep 601'));
  await talk.say('\x1a', /Stopped/);
  await talk.say('kill %1\r', /Terminated|[$#] $/);
  talk.session.write('\x04\x04');
  assert.equal((await talk.session.ended).by, 'service');
});

test('two sessions of one host do not see each other', { skip }, async () => {
  const [one, two] = await Promise.all([startSession(client, WEB), startSession(client, WEB)]);
  const [first, second] = await Promise.all([one.ask('echo one; tty'), two.ask('echo two; tty')]);
  assert.match(first, /^one\n\/dev\/pts\/\d+$/);
  assert.match(second, /^two\n\/dev\/pts\/\d+$/);
  assert.notEqual(first.slice(4), second.slice(4));
  assert.doesNotMatch(one.printed(), /two/);
  one.session.close();
  assert.equal(await two.ask('echo still'), 'still');
  two.session.close();
});

test('megabytes arrive whole and in order, and a long paste reaches the program whole', {
  skip,
}, async () => {
  const talk = await startSession(client, WEB);
  const numbers = `seq 1 ${isLong ? 700_000 : 200_000}`;
  const digest = await talk.ask(`stty -opost; ${numbers} | md5sum | cut -c1-32`);
  const printed = await talk.ask(numbers);
  const { createHash } = nodeCrypto;
  assert.equal(createHash('md5').update(`${printed.trim()}\n`).digest('hex'), digest);
  const paste = 'abcdefghi\r'.repeat(5000);
  await talk.say('stty raw -echo; echo go; head -c 50000 | md5sum; stty sane\r', /go/);
  await talk.say(paste, new RegExp(createHash('md5').update(paste).digest('hex')));
  talk.session.close();
});

test("a session's end kills the shell alone: the terminal hangs up its foreground, and what ignores that lives on", {
  skip,
}, async () => {
  const talk = await startSession(client, WEB);
  await talk.say('nohup sleep 611 >/dev/null 2>&1 & sh -c \'trap "" HUP; sleep 612\' & sleep 613\r', /613/);
  const count = async (what: string) =>
    (await lab.host(WEB).exec(['pgrep', '-c', '-x', '-f', what])).stdout.trim();
  await until('all three', async () => (await count('sleep 61[123]')) === '3');
  await client.send(new TerminateSessionCommand({ SessionId: talk.session.id }));
  assert.equal((await talk.session.ended).by, 'service');
  await until('the foreground to be gone', async () => (await count('sleep 613')) === '0');
  assert.equal(await count('sleep 61[12]'), '2');
  await lab.host(WEB).exec(['pkill', '-f', 'sleep 61']);
});

test('DescribeSessions knows the active and the ended', { skip }, async () => {
  const talk = await startSession(client, WEB);
  const find = async (State: 'Active' | 'History') =>
    (
      await client.send(
        new DescribeSessionsCommand({ State, Filters: [{ key: 'SessionId', value: talk.session.id }] }),
      )
    ).Sessions?.[0];
  assert.deepEqual([(await find('Active'))?.Status, await find('History')], ['Connected', undefined]);
  await client.send(new TerminateSessionCommand({ SessionId: talk.session.id }));
  const ended = await until('the end', () => find('History'));
  assert.deepEqual([ended.Status, ended.Target, await find('Active')], ['Terminated', WEB, undefined]);
  await assert.rejects(client.send(new ResumeSessionCommand({ SessionId: talk.session.id })), {
    name: 'DoesNotExistException',
  });
});

test('a dropped socket loses nothing: what was printed meanwhile comes after ResumeSession', {
  skip,
}, async () => {
  const started = await client.send(new StartSessionCommand({ Target: WEB }));
  const first = await rawClient(started.StreamUrl ?? '', started.TokenValue ?? '');
  first.input(1, 'sleep 0.2; echo la"ter"\r');
  await until('the echo', () => /la"ter"/.test(first.text()));
  first.socket.terminate();
  const resumed = await client.send(new ResumeSessionCommand({ SessionId: started.SessionId }));
  const second = await rawClient(resumed.StreamUrl ?? '', resumed.TokenValue ?? '', first.next());
  await until('the rest', () => /later/.test(second.text()));
  await client.send(new TerminateSessionCommand({ SessionId: started.SessionId }));
  await until('the close', () => second.socket.readyState === WebSocket.CLOSED);
});

test('a wrong token, no token and an unknown session open nothing', { skip }, async () => {
  const started = await client.send(new StartSessionCommand({ Target: WEB }));
  await assert.rejects(openSession({ session: { ...started, TokenValue: 'wrong' } }), /token is not valid/);
  await assert.rejects(
    openSession({ session: { ...started, StreamUrl: started.StreamUrl?.replace(/lab-\w+/, 'lab-none') } }),
    /404/,
  );
  const socket = new WebSocket(started.StreamUrl ?? '');
  socket.on('open', () => socket.send('{"MessageSchemaVersion":"1.0"}'));
  const [code, reason] = await new Promise<[number, string]>((resolve) =>
    socket.on('close', (c, r) => resolve([c, r.toString()])),
  );
  assert.deepEqual([code, reason], [1003, 'request to open data channel does not contain token']);
  const talk = await openSession({ session: started });
  talk.close();
});

const good = (sequence: number) => frame({ sequence, payload: Buffer.from('x') });
const broken: [what: string, bytes: Buffer][] = [
  ['a truncated header', good(0).subarray(0, 60)],
  ['a truncated payload', good(0).subarray(0, 120)],
  ['a payload length beyond the frame', patch(good(0), 116, 0xffff_ff00)],
  ['a wrong header length', patch(good(0), 0, 115)],
  ['a wrong digest', patch(good(0), 80, 1)],
  ['an unknown message type', frame({ sequence: 0, type: 'no_such_thing', payload: Buffer.from('x') })],
  ['an unknown payload type', frame({ sequence: 0, payloadType: 77, payload: Buffer.from('x') })],
  ['a sequence number far ahead', good(1_000_000)],
  ['a size without numbers', frame({ sequence: 0, payloadType: 3, payload: Buffer.from('{}') })],
  [
    'an acknowledgement that is not JSON',
    frame({ sequence: 0, type: 'acknowledge', payloadType: 0, payload: Buffer.from('x') }),
  ],
];
let other: Promise<Dialogue> | undefined;
for (const [what, bytes] of someOf(broken, 3)) {
  test(`${what} closes that session with a reason and harms no other`, { skip }, async () => {
    other ??= startSession(client, WEB);
    const { ask } = await other;
    const started = await client.send(new StartSessionCommand({ Target: WEB }));
    const raw = await rawClient(started.StreamUrl ?? '', started.TokenValue ?? '');
    raw.socket.send(bytes);
    await until('the close', () => raw.socket.readyState === WebSocket.CLOSED);
    assert.match(raw.closing(), /^The session was closed: /);
    assert.equal(await ask('echo well'), 'well');
  });
}

test('a frame larger than any message ends its connection only', { skip }, async () => {
  const talk = await startSession(client, WEB);
  const started = await client.send(new StartSessionCommand({ Target: WEB }));
  const raw = await rawClient(started.StreamUrl ?? '', started.TokenValue ?? '');
  raw.socket.send(Buffer.alloc(2 * 1024 * 1024));
  await until('the close', () => raw.socket.readyState === WebSocket.CLOSED);
  assert.equal(await talk.ask('echo well'), 'well');
  talk.session.close();
  await client.send(new TerminateSessionCommand({ SessionId: started.SessionId }));
});

test('messages out of order are put in order, a duplicate is used once, and an answer that is never acknowledged comes again', {
  skip,
}, async () => {
  const started = await client.send(new StartSessionCommand({ Target: WEB }));
  const raw = await rawClient(started.StreamUrl ?? '', started.TokenValue ?? '', 0, false);
  const text = ['e', 'c', 'ho $((6', '*7))', '\r'];
  const order = [1, 0, 0, 4, 3, 3, 2, 1];
  for (const sequence of order)
    raw.socket.send(frame({ sequence, payload: Buffer.from(text[sequence] ?? '') }));
  await until('the answer', () => /\b42\b/.test(raw.text()));
  assert.doesNotMatch(raw.text(), /eecho|hoho/);
  await until('a retransmission', () => raw.repeats() > 0);
  await client.send(new TerminateSessionCommand({ SessionId: started.SessionId }));
  await until('the close', () => raw.socket.readyState === WebSocket.CLOSED);
});
