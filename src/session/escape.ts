/** ssh's way out of a session that hangs: `~.` at the start of a line, `~?` for help, `~~` for one `~`. Knows bytes only. */
const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const QUESTION = 0x3f;
/** A terminal's answer to a heartbeat is no key: it comes in between at any time and must not end a line's start. */
const ANSWER = Buffer.from('\x1b[0n');

export interface Typed {
  /** What goes to the session, in order. */
  readonly send: Uint8Array;
  /** What the user asked of the client; nothing that follows `end` is sent. */
  readonly asks: readonly ('end' | 'help')[];
}

/** One character holds back nothing but itself, and only at the start of a line. */
export class EscapeReader {
  private state: 'start' | 'escape' | 'middle' = 'start';

  /** @param escape the character's code; undefined: nothing is looked for */
  constructor(private readonly code: number | undefined) {}

  read(bytes: Uint8Array): Typed {
    const { code } = this;
    if (code === undefined) return { send: bytes, asks: [] };
    const send: number[] = [];
    const asks: ('end' | 'help')[] = [];
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (ANSWER.equals(bytes.subarray(at, at + ANSWER.length))) {
        send.push(...ANSWER);
        at += ANSWER.length - 1;
        continue;
      }
      if (this.state === 'escape') {
        if (byte === DOT) {
          this.state = 'start';
          return { send: Uint8Array.from(send), asks: [...asks, 'end'] };
        }
        if (byte === QUESTION) {
          asks.push('help');
          this.state = 'start';
          continue;
        }
        send.push(code);
        this.state = 'middle';
        if (byte === code) continue;
      } else if (this.state === 'start' && byte === code) {
        this.state = 'escape';
        continue;
      }
      send.push(byte);
      this.state = byte === CR || byte === LF ? 'start' : 'middle';
    }
    return { send: Uint8Array.from(send), asks };
  }
}
