/** Runs commands in this process, as the command line would, against a lab that enforces a policy. */

import { setTimeout as pause } from 'node:timers/promises';
import { readCommandLine } from '../../src/cli/command-line.ts';
import type { CommandEntry } from '../../src/commands/command.ts';
import { policy } from '../../src/commands/policy/policy.ts';
import { UserError } from '../../src/errors.ts';
import { Interruption } from '../../src/interruption.ts';
import type { Lab } from '../../src/lab/index.ts';
import { describeLack } from '../../src/policy/describe.ts';
import type { PolicyDocument } from '../../src/policy/document.ts';
import type { RawFlags } from '../../src/settings/flags.ts';
import { readSettings } from '../../src/settings/settings.ts';
import type { Io } from '../../src/terminal/io.ts';
import { makeEnvironment, makeInvocation, makeIo, variablesOfRun } from '../support/cli.ts';

export interface Outcome {
  readonly status: number;
  readonly out: string;
  /** What a person reads, the failure included. */
  readonly err: string;
}

interface Parsed {
  readonly entry: CommandEntry;
  readonly flags: RawFlags;
  readonly own: Readonly<Record<string, string | boolean>>;
  readonly words: string[];
}

/** What `policy` prints for a line, for one account and Region. */
export async function printPolicy(
  line: string,
  principal: 'user' | 'role' = 'user',
): Promise<PolicyDocument> {
  const { entry, flags, own, words } = parseLine(line);
  const settings = readSettings({ region: ['us-east-1'], ...flags }, {}, entry.groups);
  let printed = '';
  const out = (text: string): void => {
    printed += text;
  };
  const io = { ...SILENT, out };
  await policy(
    settings,
    io,
    makeInvocation({
      words: [entry.name, ...words],
      own: { ...own, account: '123456789012', principal },
    }),
  );
  return JSON.parse(printed);
}

/** Runs a line at an endpoint, with keys that open it; `onErr` hears what is said meanwhile. */
export async function runLine(
  line: string,
  { endpoint, credentials }: Pick<Lab, 'endpoint' | 'credentials'>,
  onErr: (text: string, interruption: Interruption) => void = () => {},
): Promise<Outcome> {
  const { entry, flags, own, words } = parseLine(line);
  const settings = readSettings(
    { region: ['us-east-1'], ...flags, 'endpoint-url': endpoint },
    {},
    entry.groups,
  );
  const variables: Record<string, string> = {
    ...(process.env as Record<string, string>),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  const interruption = new Interruption();
  const lacks = new Map<string, string>();
  let out = '';
  let err = '';
  const io: Io = {
    ...SILENT,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
      onErr(text, interruption);
    },
    noteDenial: (denial) => void lacks.set(denial.action, describeLack(entry.name, denial)),
  };
  try {
    const command = await entry.load();
    // Each run has its own: lines run beside each other, against labs with other secrets.
    const status = await variablesOfRun.run(variables, () =>
      command(
        settings,
        io,
        makeInvocation({
          words,
          own,
          interruption,
          environment: makeEnvironment({ variables }),
        }),
      ),
    );
    return { status, out, err: `${err}${[...lacks.values()].join('')}` };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { what, why, next, exitStatus } = error;
    return {
      status: exitStatus,
      out,
      err: `${err}${[...lacks.values()].join('')}${what}\n${why}\n${next}\n`,
    };
  }
}

const SILENT = makeIo();

/** Polls until it is so. */
export async function until(what: string, isTrue: () => boolean): Promise<void> {
  const limit = Date.now() + 60_000;
  while (!isTrue()) {
    if (Date.now() > limit) throw new Error(`gave up waiting for ${what}`);
    await pause(10);
  }
}

function parseLine(line: string): Parsed {
  const asked = readCommandLine(line.split(' '));
  if (asked.kind !== 'run') throw new Error(`no command in ${line}`);
  const { entry, flags, own, word } = asked.line;
  return { entry, flags, own, words: word === undefined ? [] : [word] };
}
