/** Order, acknowledgement and retransmission of one data channel as its client sees it; knows no socket. */
import { ACK_FLAGS, type Incoming, Payload, packMessage, SYN } from './wire.ts';

/** First wait for an acknowledgement, doubled up to the last [plugin: 200 ms default, 1 s at most]. */
const RESEND_MS = 200;
const LAST_RESEND_MS = 1000;
/** Unacknowledged input above which `hasRoom` asks the writer to wait. */
const WINDOW_MESSAGES = 1000;

interface Unanswered {
  readonly frame: Uint8Array;
  sentAt: number;
  waitMs: number;
}

export class Stream {
  /** How many messages had to be sent again. */
  resent = 0;
  private nextOut = 0;
  private nextIn = 0;
  private readonly early = new Map<number, Incoming>();
  private readonly unanswered = new Map<number, Unanswered>();

  constructor(private readonly transmit: (frame: Uint8Array) => void) {}

  get hasRoom(): boolean {
    return this.unanswered.size < WINDOW_MESSAGES;
  }

  send(payloadType: number, payload: Uint8Array): void {
    const sequence = this.nextOut;
    this.nextOut += 1;
    const frame = packMessage('input_stream_data', sequence, sequence === 0 ? SYN : 0n, payloadType, payload);
    this.unanswered.set(sequence, { frame, sentAt: Date.now(), waitMs: RESEND_MS });
    this.transmit(frame);
  }

  /** Acknowledges an output message and returns what is now deliverable: in order, each once. */
  receive(message: Incoming): Incoming[] {
    const body = {
      AcknowledgedMessageType: message.type,
      AcknowledgedMessageId: message.id,
      AcknowledgedMessageSequenceNumber: message.sequence,
      IsSequentialMessage: true,
    };
    this.transmit(packMessage('acknowledge', 0, ACK_FLAGS, 0, Buffer.from(JSON.stringify(body))));
    if (message.sequence >= this.nextIn) this.early.set(message.sequence, message);
    const ready: Incoming[] = [];
    for (let next = this.early.get(this.nextIn); next !== undefined; next = this.early.get(this.nextIn)) {
      this.early.delete(this.nextIn);
      this.nextIn += 1;
      ready.push(next);
    }
    return ready;
  }

  acknowledge(message: Incoming): void {
    const body = JSON.parse(Buffer.from(message.payload).toString('utf8')) as Record<string, unknown>;
    this.unanswered.delete(Number(body['AcknowledgedMessageSequenceNumber']));
  }

  /** Called now and then: sends again what waits too long, or everything after a reconnect (`isFresh`). */
  resend(isFresh = false): void {
    const now = Date.now();
    for (const entry of this.unanswered.values()) {
      if (!isFresh && now - entry.sentAt < entry.waitMs) continue;
      entry.sentAt = now;
      entry.waitMs = Math.min(entry.waitMs * 2, LAST_RESEND_MS);
      this.resent += 1;
      this.transmit(entry.frame);
    }
  }
}

export { Payload };
