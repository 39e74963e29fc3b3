import type { Interruption } from './interruption.ts';

/** What surrounds one run of the command line, beside its arguments and streams. */
export interface Environment {
  /** The SDK reads those of the process itself: a caller with others has to make them that process's. */
  readonly variables: NodeJS.ProcessEnv;
  /** The working folder: absolute. Paths that users type start here. */
  readonly folder: string;
  /** Of this package. */
  readonly version: string;
  /** How to start the command line as a process of its own: the arguments of Node. */
  readonly program: readonly string[];
  /** Milliseconds since the start of the process: TAB is answered in time, loading included. */
  elapsed(): number;
  /** From now on Ctrl-C asks the command to end, where it ended the process before. */
  listenForInterrupts(): Interruption;
}
