import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ResumeSessionCommand, StartSessionCommand, TerminateSessionCommand } from '@aws-sdk/client-ssm';
import { WebSocket } from 'ws';
import { startSession } from '../session/dialogue.ts';
import { frame, type RawClient, rawClient } from './raw-client.ts';
import { makeClient, pause, sandboxMissing, until, useLab } from './test-lab.ts';

const skip = sandboxMissing();
const WEB = 'i-0aaaaaaaaaaaaaaa1';
const STALL_SECONDS = 3;
const hosts = skip ? [] : [{ name: 'web-1', id: WEB, tags: {} }];
const lab = await useLab({ hosts, consistencySeconds: 0 });
const impatient = await useLab({ hosts, consistencySeconds: 0, stallSeconds: STALL_SECONDS });
const client = makeClient(lab);

async function start(ssm = client) {
  const started = await ssm.send(new StartSessionCommand({ Target: WEB }));
  return { id: started.SessionId ?? '', url: started.StreamUrl ?? '', token: started.TokenValue ?? '' };
}

/** With a shell that waits for its first line: a client's first message opens it where no handshake does. */
async function open(): Promise<RawClient & { id: string }> {
  const raw = await openSilent();
  raw.input(3, '{"cols":80,"rows":24}');
  await until('a prompt', () => /[$#] $/.test(raw.text()));
  return raw;
}

async function openSilent(): Promise<RawClient & { id: string }> {
  const { id, url, token } = await start();
  return { ...(await rawClient(url, token)), id };
}

function finish({ id, socket }: { id: string; socket: WebSocket }) {
  return client
    .send(new TerminateSessionCommand({ SessionId: id }))
    .then(() => until('the close', () => socket.readyState === WebSocket.CLOSED));
}

const ACCEPTED = { ActionType: 'SessionType', ActionStatus: 1, ActionResult: null, Error: '' };
const answer = (ProcessedClientActions: unknown[]) =>
  JSON.stringify({ ClientVersion: '1.2.707.0', ProcessedClientActions, Errors: [] });

test('the channel opens with a handshake request for a standard stream, and an accepted one is completed', {
  skip,
}, async () => {
  const raw = await openSilent();
  const [request] = raw.received;
  assert.deepEqual(
    [request?.type, request?.sequence, request?.flags, request?.payloadType],
    ['output_stream_data', 0, 1, 5],
  );
  const asked = JSON.parse(String(request?.payload));
  assert.equal(asked.RequestedClientActions[0].ActionParameters.SessionType, 'Standard_Stream');
  raw.input(6, answer([ACCEPTED]));
  const complete = await until('the completion', () => raw.received.find((one) => one.payloadType === 7));
  assert.ok(JSON.parse(String(complete.payload)).HandshakeTimeToComplete > 0);
  assert.deepEqual([complete.sequence, complete.flags], [1, 0]);
  await until('a prompt', () => /[$#] $/.test(raw.text()));
  raw.input(1, 'stty size\r');
  await until('no size yet', () => /\r\n0 0\r\n/.test(raw.text()));
  raw.input(3, JSON.stringify({ cols: 111, rows: 33 }));
  raw.input(1, 'stty size\r');
  await until('its size', () => /\r\n33 111\r\n/.test(raw.text()));
  await finish(raw);
});

test('a client that refuses the session type is told and closed', { skip }, async () => {
  const raw = await openSilent();
  raw.input(6, answer([{ ...ACCEPTED, ActionStatus: 3 }]));
  await until('the close', raw.isClosed);
  assert.match(raw.closing(), /did not accept the session type/);
});

test('every input message is acknowledged by type, id and number, a duplicate again', { skip }, async () => {
  const raw = await open();
  const ids = [raw.input(1, 'ec'), raw.input(1, 'ho one\r')];
  const again = frame({ sequence: 2, payload: 'ho one\r', id: ids[1] ?? '' });
  raw.socket.send(again);
  const acknowledged = () =>
    raw.received
      .filter(({ type }) => type === 'acknowledge')
      .map(({ payload }) => JSON.parse(String(payload)))
      .map((one) => [
        one.AcknowledgedMessageType,
        one.AcknowledgedMessageId,
        one.AcknowledgedMessageSequenceNumber,
      ]);
  await until('four acknowledgements', () => acknowledged().length === 4);
  const type = 'input_stream_data';
  assert.deepEqual(acknowledged().slice(1), [
    [type, ids[0], 1],
    [type, ids[1], 2],
    [type, ids[1], 2],
  ]);
  await until('the answer', () => /\r\none\r\n/.test(raw.text()));
  await finish(raw);
});

test('pause_publication keeps output back, start_publication lets all of it out, in order', {
  skip,
}, async () => {
  const raw = await open();
  const gate = '/tmp/gate';
  const host = lab.host(WEB);
  raw.input(1, `while [ ! -e ${gate} ]; do sleep 0.05; done; seq 1 2000; echo d"one"\r`);
  await until('the echo', () => /d"one"\r\n/.test(raw.text()));
  raw.control('pause_publication');
  // A second session on the same host sees the file, so what the first prints is printed by then.
  await host.exec(['touch', gate]);
  const quiet = raw.received.length;
  await pause(700);
  assert.equal(raw.received.length, quiet, 'something came through a pause');
  raw.control('start_publication');
  await until('the output', () => /\r\ndone\r\n/.test(raw.text()));
  assert.deepEqual(
    raw
      .text()
      .split('\r\n')
      .map((line) => /^(?:\$ )?(\d+)$/.exec(line)?.[1])
      .filter(Boolean),
    Array.from({ length: 2000 }, (_, index) => String(index + 1)),
  );
  raw.control('pause_publication');
  // A key ends a pause as well: the agent takes any input for a client that reads again.
  raw.input(1, 'echo th"ere"\r');
  await until('the answer', () => /\r\nthere\r\n/.test(raw.text()));
  await host.exec(['rm', gate]);
  await finish(raw);
});

test('a ping is answered with its own words, before the channel is open and after', { skip }, async () => {
  const { id, url, token } = await start();
  const socket = new WebSocket(url);
  const pongs: string[] = [];
  socket.on('pong', (data) => pongs.push(data.toString()));
  await new Promise((resolve) => socket.once('open', resolve));
  socket.ping('early');
  await until('the first pong', () => pongs.length === 1);
  socket.send(JSON.stringify({ MessageSchemaVersion: '1.0', TokenValue: token }));
  await new Promise((resolve) => socket.once('message', resolve));
  socket.ping('late');
  await until('the second pong', () => pongs.length === 2);
  assert.deepEqual(pongs, ['early', 'late']);
  await finish({ id, socket });
});

test('a newer connection takes over from the older, with everything that was not acknowledged', {
  skip,
}, async () => {
  const first = await open();
  first.input(1, 'echo fi"rst"\r');
  await until('the answer', () => /\r\nfirst\r\n/.test(first.text()));
  first.setAcknowledging(false);
  first.control('pause_publication');
  first.input(1, 'echo un"heard"\r');
  await until('the answer', () => /\r\nunheard\r\n/.test(first.text()));
  const resumed = await client.send(new ResumeSessionCommand({ SessionId: first.id }));
  const second = await rawClient(resumed.StreamUrl ?? '', resumed.TokenValue ?? '', first.next());
  await until('the older to be closed', () => first.socket.readyState === WebSocket.CLOSED);
  assert.equal(first.closing(), '', 'its session goes on');
  await until('what was not acknowledged', () => /\r\nunheard\r\n/.test(second.text()));
  second.input(1, 'echo se"cond"\r');
  await until('the answer', () => /\r\nsecond\r\n/.test(second.text()));
  assert.doesNotMatch(second.text(), /\r\nfirst\r\n/);
  await finish({ id: first.id, socket: second.socket });
});

test('output that nobody acknowledges for the stall limit ends the session with that reason', {
  skip,
}, async () => {
  const { url, token } = await start(makeClient(impatient));
  const raw = await rawClient(url, token, 0, false);
  await until('the close', raw.isClosed);
  assert.equal(
    raw.closing(),
    `The session was closed: the client has acknowledged nothing for ${STALL_SECONDS} seconds.`,
  );
  // One that has nothing to acknowledge may be as silent as it likes.
  const silent = await startSession(makeClient(impatient), WEB);
  assert.equal(await Promise.race([silent.session.ended, pause(STALL_SECONDS * 1500)]), undefined);
  silent.session.close();
});

test('megabytes behind a gap close the session with a reason', { skip }, async () => {
  const raw = await openSilent();
  for (let sequence = 1; sequence < 100; sequence += 1)
    raw.socket.send(frame({ sequence, payload: Buffer.alloc(120_000) }));
  await until('the close', raw.isClosed);
  assert.match(raw.closing(), /^The session was closed: too much after the gap at sequence number 0/);
});

test('an acknowledgement without an object, a flag too short and an unknown flag are each judged for themselves', {
  skip,
}, async () => {
  const broken = await open();
  broken.socket.send(frame({ sequence: 0, type: 'acknowledge', payloadType: 0, payload: 'null' }));
  await until('the close', broken.isClosed);
  assert.match(broken.closing(), /an acknowledgement that is not JSON/);
  const harmless = await open();
  harmless.input(10, Buffer.from([0, 0]));
  harmless.input(10, Buffer.from([0, 0, 0, 1]));
  harmless.input(1, 'echo th"ere"\r');
  await until('the answer', () => /\r\nthere\r\n/.test(harmless.text()));
  harmless.input(10, Buffer.from([0, 0, 0, 2]));
  await until('the end that was asked for', harmless.isClosed);
});

test('an address that decodes to nothing and a client that hangs up in the middle harm nobody', {
  skip,
}, async () => {
  const other = await startSession(client, WEB);
  const head = (path: string) =>
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${lab.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
  const said = await new Promise<string>((resolve) => {
    let text = '';
    const socket = connect(lab.port, '127.0.0.1', () => socket.write(head('/v1/data-channel/%E0%A4%A')));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
  });
  assert.match(said, /^HTTP\/1.1 404/);
  const { id, url } = await start();
  for (const path of ['/v1/data-channel/%zz', new URL(url).pathname]) {
    const socket = connect(lab.port, '127.0.0.1', () => {
      socket.write(head(path));
      socket.resetAndDestroy();
    });
    await new Promise((resolve) => socket.on('close', resolve));
  }
  assert.equal(await other.ask('echo well'), 'well');
  other.session.close();
  await client.send(new TerminateSessionCommand({ SessionId: id }));
});
