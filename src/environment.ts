import type { Interruption } from './interruption.ts';

/** The environment of one run, besides its arguments and streams. */
export interface Environment {
  /** The environment variables. The SDK reads those of the process, so a caller must set both. */
  readonly variables: NodeJS.ProcessEnv;
  /** The working folder: absolute. Paths that users type start here. */
  readonly folder: string;
  readonly version: string;
  /** Node's arguments that start the command line as a separate process. */
  readonly program: readonly string[];
  /** Milliseconds since the start of the process; completion uses it to answer in time. */
  elapsed(): number;
  /** From now on Ctrl-C asks the command to end; before, it ended the process. */
  listenForInterrupts(): Interruption;
}
