import type { ReadStream, WriteStream } from 'node:tty';
import type { Clock } from '../clock.ts';
import type { Denial } from '../errors.ts';

export interface TerminalStreams {
  readonly input: ReadStream;
  readonly output: WriteStream;
}

/** What a command may do to the outside: text to two streams. Only src/cli.ts makes one; tests make their own. */
export interface Io {
  /** For the result: what a pipe should get. */
  out(text: string): void;
  /** For people: progress, notes, failures. */
  err(text: string): void;
  /** Puts a question to the person at the terminal; absent where there is none. */
  readonly ask?: (question: string) => Promise<string>;
  /** Takes note of what these credentials lack; told at the end, where the command did its work without. */
  readonly noteDenial?: (denial: Denial) => void;
  /** The user's terminal, for a command that gives it to a session; undefined unless input and output are both one. */
  openTerminal?(): TerminalStreams | undefined;
  /** The terminal behind `err`, where it can draw a line again. */
  readonly errTerminal?: NodeJS.WritableStream | undefined;
  /** Of the terminal behind `out`; 80 where there is none. */
  readonly columns: number;
  /** Of the terminal behind `err`; absent where there is none. */
  readonly errColumns?: number | undefined;
  readonly hasColor: boolean;
  /** By which whatever polls or times out does so. */
  readonly clock: Clock;
}
