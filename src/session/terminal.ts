/** Answers as a terminal emulator: finds `ESC [ 5 n` in the output, also if it is split over pieces. */
export const QUERY = '\x1b[5n';
/** The usual answer: "no malfunction". */
export const ANSWER = '\x1b[0n';

/** Terminals with different answers; each as the messages of one answer. */
export const TERMINALS = {
  answers: [ANSWER],
  /** ChromeOS' Secure Shell, a-Shell. */
  hterm: ['\x1b0n'],
  /** The official client on Windows sends each character by itself. */
  'four-messages': [...ANSWER],
  twice: [ANSWER, ANSWER],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type TerminalKind = keyof typeof TERMINALS;

/** Finds queries in output, or answers among keys. */
export class SequenceFinder {
  /** How many sequences were found in all. */
  total = 0;
  private matched = 0;
  private readonly sequence: Uint8Array;

  constructor(sequence: string) {
    this.sequence = Buffer.from(sequence);
  }

  /** How many sequences end in this piece. */
  count(bytes: Uint8Array): number {
    const { sequence } = this;
    let found = 0;
    for (const byte of bytes) {
      // An ESC always starts a new sequence, also inside an unfinished one.
      if (byte === sequence[this.matched]) this.matched += 1;
      else this.matched = byte === sequence[0] ? 1 : 0;
      if (this.matched === sequence.length) {
        found += 1;
        this.matched = 0;
      }
    }
    this.total += found;
    return found;
  }
}
