/** What a session is spent with, as data: the command line, the run, the conclusion and the report loop over this list. */

/** What matters most first: the session that nothing keeps, the one that is kept, then what tells why. */
export const ARM_NAMES = [
  'nothing',
  'keeper',
  'input',
  'query',
  'output',
  'foreground',
  'background',
] as const;
export type ArmName = (typeof ARM_NAMES)[number];

export interface Arm {
  readonly name: ArmName;
  /** What goes on in its session, for the report. */
  readonly describe: string;
  /** Typed once at the start, after the marker; undefined: nothing at all is typed, the host's own keeper does what it does. */
  readonly line: ((tickSeconds: number) => string) | undefined;
  /** The client answers ESC[5n as every terminal emulator does. */
  readonly answers: boolean;
  /** The client presses Enter once a tick. */
  readonly types: boolean;
}

export const ARMS: readonly Arm[] = [
  {
    name: 'nothing',
    describe: 'an untouched prompt',
    line: () => '',
    answers: false,
    types: false,
  },
  {
    name: 'keeper',
    describe: 'what is installed on the instance',
    line: undefined,
    answers: true,
    types: false,
  },
  {
    name: 'input',
    describe: 'a key now and then, which the host swallows and does not echo',
    line: () => 'stty -echo; cat >/dev/null',
    answers: false,
    types: true,
  },
  {
    name: 'query',
    describe: 'the bare query ESC[5n, answered by the client',
    // Raw reading without waiting takes the answers out of the terminal's queue, which would be full after some hours. Only for
    // that moment: a shell that comes back to such a terminal reads an end of file.
    line: (tick) =>
      `stty -echo; while sleep ${tick}; do stty -icanon min 0 time 0; dd bs=256 count=1 of=/dev/null 2>/dev/null; stty icanon; printf '\\033[5n'; done`,
    answers: true,
    types: false,
  },
  {
    name: 'output',
    describe: 'a NUL byte now and then, which no terminal shows',
    line: (tick) => `while sleep ${tick}; do printf '\\000'; done`,
    answers: false,
    types: false,
  },
  {
    name: 'foreground',
    describe: 'the loop of date in the foreground, printing',
    line: (tick) => `while sleep ${tick}; do date; done`,
    answers: false,
    types: false,
  },
  {
    name: 'background',
    describe: 'the loop of date in the background, its output going nowhere',
    // Ending a session hangs up its foreground alone: this loop would stay on the host for ever if it did not look for its shell.
    line: (tick) => `(while sleep ${tick} && kill -0 $$; do date; done >/dev/null 2>&1 &)`,
    answers: false,
    types: false,
  },
];

/** @throws when there is no arm of that name: the settings let no other through. */
export function findArm(name: ArmName): Arm {
  const arm = ARMS.find((candidate) => candidate.name === name);
  if (!arm) throw new Error(`no arm ${name}`);
  return arm;
}
