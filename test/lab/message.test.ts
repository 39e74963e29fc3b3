import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { BadFrameError, decodeMessage, encodeMessage } from '../../src/lab/channel/message.ts';

const DIGEST_AT = 80;
const PAYLOAD_LENGTH_AT = 116;

test('a message comes out as it went in; a bit that changed in its digest, length or payload makes it none', () => {
  const message = {
    type: 'input_stream_data' as const,
    sequence: 7,
    flags: 3,
    id: randomUUID(),
    payloadType: 1,
    payload: Buffer.from('echo \xff\0', 'latin1'),
  };
  const frame = encodeMessage(message, Date.UTC(2026, 0, 1));
  assert.deepEqual(decodeMessage(frame), message);
  assert.equal(frame.readBigUInt64BE(40), BigInt(Date.UTC(2026, 0, 1)));
  const own = [...frame.keys()].filter((at) => (at >= DIGEST_AT && at < 112) || at >= PAYLOAD_LENGTH_AT);
  for (const at of own) {
    const changed = Buffer.from(frame);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => decodeMessage(changed), BadFrameError, `byte ${at}`);
  }
  for (const cut of [0, 100, frame.length - 1])
    assert.throws(() => decodeMessage(frame.subarray(0, cut)), BadFrameError);
  assert.throws(() => decodeMessage(Buffer.concat([frame, Buffer.of(0)])), BadFrameError);
});
