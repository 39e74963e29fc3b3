import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { type WebSocket, WebSocketServer } from 'ws';
import { sleep, steadyClock } from '../../src/clock.ts';
import { decodeMessage, encodeMessage } from '../../src/lab/channel/message.ts';
import { answerHandshake } from '../../src/session/handshake.ts';
import { openSession } from '../../src/session/index.ts';
import { Link } from '../../src/session/link.ts';
import { Stream } from '../../src/session/stream.ts';
import { QUERY, SequenceFinder } from '../../src/session/terminal.ts';
import { Payload, packMessage, unpackMessage } from '../../src/session/wire.ts';

test('a query is found wherever the output is cut, and nothing else is taken for one', () => {
  const text = Buffer.from('a\x1b[5n\x1b\x1b[5nb\x1b[5\x1b[5n\x1b[55n\x1b[6n5n');
  for (let cut = 0; cut <= text.length; cut += 1) {
    const finder = new SequenceFinder(QUERY);
    assert.equal(finder.count(text.subarray(0, cut)) + finder.count(text.subarray(cut)), 3, `cut at ${cut}`);
  }
});

test('what the lab writes the client reads, and the other way round, byte for byte, from two codecs that share no code', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 3000 }),
      fc.nat(2 ** 40),
      fc.constantFrom(1, 3, 5, 10),
      (payload, sequence, payloadType) => {
        const id = randomUUID();
        const read = unpackMessage(
          encodeMessage({
            type: 'output_stream_data',
            sequence,
            flags: 0,
            id,
            payloadType,
            payload: Buffer.from(payload),
          }),
        );
        assert.deepEqual(read && { ...read, payload: [...read.payload] }, {
          type: 'output_stream_data',
          sequence,
          id,
          payloadType,
          payload: [...payload],
        });
        const back = decodeMessage(
          Buffer.from(packMessage('input_stream_data', sequence, 1n, payloadType, payload)),
        );
        assert.deepEqual(
          [back.type, back.sequence, back.flags, back.payloadType, [...back.payload]],
          ['input_stream_data', sequence, 1, payloadType, [...payload]],
        );
      },
    ),
    { numRuns: 200 },
  );
});

test('output is delivered in order and once, whatever order and however often it arrives, and every copy is acknowledged', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }),
      fc.array(fc.nat(7)),
      (order, again) => {
        let acknowledged = 0;
        const stream = new Stream(() => {
          acknowledged += 1;
        });
        const arrivals = [...order.slice(0, 4), ...again, ...order.slice(4)];
        const delivered = arrivals.flatMap((sequence) =>
          stream.receive({
            type: 'output_stream_data',
            sequence,
            id: '',
            payloadType: 1,
            payload: Buffer.alloc(0),
          }),
        );
        assert.deepEqual(
          delivered.map(({ sequence }) => sequence),
          [0, 1, 2, 3, 4, 5, 6, 7],
        );
        assert.equal(acknowledged, arrivals.length);
      },
    ),
  );
});

test('input that is not acknowledged is sent again until it is', () => {
  const sent: Uint8Array[] = [];
  const stream = new Stream((frame) => sent.push(frame));
  stream.send(1, Buffer.from('a'));
  stream.send(1, Buffer.from('b'));
  stream.resend();
  assert.equal(sent.length, 2, 'nothing is late yet');
  const body = Buffer.from(JSON.stringify({ AcknowledgedMessageSequenceNumber: 0 }));
  stream.acknowledge({ type: 'acknowledge', sequence: 0, id: '', payloadType: 0, payload: body });
  stream.resend(true);
  assert.deepEqual(sent[2], sent[1]);
  assert.equal(sent.length, 3);
});

function acknowledgement(sequence: number): Parameters<Stream['acknowledge']>[0] {
  const payload = Buffer.from(JSON.stringify({ AcknowledgedMessageSequenceNumber: sequence }));
  return { type: 'acknowledge', sequence: 0, id: '', payloadType: 0, payload };
}

test('a slow line is not told everything twice: how long an acknowledgement may take follows the round trip', () => {
  let now = 0;
  const stream = new Stream(
    () => {},
    () => now,
  );
  for (let sequence = 0; sequence < 20; sequence += 1) {
    stream.send(1, Buffer.from('x'));
    now += 600;
    stream.resend();
    stream.acknowledge(acknowledgement(sequence));
  }
  assert.ok(stream.resent <= 1, `${stream.resent} sent again`);
});

test('a whole window that waits is not sent again at once, only its oldest messages', () => {
  let now = 0;
  let sent = 0;
  const stream = new Stream(
    () => {
      sent += 1;
    },
    () => now,
  );
  for (let i = 0; i < 500; i += 1) stream.send(1, Buffer.from('x'));
  now += 300;
  stream.resend();
  assert.equal(sent, 516);
  assert.equal(stream.oldestWaitMs, 300);
});

test('while publication is paused input waits, then goes out in order; acknowledgements go out all the same', () => {
  const sent: Uint8Array[] = [];
  const stream = new Stream((frame) => sent.push(frame));
  stream.hold();
  for (const text of ['a', 'b']) stream.send(1, Buffer.from(text));
  stream.resend();
  assert.equal(stream.oldestWaitMs, 0);
  assert.equal(sent.length, 0);
  stream.receive({
    type: 'output_stream_data',
    sequence: 0,
    id: '',
    payloadType: 1,
    payload: Buffer.alloc(0),
  });
  assert.deepEqual(
    sent.map((frame) => unpackMessage(frame)?.type),
    ['acknowledge'],
  );
  stream.unhold();
  assert.deepEqual(
    sent.slice(1).map((frame) => Buffer.from(unpackMessage(frame)?.payload ?? '').toString()),
    ['a', 'b'],
  );
  stream.unhold();
  assert.equal(sent.length, 3, 'a second start changes nothing');
});

test('a full window says so, and whoever waits hears when there is room, or that it is over', async () => {
  const stream = new Stream(() => {});
  await stream.drained();
  while (stream.hasRoom) stream.send(1, Buffer.from('x'));
  const [first, second] = [stream.drained(), stream.drained()];
  stream.acknowledge(acknowledgement(0));
  await Promise.all([first, second]);
  stream.send(1, Buffer.from('x'));
  assert.equal(stream.hasRoom, false);
  const third = stream.drained();
  stream.release();
  await third;
});

test('output far ahead of its turn is neither kept nor acknowledged, and a broken acknowledgement changes nothing', () => {
  let sent = 0;
  const stream = new Stream(() => {
    sent += 1;
  });
  const payload = Buffer.alloc(0);
  assert.deepEqual(stream.receive({ type: '', sequence: 10_000, id: '', payloadType: 1, payload }), []);
  assert.equal(sent, 0);
  stream.send(1, Buffer.from('x'));
  for (const text of ['', 'null', '{}', '{"AcknowledgedMessageSequenceNumber":7}'])
    stream.acknowledge({ type: '', sequence: 0, id: '', payloadType: 0, payload: Buffer.from(text) });
  stream.restart();
  assert.equal(stream.resent, 1);
});

test('a handshake: a terminal is accepted, encryption and ports are refused by name, nonsense refuses nothing', () => {
  const ask = (...actions: unknown[]) =>
    answerHandshake(Buffer.from(JSON.stringify({ RequestedClientActions: actions })));
  const type = (SessionType: string) => ({ ActionType: 'SessionType', ActionParameters: { SessionType } });
  assert.deepEqual(ask(type('Standard_Stream')).refused, []);
  assert.deepEqual(ask(type('InteractiveCommands')).refused, []);
  assert.deepEqual(ask({ ActionType: 'KMSEncryption' }, type('Port')).refused, ['KMSEncryption', 'Port']);
  const { ProcessedClientActions: actions } = JSON.parse(
    Buffer.from(ask({ ActionType: 'KMSEncryption' }, type('Standard_Stream')).payload).toString(),
  );
  assert.deepEqual(
    actions.map(({ ActionStatus }: { ActionStatus: number }) => ActionStatus),
    [3, 1],
  );
  assert.deepEqual(answerHandshake(Buffer.from('nonsense')).refused, []);
});

/** The other side of a data channel, which says what a test wants. */
async function listen(context: TestContext, talk: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  context.after(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  server.on('connection', (socket) => socket.once('message', () => talk(socket)));
  await new Promise((resolve) => server.once('listening', resolve));
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const say = (socket: WebSocket, type: string, sequence: number, payloadType: number, body: unknown) =>
  socket.send(packMessage(type, sequence, 0n, payloadType, Buffer.from(spellBody(body))));

/** Deeper than JSON.stringify can go; JSON.parse reads it. */
const DEEP = Symbol('a list in a list, 100,000 times');
const spellBody = (body: unknown): string =>
  JSON.stringify(body, (_, value) => (value === DEEP ? 'DEEP' : value)).replaceAll(
    '"DEEP"',
    '['.repeat(100_000) + ']'.repeat(100_000),
  );

/** What no agent puts where the protocol has a text, a list or an object. */
const ODD: readonly unknown[] = [
  null,
  7,
  -1e308,
  true,
  [],
  {},
  [null],
  [[]],
  { toString: 1, valueOf: 1 },
  'x'.repeat(100_000),
  DEEP,
];

test('no message ends the process, whatever it holds where the protocol has a text, a list or an object', async (context) => {
  const bodies = ODD.flatMap((odd) => [
    odd,
    { RequestedClientActions: odd },
    { RequestedClientActions: [odd] },
    { RequestedClientActions: [{ ActionType: odd, ActionParameters: odd }] },
    { RequestedClientActions: [{ ActionType: 'SessionType', ActionParameters: { SessionType: odd } }] },
    { Output: odd },
    { AcknowledgedMessageSequenceNumber: odd },
  ]);
  let next = 0;
  const StreamUrl = await listen(context, (socket) => {
    const body = bodies[next++];
    say(socket, 'output_stream_data', -1, Payload.HandshakeRequest, body);
    say(socket, 'output_stream_data', 0, Payload.HandshakeRequest, body);
    for (const [at, payloadType] of Object.values(Payload).entries())
      say(socket, 'output_stream_data', 1 + at, payloadType, body);
    say(socket, 'acknowledge', 0, 0, body);
    say(socket, 'pause_publication', 0, 0, body);
    say(socket, 'channel_closed', 0, 0, body);
  });
  for (const body of bodies) {
    const what = spellBody(body).slice(0, 100);
    const opening = openSession({ session: { SessionId: 's', StreamUrl, TokenValue: 't' } });
    const end = await opening.then(({ ended }) => ended).catch((error) => error.end);
    assert.equal(end.by, 'service', what);
    assert.equal(typeof end.sentence, 'string', what);
  }
});

test('a handshake is answered once, however often it is asked for', async (context) => {
  let answers = 0;
  let end = (): void => {};
  const heard = new Promise<void>((resolve) => {
    end = resolve;
  });
  const StreamUrl = await listen(context, (socket) => {
    socket.on('message', (data: Buffer) => {
      const message = unpackMessage(data);
      if (message?.payloadType === Payload.HandshakeResponse) answers += 1;
      // Acknowledgements come in the order of what they are for.
      if (/"AcknowledgedMessageSequenceNumber":50[,}]/.test(Buffer.from(message?.payload ?? []).toString()))
        end();
    });
    for (let sequence = 0; sequence < 50; sequence += 1)
      say(socket, 'output_stream_data', sequence, Payload.HandshakeRequest, { RequestedClientActions: [] });
    say(socket, 'output_stream_data', 50, Payload.HandshakeComplete, {});
  });
  const session = await openSession({ session: { SessionId: 's', StreamUrl, TokenValue: 't' } });
  await heard;
  session.close();
  assert.equal(answers, 1);
});

test('of output that comes too early only so much is kept and acknowledged; the rest is taken when it comes again', () => {
  const MiB = 1024 * 1024;
  let acknowledged = 0;
  const stream = new Stream(() => {
    acknowledged += 1;
  });
  const payload = new Uint8Array(MiB);
  const receive = (sequence: number) =>
    stream.receive({ type: 'output_stream_data', sequence, id: 'x', payloadType: 1, payload });
  for (let sequence = 1; sequence <= 40; sequence += 1) receive(sequence);
  assert.equal(acknowledged, 16);
  const taken: number[] = [];
  for (let round = 0; round < 3; round += 1)
    for (let sequence = 0; sequence <= 40; sequence += 1)
      taken.push(...receive(sequence).map((message) => message.sequence));
  assert.deepEqual(
    taken,
    Array.from({ length: 41 }, (_, at) => at),
  );
});

test('where the other side writes and does not read, what waits to be sent is bounded, pongs too', async (context) => {
  const FRAMES = 64;
  const MARK = new Uint8Array(1);
  let isThrough = false;
  let received = 0;
  let pongs = 0;
  let socket: WebSocket | undefined;
  let heard = (): void => {};
  const StreamUrl = await listen(context, (opened) => {
    socket = opened;
    opened.on('message', (data: Buffer) => {
      received += data.length;
      if (data.length === MARK.length) isThrough = true;
    });
    opened.on('pong', () => {
      pongs += 1;
    });
    opened.pause();
    say(opened, 'start_publication', 0, 0, {});
  });
  const link = await new Promise<Link>((resolve) => {
    const made: Link = new Link(
      { StreamUrl, TokenValue: 't', clientId: 'c', headers: {} },
      {
        opened() {},
        message({ type }) {
          if (type === 'start_publication') resolve(made);
          else heard();
        },
        gone() {},
      },
      steadyClock,
    );
  });
  for (let at = 0; at < FRAMES; at += 1) link.send(new Uint8Array(1024 * 1024));
  const all = new Promise<void>((resolve) => {
    heard = resolve;
  });
  for (let at = 0; at < 100; at += 1) socket?.ping('x'.repeat(100));
  if (socket) say(socket, 'pause_publication', 0, 0, {});
  await all;
  socket?.resume();
  while (!isThrough) {
    link.send(MARK);
    await sleep(steadyClock, 10);
  }
  link.close();
  // What the kernel holds for both ends comes on top.
  assert.ok(received <= 24 * 1024 * 1024, `${received} bytes were sent`);
  assert.equal(pongs, 0);
});
