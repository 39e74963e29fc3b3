/** What a command may do to the outside: text to two streams. Only src/cli.ts makes one; tests make their own. */
export interface Io {
  /** For the result: what a pipe should get. */
  out(text: string): void;
  /** For people: progress, notes, failures. */
  err(text: string): void;
  readonly isErrTerminal: boolean;
  readonly columns: number;
  readonly hasColor: boolean;
}
