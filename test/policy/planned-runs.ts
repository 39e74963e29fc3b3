/** Runs commands in this process, as the command line would, against a lab that enforces a policy. */

import { setTimeout as pause } from 'node:timers/promises';
import type { CommandEntry } from '../../src/commands/command.ts';
import { COMMANDS } from '../../src/commands/index.ts';
import { policy } from '../../src/commands/policy/policy.ts';
import { UserError } from '../../src/errors.ts';
import { Interruption } from '../../src/interruption.ts';
import type { Lab } from '../../src/lab/index.ts';
import { describeLack } from '../../src/policy/describe.ts';
import type { PolicyDocument } from '../../src/policy/document.ts';
import { FLAGS, type Flag, type RawFlags } from '../../src/settings/flags.ts';
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
  readonly own: Record<string, string | boolean>;
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

/** `name value… --flag value` by the lists that the command line is made from. */
function parseLine(line: string): Parsed {
  const [name, ...rest] = line.split(' ');
  const entry = COMMANDS.find((one) => one.name === name);
  if (!entry) throw new Error(`no command ${name}`);
  const words: string[] = [];
  const values = new Map<string, string[]>();
  let list: string[] | undefined;
  for (const word of rest) {
    const flag = /^--(.+)$/.exec(word)?.[1];
    if (flag !== undefined) {
      list = values.get(flag) ?? [];
      values.set(flag, list);
    } else (list ?? words).push(word);
  }
  const own: Record<string, string | boolean> = {};
  const flags: Record<string, string | readonly string[] | boolean> = {};
  for (const [flag, given] of values) {
    const ownFlag = entry.own?.find((one) => one.name === flag);
    const common = FLAGS.find((one) => one.name === flag) as Flag | undefined;
    const kind = ownFlag?.kind ?? common?.kind;
    if (kind === undefined) throw new Error(`no flag --${flag}`);
    const value = kind === 'switch' ? true : kind === 'list' ? given : (given[0] ?? '');
    if (ownFlag) own[flag] = value as string | boolean;
    if (common && (!ownFlag || ownFlag.isSetting)) flags[flag] = kind === 'list' ? value : value;
  }
  return { entry, flags, own, words };
}
