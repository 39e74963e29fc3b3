import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeMessage, encodeMessage, newMessageId } from '../../src/lab/channel/message.ts';
import { answerHandshake } from '../../src/session/handshake.ts';
import { Stream } from '../../src/session/stream.ts';
import { QueryFinder } from '../../src/session/terminal.ts';
import { packMessage, unpackMessage } from '../../src/session/wire.ts';

test('a query is found wherever the output is cut, and nothing else is taken for one', () => {
  const text = Buffer.from('a\x1b[5n\x1b\x1b[5nb\x1b[5\x1b[5n\x1b[55n\x1b[6n5n');
  for (let cut = 0; cut <= text.length; cut += 1) {
    const finder = new QueryFinder();
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
        const id = newMessageId();
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
