/** Packs and unpacks data-channel messages. Shares no code with the lab's codec on purpose: no mistake can be on both sides. */
import { createHash, randomBytes } from 'node:crypto';

/** Byte offset of each header field; the payload follows its length [session-manager-plugin, clientmessage.go]. */
const AT = {
  headerLength: 0,
  type: 4,
  schema: 36,
  created: 40,
  sequence: 48,
  flags: 56,
  id: 64,
  digest: 80,
  payloadType: 112,
  payloadLength: 116,
  payload: 120,
} as const;

export const SYN = 1n;
/** The flags that the plugin sets on acknowledgements. */
export const ACK_FLAGS = 3n;

export const Payload = {
  Output: 1,
  Size: 3,
  HandshakeRequest: 5,
  HandshakeResponse: 6,
  HandshakeComplete: 7,
  Flag: 10,
  Stderr: 11,
} as const;

export interface Incoming {
  readonly type: string;
  readonly sequence: number;
  /** A UUID in its usual spelling. */
  readonly id: string;
  readonly payloadType: number;
  readonly payload: Uint8Array;
}

export function packMessage(
  type: string,
  sequence: number,
  flags: bigint,
  payloadType: number,
  payload: Uint8Array,
): Uint8Array {
  const frame = new Uint8Array(AT.payload + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint32(AT.headerLength, AT.payloadType + 4);
  frame.fill(0x20, AT.type, AT.schema);
  frame.set(new TextEncoder().encode(type), AT.type);
  view.setUint32(AT.schema, 1);
  view.setBigUint64(AT.created, BigInt(Date.now()));
  view.setBigInt64(AT.sequence, BigInt(sequence));
  view.setBigUint64(AT.flags, flags);
  frame.set(makeUuid(), AT.id);
  frame.set(createHash('sha256').update(payload).digest(), AT.digest);
  view.setUint32(AT.payloadType, payloadType);
  view.setUint32(AT.payloadLength, payload.length);
  frame.set(payload, AT.payload);
  return frame;
}

/** A received message; undefined if the frame is not valid: the caller ignores it, as the official client does. */
export function unpackMessage(frame: Uint8Array): Incoming | undefined {
  if (frame.length < AT.payload) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  // The header's length differs between agents: trust its field, as the plugin does.
  const payloadLengthAt = view.getUint32(AT.headerLength);
  if (payloadLengthAt + 4 > frame.length) return undefined;
  const payload = frame.subarray(payloadLengthAt + 4, payloadLengthAt + 4 + view.getUint32(payloadLengthAt));
  const digest = createHash('sha256').update(payload).digest();
  if (digest.compare(frame, AT.digest, AT.payloadType) !== 0) return undefined;
  return {
    type: new TextDecoder('latin1').decode(frame.subarray(AT.type, AT.schema)).replaceAll('\0', ' ').trim(),
    sequence: Number(view.getBigInt64(AT.sequence)),
    id: spellUuid(frame.subarray(AT.id, AT.digest)),
    payloadType: view.getUint32(AT.payloadType),
    payload,
  };
}

/** A UUID version 4 in wire order (least significant half first). */
function makeUuid(): Uint8Array {
  const bytes = randomBytes(16);
  bytes[14] = ((bytes[14] ?? 0) & 0x0f) | 0x40;
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x80;
  return bytes;
}

function spellUuid(wire: Uint8Array): string {
  const hex = (from: number, to: number) => Buffer.from(wire.subarray(from, to)).toString('hex');
  return [hex(8, 12), hex(12, 14), hex(14, 16), hex(0, 2), hex(2, 8)].join('-');
}
