/** The arms: each is one way to spend a session. Command line, run, conclusion and report loop over this list. */

export interface Arm {
  /** What happens in its session, for the report. */
  readonly describe: string;
  /** The line typed once after the marker; undefined: nothing is typed, and the host's own keeper works. */
  readonly line: ((tickSeconds: number) => string) | undefined;
  /** The client answers ESC[5n as every terminal emulator does. */
  readonly answers?: true;
  /** What the client sends once a tick: Enter, or the terminal's size. */
  readonly sends?: readonly ('\r' | Size)[];
}

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

/** Swallows keys. A new size stops no `cat`, while a shell at its prompt may print when it hears of one. */
const SILENT = 'stty -echo; cat >/dev/null';
/** Every client begins with this size. */
const FIRST_SIZE = { cols: 80, rows: 24 };

/** The most important first: no keeper, the keeper, then the arms that explain the result. */
export const ARMS = {
  nothing: {
    describe: 'an untouched prompt',
    line: () => '',
  },
  keeper: {
    describe: 'what is installed on the instance',
    line: undefined,
    answers: true,
  },
  input: {
    describe: 'a key now and then, which the host swallows and does not echo',
    line: () => SILENT,
    sends: ['\r'],
  },
  query: {
    describe: 'the bare query ESC[5n, answered by the client',
    // Does not wait for answers, or the terminal's queue would be full after hours. The mode lasts one read:
    // the shell would read it as an end of file.
    line: (tick) =>
      `stty -echo; while sleep ${tick}; do stty -icanon min 0 time 0; dd bs=256 count=1 of=/dev/null 2>/dev/null; stty icanon; printf '\\033[5n'; done`,
    answers: true,
  },
  output: {
    describe: 'a NUL byte now and then, which no terminal shows',
    line: (tick) => `while sleep ${tick}; do printf '\\000'; done`,
  },
  foreground: {
    describe: 'the loop of date in the foreground, printing',
    line: (tick) => `while sleep ${tick}; do date; done`,
  },
  background: {
    describe: 'the loop of date in the background, its output going nowhere',
    // The end of a session stops only its foreground. `kill -0` ends this loop when its shell is gone.
    line: (tick) => `(while sleep ${tick} && kill -0 $$; do date; done >/dev/null 2>&1 &)`,
  },
  size: {
    describe: 'the unchanged size of the terminal, sent again and again',
    line: () => SILENT,
    sends: [FIRST_SIZE],
  },
  resize: {
    describe: 'two sizes of the terminal in turn',
    line: () => SILENT,
    sends: [{ ...FIRST_SIZE, rows: 25 }, FIRST_SIZE],
  },
} as const satisfies Readonly<Record<string, Arm>>;
export type ArmName = keyof typeof ARMS;

export const ARM_NAMES = Object.keys(ARMS) as ArmName[];
