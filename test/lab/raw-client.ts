/** A client that writes every frame out by hand: a third reading of the format beside the lab's and the product's client. */
import { createHash, randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { until } from './test-lab.ts';

export interface FrameParts {
  readonly sequence: number;
  readonly type?: string;
  readonly payloadType?: number;
  readonly payload: Buffer | string;
  readonly id?: string;
}

/** One whole message. */
export function frame(parts: FrameParts): Buffer {
  const { sequence, type = 'input_stream_data', payloadType = 1, id = randomUUID() } = parts;
  const payload = Buffer.from(parts.payload);
  const head = Buffer.alloc(120);
  head.writeUInt32BE(116, 0);
  head.write(type.padEnd(32), 4);
  head.writeUInt32BE(1, 36);
  head.writeBigUInt64BE(BigInt(Date.now()), 40);
  head.writeBigInt64BE(BigInt(sequence), 48);
  const plain = Buffer.from(id.replaceAll('-', ''), 'hex');
  Buffer.concat([plain.subarray(8), plain.subarray(0, 8)]).copy(head, 64);
  createHash('sha256').update(payload).digest().copy(head, 80);
  head.writeUInt32BE(payloadType, 112);
  head.writeUInt32BE(payload.length, 116);
  return Buffer.concat([head, payload]);
}

export function patch(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32BE(value, at);
  return copy;
}

export interface Received {
  readonly type: string;
  readonly sequence: number;
  readonly flags: number;
  readonly id: string;
  readonly payloadType: number;
  readonly payload: Buffer;
}

export function readFrame(data: Buffer): Received {
  const swapped = Buffer.concat([data.subarray(72, 80), data.subarray(64, 72)]).toString('hex');
  return {
    type: data.toString('latin1', 4, 36).trim(),
    sequence: Number(data.readBigInt64BE(48)),
    flags: Number(data.readBigUInt64BE(56)),
    id: swapped.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    payloadType: data.readUInt32BE(112),
    payload: data.subarray(120),
  };
}

/** The acknowledgement of a received message. */
export function acknowledgement({ type, id, sequence }: Received): Buffer {
  const body = {
    AcknowledgedMessageType: type,
    AcknowledgedMessageId: id,
    AcknowledgedMessageSequenceNumber: sequence,
    IsSequentialMessage: true,
  };
  return frame({ sequence: 0, type: 'acknowledge', payloadType: 0, payload: JSON.stringify(body) });
}

export type RawClient = Awaited<ReturnType<typeof rawClient>>;

/** Without a handshake, which the gateway has to get along with; `from` is its next sequence number. */
export async function rawClient(url: string, token: string, from = 0, isAcknowledging = true) {
  const socket = new WebSocket(url);
  const received: Received[] = [];
  const seen = new Set<number>();
  let sequence = from;
  let text = '';
  let closing: string | undefined;
  let repeats = 0;
  let shouldAcknowledge = isAcknowledging;
  socket.on('error', () => {});
  socket.on('message', (data: Buffer) => {
    const message = readFrame(data);
    received.push(message);
    if (message.type === 'channel_closed')
      closing = String((JSON.parse(message.payload.toString()) as { Output: string }).Output);
    if (message.type !== 'output_stream_data') return;
    if (seen.has(message.sequence)) repeats += 1;
    else if (message.payloadType === 1) text += message.payload.toString('latin1');
    seen.add(message.sequence);
    if (shouldAcknowledge) socket.send(acknowledgement(message));
  });
  await new Promise<void>((resolve) => socket.on('open', resolve));
  socket.send(JSON.stringify({ MessageSchemaVersion: '1.0', RequestId: randomUUID(), TokenValue: token }));
  await until('the first message', () => seen.size > 0 || from > 0);
  return {
    socket,
    received,
    text: () => text,
    /** The sentence of channel_closed; '' also when none has come. */
    closing: () => closing ?? '',
    isClosed: () => closing !== undefined && socket.readyState === WebSocket.CLOSED,
    repeats: () => repeats,
    next: () => sequence,
    setAcknowledging: (value: boolean) => {
      shouldAcknowledge = value;
    },
    /** Sends the next message of the input stream and returns its id. */
    input: (payloadType: number, words: Buffer | string) => {
      const id = randomUUID();
      socket.send(frame({ sequence, payloadType, payload: words, id }));
      sequence += 1;
      return id;
    },
    control: (type: string, content: Record<string, unknown> = {}) =>
      socket.send(frame({ sequence: 0, type, payloadType: 0, payload: JSON.stringify(content) })),
  };
}
