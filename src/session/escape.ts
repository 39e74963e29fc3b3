/** Escapes as in ssh, at the start of a line: `~.` ends the session, `~?` shows help, `~~` sends one `~`. Pure. */
const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const QUESTION = 0x3f;
/** A heartbeat's answer may come at any time. It is not a key, so the start of a line stays the start of a line. */
const ANSWER = Buffer.from('\x1b[0n');

export interface Typed {
  /** The bytes for the session. */
  readonly send: Uint8Array;
  /** The escapes that were typed. Nothing after `end` is sent. */
  readonly asks: readonly ('end' | 'help')[];
}

/** Finds escapes in keys. It holds back only the escape character itself, at the start of a line. */
export class EscapeReader {
  private state: 'start' | 'escape' | 'middle' = 'start';

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
