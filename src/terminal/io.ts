import type { ReadStream, WriteStream } from 'node:tty';
import type { Clock } from '../clock.ts';
import type { Denial } from '../errors.ts';

export interface TerminalStreams {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

/** The only output of a command: text to two streams. src/cli.ts makes it; tests make their own. */
export interface Io {
  /** For the result, also in a pipe. */
  out(text: string): void;
  /** For people: progress, notes, failures. */
  err(text: string): void;
  /** Asks the person at the terminal; absent without a terminal. */
  readonly ask?: (question: string) => Promise<string>;
  /** Records a missing permission. It is reported at the end, if the command worked without it. */
  readonly noteDenial?: (denial: Denial) => void;
  /** The user's terminal, for a session; undefined unless input and output are both a terminal. */
  openTerminal?(): TerminalStreams | undefined;
  /** `err` is a terminal that can redraw a line. */
  readonly canRedraw?: boolean;
  /** The width of the terminal of `out`; 80 without a terminal. */
  readonly columns: number;
  /** The same, absent without a terminal: a pipe gets each line whole. */
  readonly outColumns?: number | undefined;
  /** The width of the terminal of `err`; absent without a terminal. */
  readonly errColumns?: number | undefined;
  readonly hasColor: boolean;
  /** The clock of everything that polls or times out. */
  readonly clock: Clock;
}
