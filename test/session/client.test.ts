import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeMessage, encodeMessage, newMessageId } from '../../src/lab/channel/message.ts';
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
