/** Order, acknowledgement and retransmission at the client. Knows no sockets, so it outlives them. */
import { parseObject } from '../json-object.ts';
import { ACK_FLAGS, type Incoming, packMessage, SYN } from './wire.ts';

/** The wait for an acknowledgement: at first, and at most [plugin: 200 ms default, 1 s at most]. */
const FIRST_WAIT_MS = 200;
const LAST_WAIT_MS = 1000;
/** Above this many unacknowledged messages, the writer should wait. */
const WINDOW_MESSAGES = 1000;
/** How many messages ahead of the expected one are kept; as many as in the plugin [plugin: IncomingMessageBuffer]. */
const AHEAD_MESSAGES = 10_000;
/** So much of it is kept. An agent's messages have 1 KB; ten thousand of the largest frames would fill the memory. */
const AHEAD_BYTES = 16 * 1024 * 1024;
/** The most messages sent again at once: on a slow line more would make it slower. */
const RESEND_MESSAGES = 16;

interface Unanswered {
  readonly frame: Uint8Array;
  readonly firstSentAt: number;
  sentAt: number;
  waitMs: number;
}

export class Stream {
  /** How many messages had to be sent again. */
  resent = 0;
  private nextOut = 0;
  private nextIn = 0;
  private isHeld = false;
  private waitMs = FIRST_WAIT_MS;
  private roundTripMs = 0;
  private varianceMs = 0;
  private readonly early = new Map<number, Incoming>();
  private earlyBytes = 0;
  private readonly unanswered = new Map<number, Unanswered>();
  private waiting: (() => void)[] = [];

  /** @param now the time in milliseconds; tests give their own */
  constructor(
    private readonly transmit: (frame: Uint8Array) => void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get hasRoom(): boolean {
    return this.unanswered.size < WINDOW_MESSAGES;
  }

  /** How long the oldest input waits for its acknowledgement, in ms; 0: none waits, or the other side said hold. */
  get oldestWaitMs(): number {
    const [oldest] = this.unanswered.values();
    return oldest === undefined || this.isHeld ? 0 : this.now() - oldest.firstSentAt;
  }

  drained(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  send(payloadType: number, payload: Uint8Array): void {
    const sequence = this.nextOut;
    this.nextOut += 1;
    const frame = packMessage('input_stream_data', sequence, sequence === 0 ? SYN : 0n, payloadType, payload);
    const sentAt = this.now();
    this.unanswered.set(sequence, { frame, firstSentAt: sentAt, sentAt, waitMs: this.waitMs });
    if (!this.isHeld) this.transmit(frame);
  }

  /** Acknowledges an output message and returns all messages that can be delivered now: in order, each once. */
  receive(message: Incoming): Incoming[] {
    const isNext = message.sequence === this.nextIn;
    const isTooMuch = this.earlyBytes + message.payload.length > AHEAD_BYTES;
    // Too far ahead to keep, or too much. Without an acknowledgement it will be sent again.
    if (message.sequence >= this.nextIn + AHEAD_MESSAGES || (isTooMuch && message.sequence > this.nextIn))
      return [];
    const body = {
      AcknowledgedMessageType: message.type,
      AcknowledgedMessageId: message.id,
      AcknowledgedMessageSequenceNumber: message.sequence,
      IsSequentialMessage: true,
    };
    this.transmit(packMessage('acknowledge', 0, ACK_FLAGS, 0, Buffer.from(JSON.stringify(body))));
    if (!isNext) {
      this.keep(message);
      return [];
    }
    const ready: Incoming[] = [];
    for (let next: Incoming | undefined = message; next !== undefined; next = this.early.get(this.nextIn)) {
      ready.push(next);
      if (this.early.delete(this.nextIn)) this.earlyBytes -= next.payload.length;
      this.nextIn += 1;
    }
    return ready;
  }

  private keep(message: Incoming): void {
    if (message.sequence < this.nextIn || this.early.has(message.sequence)) return;
    // A copy: the payload alone would hold the whole frame.
    this.early.set(message.sequence, { ...message, payload: message.payload.slice() });
    this.earlyBytes += message.payload.length;
  }

  acknowledge(message: Incoming): void {
    const body = parseObject(Buffer.from(message.payload).toString());
    // Anything but a number is no key of this map.
    const sequence = body?.['AcknowledgedMessageSequenceNumber'] as number;
    const entry = this.unanswered.get(sequence);
    if (entry === undefined) return;
    // From the first copy: too long an estimate only delays, too short a one repeats everything on a slow line.
    this.measure(Math.min(this.now() - entry.firstSentAt, LAST_WAIT_MS));
    this.unanswered.delete(sequence);
    if (this.hasRoom) this.release();
  }

  /** For pause_publication: keeps numbered input until start_publication; still sends acknowledgements. */
  hold(): void {
    this.isHeld = true;
  }

  unhold(): void {
    if (this.isHeld) this.restart();
  }

  /** For a new socket: ends the hold and sends everything unacknowledged again, in order. */
  restart(): void {
    this.isHeld = false;
    this.resend(true);
  }

  /** Sends the oldest overdue messages again; everything on a new socket (`isFresh`). Call it regularly. */
  resend(isFresh = false): void {
    if (this.isHeld) return;
    const now = this.now();
    let left = isFresh ? Number.POSITIVE_INFINITY : RESEND_MESSAGES;
    for (const entry of this.unanswered.values()) {
      if (left === 0) return;
      if (!isFresh && now - entry.sentAt < entry.waitMs) continue;
      entry.sentAt = now;
      entry.waitMs = isFresh ? this.waitMs : Math.min(entry.waitMs * 2, LAST_WAIT_MS);
      this.resent += 1;
      left -= 1;
      this.transmit(entry.frame);
    }
  }

  /** Releases the writers that wait for room: the session has ended. */
  release(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** The wait follows the smoothed round trip and its variance, as in the plugin and in TCP. */
  private measure(tripMs: number): void {
    if (this.roundTripMs === 0) {
      this.roundTripMs = tripMs;
      this.varianceMs = tripMs / 2;
    } else {
      this.varianceMs += (Math.abs(tripMs - this.roundTripMs) - this.varianceMs) / 4;
      this.roundTripMs += (tripMs - this.roundTripMs) / 8;
    }
    this.waitMs = Math.min(Math.max(this.roundTripMs + 4 * this.varianceMs, FIRST_WAIT_MS), LAST_WAIT_MS);
  }
}
