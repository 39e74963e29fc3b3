/** The data channel's binary messages, big endian, as agent and plugin write them [agent source, agentmessage.go]. */
import { createHash } from 'node:crypto';

/** Up to the payload-length field, which is not counted. */
const HEADER_LENGTH = 116;
const PAYLOAD_START = HEADER_LENGTH + 4;
const LARGEST_PAYLOAD = 128 * 1024;

const MESSAGE_TYPES = [
  'input_stream_data',
  'output_stream_data',
  'acknowledge',
  'channel_closed',
  'start_publication',
  'pause_publication',
] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** Those that the lab sends or takes. */
export const PAYLOAD = {
  output: 1,
  size: 3,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  flag: 10,
} as const;

export interface ChannelMessage {
  readonly type: MessageType;
  readonly sequence: number;
  readonly flags: number;
  readonly id: string;
  readonly payloadType: number;
  readonly payload: Buffer;
}

/** The message says why. */
export class BadFrameError extends Error {}

/** `createdAt`: epoch milliseconds. */
export function encodeMessage(message: ChannelMessage, createdAt = Date.now()): Buffer {
  const buffer = Buffer.alloc(PAYLOAD_START + message.payload.length);
  buffer.writeUInt32BE(HEADER_LENGTH, 0);
  buffer.write(message.type.padEnd(32, ' '), 4, 'latin1');
  buffer.writeUInt32BE(1, 36);
  buffer.writeBigUInt64BE(BigInt(createdAt), 40);
  buffer.writeBigInt64BE(BigInt(message.sequence), 48);
  buffer.writeBigUInt64BE(BigInt(message.flags), 56);
  uuidToBytes(message.id).copy(buffer, 64);
  createHash('sha256').update(message.payload).digest().copy(buffer, 80);
  buffer.writeUInt32BE(message.payloadType, 112);
  buffer.writeUInt32BE(message.payload.length, HEADER_LENGTH);
  message.payload.copy(buffer, PAYLOAD_START);
  return buffer;
}

/** @throws BadFrameError unless it is exactly one whole message */
export function decodeMessage(buffer: Buffer): ChannelMessage {
  if (buffer.length < PAYLOAD_START)
    throw new BadFrameError(`frame of ${buffer.length} bytes is shorter than a header`);
  const headerLength = buffer.readUInt32BE(0);
  if (headerLength !== HEADER_LENGTH) throw new BadFrameError(`header length ${headerLength}`);
  // The agent pads the name with spaces behind; one known client with NUL bytes in front.
  const type = buffer.toString('latin1', 4, 36).replace(/^[\0 ]+|[\0 ]+$/g, '') as MessageType;
  if (!MESSAGE_TYPES.includes(type)) throw new BadFrameError('unknown message type');
  const payloadLength = buffer.readUInt32BE(HEADER_LENGTH);
  if (payloadLength > LARGEST_PAYLOAD) throw new BadFrameError(`payload length ${payloadLength}`);
  if (payloadLength !== buffer.length - PAYLOAD_START) {
    throw new BadFrameError(
      `payload length ${payloadLength} in a frame that has ${buffer.length - PAYLOAD_START}`,
    );
  }
  const payload = buffer.subarray(PAYLOAD_START);
  checkDigest(payload, buffer.subarray(80, 112));
  return {
    type,
    sequence: Number(buffer.readBigInt64BE(48)),
    flags: Number(buffer.readBigUInt64BE(56)),
    id: bytesToUuid(buffer.subarray(64, 80)),
    payloadType: buffer.readUInt32BE(112),
    payload,
  };
}

/** Accepts also the first 32 hex digits as text: the npm package ssm-session sends that, and the service allows it. */
function checkDigest(payload: Buffer, digest: Buffer): void {
  const expected = createHash('sha256').update(payload).digest();
  if (digest.equals(expected) || digest.toString('latin1') === expected.toString('hex').slice(0, 32)) return;
  throw new BadFrameError('payload digest does not match');
}

/** The low half of the UUID comes first. */
function uuidToBytes(id: string): Buffer {
  const plain = Buffer.from(id.replaceAll('-', ''), 'hex');
  return Buffer.concat([plain.subarray(8), plain.subarray(0, 8)]);
}

function bytesToUuid(bytes: Buffer): string {
  const hex = Buffer.concat([bytes.subarray(8), bytes.subarray(0, 8)]).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
