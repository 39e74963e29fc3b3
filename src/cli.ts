#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import yargs, { type Argv, type Options } from 'yargs';
import { COMMANDS, type CommandEntry } from './commands/index.ts';
import type { Io } from './commands/io.ts';
import { UsageError, UserError } from './errors.ts';
import { FLAGS, type Flag, type RawFlags } from './flags.ts';
import { Interruption } from './fleet/interruption.ts';
import { nearestName } from './nearest.ts';

/** argv in, exit status out; the only file that prints or exits. */
async function main(argv: readonly string[]): Promise<number> {
  let status = 0;
  const parser = makeParser(async (entry, parsed) => {
    status = await runCommand(entry, parsed);
  });
  if (argv.length === 0) {
    write(process.stdout, `${await parser.getHelp()}\n`);
    return 2;
  }
  await parser.parseAsync(putCommandFirst(argv));
  return status;
}

/** `--lab install` as users of the AWS CLI type it: flags may come before the command. */
function putCommandFirst(argv: readonly string[]): string[] {
  let isValue = false;
  for (const [index, word] of argv.entries()) {
    const isCommand = COMMANDS.some(({ name }) => name === word);
    if (isCommand && !isValue) return [word, ...argv.slice(0, index), ...argv.slice(index + 1)];
    const flag = FLAGS.find(({ name }) => `--${name}` === word) as Flag | undefined;
    if (word.startsWith('-')) isValue = flag !== undefined && flag.kind !== 'switch';
    // A list takes every word up to the command; a value exactly one.
    else if (!isValue) return [...argv];
    else isValue = false;
    if (flag?.kind !== 'switch' && word.startsWith('--') && word.includes('=')) isValue = false;
  }
  return [...argv];
}

type Parsed = Readonly<Record<string, unknown>>;

function makeParser(onCommand: (entry: CommandEntry, parsed: Parsed) => Promise<void>): Argv {
  const parser = yargs()
    .scriptName('ssm-keepalive')
    .usage('$0 COMMAND [FLAGS]\n\nKeeps Session Manager shells alive, from the instance’s side.')
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'greedy-arrays': true,
    })
    .wrap(80)
    .version(readVersion())
    .help()
    .alias('h', 'help')
    .strict()
    .demandCommand(1, 1)
    .showHelpOnFail(false)
    .exitProcess(false)
    .fail((message, error) => {
      // yargs' own complaints come as a message alone or as a YError; anything else was thrown by a command.
      throw error && error.name !== 'YError' ? error : new YargsError(message ?? error?.message);
    });
  for (const entry of COMMANDS) {
    parser.command(
      toYargsUsage(entry),
      entry.describe,
      (command) => describeCommand(command, entry),
      (parsed) => onCommand(entry, parsed),
    );
  }
  return parser
    .example('$0 install --lab --tag env=dev', 'try it here, without an account')
    .epilogue('Help on a command:  ssm-keepalive COMMAND --help');
}

/** yargs wants a positional's name; help shows what the user may type. */
function toYargsUsage({ name, words }: CommandEntry): string {
  return words ? `${name} [${words.name}]` : name;
}

function describeCommand(command: Argv, entry: CommandEntry): Argv {
  command.usage(`$0 ${entry.name}${entry.words ? ` ${entry.words.usage}` : ''} [FLAGS]\n\n${entry.describe}`);
  if (entry.words) command.positional(entry.words.name, { type: 'string', describe: entry.words.describe });
  for (const flag of FLAGS.filter((candidate: Flag) => entry.groups.includes(candidate.group))) {
    command.option(flag.name, toYargsOption(flag));
  }
  for (const flag of entry.own ?? []) {
    const { name, kind, describe } = flag;
    command.option(name, {
      describe: flag.placeholder ? `${flag.placeholder}: ${describe}` : describe,
      ...(kind === 'switch' ? { type: 'boolean' } : { type: 'string', requiresArg: true }),
    });
  }
  for (const [line, what] of entry.examples) command.example(`$0 ${line}`, what);
  return command;
}

function toYargsOption(flag: Flag): Options {
  const shown = flag.placeholder ? `${flag.placeholder}: ${flag.describe}` : flag.describe;
  return {
    group: `${flag.group}:`,
    describe: flag.fallback ? `${shown} [${flag.fallback}]` : shown,
    ...(flag.kind === 'switch'
      ? { type: 'boolean' as const }
      : { type: 'string' as const, requiresArg: true }),
    ...(flag.kind === 'list' ? { array: true } : {}),
  };
}

async function runCommand(entry: CommandEntry, parsed: Parsed): Promise<number> {
  const word = entry.words ? parsed[entry.words.name] : undefined;
  const words = word === undefined ? [] : [String(word)];
  const { readSettings } = await import('./settings.ts');
  const flags: RawFlags = Object.fromEntries(
    FLAGS.flatMap(({ name }) => (parsed[name] === undefined ? [] : [[name, parsed[name]]])),
  );
  isDebug = parsed['debug'] === true;
  const settings = readSettings(flags, process.env, entry.groups);
  isJson = settings.common.output === 'json';
  isDebug = settings.common.isDebug;
  const own = Object.fromEntries(
    (entry.own ?? []).map(({ name }) => [name, parsed[name] as string | boolean]),
  );
  const command = await entry.load();
  const interruption = listenForInterrupts();
  return command(settings, makeIo(settings.common.hasColor), { words, own, interruption });
}

/** SIGINT and SIGTERM ask for an orderly end; a second one leaves at once. */
function listenForInterrupts(): Interruption {
  const interruption = new Interruption();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.request());
  return interruption;
}

let isDebug = false;
/** From the command line before settings are read, so that even a bad flag is told in the form asked for. */
let isJson = /(^| )--output[ =]json( |$)/.test(process.argv.join(' '));

class YargsError extends Error {}

function makeIo(hasColor: boolean): Io {
  return {
    out: (text) => write(process.stdout, text),
    err: (text) => write(process.stderr, text),
    isErrTerminal: process.stderr.isTTY === true,
    columns: process.stdout.columns ?? 80,
    hasColor: hasColor && process.stdout.isTTY === true,
  };
}

function write(stream: NodeJS.WriteStream, text: string): void {
  if (text !== '') stream.write(text);
}

function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}

/** Words for anything that went wrong: a failure a user can meet with what, why and next; the rest is our bug and says so. */
function explain(error: unknown): number {
  const failure = error instanceof YargsError ? explainYargs(error.message) : error;
  if (isJson) {
    const {
      code = 'bug',
      what = 'this is a bug in ssm-keepalive',
      why = String(error),
      next = 'report it',
    } = failure as Partial<UserError>;
    write(process.stdout, `${JSON.stringify({ error: { code, what, why, next } }, null, 2)}\n`);
  }
  if (failure instanceof UserError) {
    write(
      process.stderr,
      `ssm-keepalive: ${failure.what}\n  why:  ${failure.why}\n  next: ${failure.next}\n`,
    );
    if (isDebug) write(process.stderr, `${describeStack(failure)}\n`);
    return failure.exitStatus;
  }
  write(
    process.stderr,
    `ssm-keepalive: this is a bug in ssm-keepalive, not in what you did\n  why:  ${(error as Error)?.message ?? error}\n  next: run it again with --debug and report what it prints\n`,
  );
  if (isDebug) write(process.stderr, `${describeStack(error)}\n`);
  return 1;
}

function describeStack(error: unknown): string {
  const { stack, cause } = error as Error;
  return cause ? `${stack}\ncaused by: ${describeStack(cause)}` : `${stack}`;
}

/** yargs’ own complaints, with the nearest name it knows. */
function explainYargs(message: string): UsageError {
  const unknown = /^Unknown (argument|command)s?: (.*)$/.exec(message)?.[2]?.split(', ')[0];
  const typedCommand = process.argv.slice(2).find((word) => !word.startsWith('-')) ?? '';
  const entry = COMMANDS.find(({ name }) => name === typedCommand);
  const help = entry ? `ssm-keepalive ${entry.name} --help` : 'ssm-keepalive --help';
  const lacking = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (lacking !== undefined) {
    const flag = FLAGS.find(({ name }) => name === lacking) as Flag | undefined;
    return new UsageError({
      what: `--${lacking} needs a value`,
      why: `expected --${lacking} ${flag?.placeholder ?? 'VALUE'}`,
      next: `run  ${help}`,
    });
  }
  const flagInstead = entry ? undefined : process.argv.slice(2).find((word) => word.startsWith('-'));
  if (flagInstead !== undefined && typedCommand === '') {
    return new UsageError({
      what: `${flagInstead} comes without a command`,
      why: `expected one of ${COMMANDS.map(({ name }) => name).join(', ')} first`,
      next: `run  ${help}`,
    });
  }
  if (unknown === undefined) {
    return new UsageError({
      what: message.replace(/\.$/, ''),
      why: 'the command line is incomplete',
      next: `run  ${help}`,
    });
  }
  if (!entry) {
    const nearest = nearestName(
      typedCommand,
      COMMANDS.map(({ name }) => name),
    );
    return new UsageError({
      what: typedCommand ? `there is no command ${JSON.stringify(typedCommand)}` : `unknown: ${unknown}`,
      why: `expected one of ${COMMANDS.map(({ name }) => name).join(', ')}`,
      next: nearest ? `did you mean  ssm-keepalive ${nearest}` : `run  ${help}`,
    });
  }
  if (!process.argv.some((word) => word.replace(/=.*/, '') === `--${unknown}` || word === `-${unknown}`)) {
    return new UsageError({
      what: `${entry.name} does not take ${JSON.stringify(unknown)}`,
      why: 'it is no flag, and this command takes no such word',
      next: `run  ${help}`,
    });
  }
  const known = FLAGS.filter((flag: Flag) => entry.groups.includes(flag.group)).map(
    ({ name }) => name as string,
  );
  const nearest = nearestName(unknown, [...known, ...(entry.own ?? []).map(({ name }) => name)]);
  const isElsewhere = FLAGS.some(({ name }) => name === unknown);
  return new UsageError({
    what: `unknown flag --${unknown}`,
    why: isElsewhere ? `${entry.name} has no use for it` : `${entry.name} has no such flag`,
    next: nearest ? `did you mean --${nearest}?` : `run  ${help}`,
  });
}

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.exitCode = explain(error);
  },
);
