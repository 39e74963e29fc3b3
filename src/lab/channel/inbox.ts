/** Orders a client's messages, drops duplicates, and reports a client that runs too far ahead. */
import type { ChannelMessage } from './message.ts';

/** How far a client may run ahead of the expected number, in messages and in bytes. */
const AHEAD_LIMIT = 10_000;
const AHEAD_BYTES = 8 * 1024 * 1024;

export class Inbox {
  private expected = 0;
  private readonly ahead = new Map<number, ChannelMessage>();
  private aheadBytes = 0;

  /** Why this message cannot be taken; undefined: it can. */
  judge({ sequence, payload }: ChannelMessage): string | undefined {
    if (sequence < 0 || sequence > this.expected + AHEAD_LIMIT)
      return `sequence number ${sequence} while ${this.expected} is expected`;
    return this.aheadBytes + payload.length > AHEAD_BYTES && sequence !== this.expected
      ? `too much after the gap at sequence number ${this.expected}`
      : undefined;
  }

  /** The messages that are next now; none for a duplicate or behind a gap. */
  take(message: ChannelMessage): ChannelMessage[] {
    const { sequence, payload } = message;
    if (sequence < this.expected || this.ahead.has(sequence)) return [];
    this.ahead.set(sequence, message);
    this.aheadBytes += payload.length;
    const ready: ChannelMessage[] = [];
    for (let next = this.ahead.get(this.expected); next !== undefined; next = this.ahead.get(this.expected)) {
      this.ahead.delete(this.expected);
      this.aheadBytes -= next.payload.length;
      this.expected += 1;
      ready.push(next);
    }
    return ready;
  }
}
