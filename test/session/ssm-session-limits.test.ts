import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { mock, test } from 'node:test';
import { ssm } from 'ssm-session';
import { encodeMessage } from '../../src/lab/channel/message.ts';
import { Stream } from '../../src/session/stream.ts';
import { packMessage, unpackMessage } from '../../src/session/wire.ts';

/** What docs/session-client.md says of the npm package ssm-session, each beside what this package's client does instead. */

class Connection {
  readonly sent: Uint8Array[] = [];
  bufferedAmount = 0;

  send(data: Uint8Array | string): void {
    if (typeof data !== 'string') this.sent.push(data);
  }

  /** Its numbers as the host reads them. */
  get numbers(): number[] {
    return this.sent.map((frame) => Number(Buffer.from(frame).readBigInt64BE(48)));
  }
}

const TERMINAL = { token: 'token', termOptions: { rows: 24, cols: 80 } };

function output(sequence: number): Buffer {
  return encodeMessage({
    type: 'output_stream_data',
    sequence,
    flags: 0,
    id: randomUUID(),
    payloadType: 1,
    payload: Buffer.from(String(sequence)),
  });
}

test('order: ssm-session hands on what comes as it comes; the client puts it in order', () => {
  const arrivals = [1, 0, 1, 2].map(output);
  const theirs = arrivals.map((frame) => ssm.decode(Uint8Array.from(frame).buffer).sequenceNumber);
  assert.deepEqual(theirs, [1, 0, 1, 2]);
  const stream = new Stream(() => {});
  const ours = arrivals.flatMap((frame) => {
    const message = unpackMessage(frame);
    return message ? stream.receive(message) : [];
  });
  assert.deepEqual(
    ours.map(({ sequence }) => sequence),
    [0, 1, 2],
  );
});

test('order: a second session in the process makes ssm-session repeat numbers in the first; ours have one counter each', () => {
  const [first, second] = [new Connection(), new Connection()];
  ssm.init(first, TERMINAL);
  for (const text of ['a', 'b']) ssm.sendText(first, Buffer.from(text));
  ssm.init(second, TERMINAL);
  ssm.sendText(first, Buffer.from('c'));
  assert.deepEqual(first.numbers, [0, 1, 2, 1], 'the host takes c for a duplicate of a');
  const frames: Uint8Array[] = [];
  const stream = new Stream((frame) => frames.push(frame));
  for (const text of ['size', 'a', 'b']) stream.send(1, Buffer.from(text));
  new Stream(() => {}).send(1, Buffer.from('size'));
  stream.send(1, Buffer.from('c'));
  assert.deepEqual(
    frames.map((frame) => unpackMessage(frame)?.sequence),
    [0, 1, 2, 3],
  );
});

test('acknowledgement: the digest of ssm-session is the first half of its text; ours is the digest', () => {
  const connection = new Connection();
  ssm.init(connection, TERMINAL);
  ssm.sendText(connection, Buffer.from('x'));
  const digest = createHash('sha256').update('x').digest();
  const theirs = Buffer.from(connection.sent[1] ?? '').subarray(80, 112);
  assert.equal(theirs.toString('latin1'), digest.toString('hex').slice(0, 32));
  assert.deepEqual(
    Buffer.from(packMessage('input_stream_data', 0, 0n, 1, Buffer.from('x'))).subarray(80, 112),
    digest,
  );
});

test('retransmission: what nobody acknowledges ssm-session never sends again; the client does until somebody does', (context) => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  context.after(() => mock.timers.reset());
  const connection = new Connection();
  ssm.init(connection, TERMINAL);
  ssm.sendText(connection, Buffer.from('x'));
  mock.timers.tick(60_000);
  assert.equal(connection.sent.length, 2);
  let now = 0;
  const stream = new Stream(
    () => {},
    () => now,
  );
  stream.send(1, Buffer.from('x'));
  for (; now < 60_000; now += 100) stream.resend();
  assert.ok(stream.resent > 30, `${stream.resent}`);
});

test('backpressure: ssm-session sends whatever the socket holds already; the client says when to wait', () => {
  const connection = new Connection();
  ssm.init(connection, TERMINAL);
  connection.bufferedAmount = 1e9;
  for (let i = 0; i < 2000; i += 1) assert.equal(ssm.sendText(connection, Buffer.from('x')), undefined);
  assert.equal(connection.sent.length, 2001);
  const stream = new Stream(() => {});
  let count = 0;
  for (; stream.hasRoom; count += 1) stream.send(1, Buffer.from('x'));
  assert.equal(count, 1000);
});
