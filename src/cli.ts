#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import yargs, { type Argv, type Options } from 'yargs';
import { requireOneAccount } from './commands/accounts.ts';
import { COMMANDS, type CommandEntry, type OwnFlag } from './commands/index.ts';
import type { Io } from './commands/io.ts';
import { UsageError, UserError } from './errors.ts';
import { FLAGS, type Flag, type RawFlags } from './flags.ts';
import { Interruption, makeInterrupted } from './fleet/interruption.ts';
import type { Denial } from './fleet/service-errors.ts';
import { describeLack } from './policy/describe.ts';
import { explainYargs, putCommandFirst } from './usage.ts';

/** argv in, exit status out; the only file that prints or exits. */
async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === '__complete') return complete(argv.slice(1));
  let status = 0;
  const parser = makeParser(async (entry, parsed, about) => {
    status = await runCommand(entry, parsed, about);
  });
  if (argv.length === 0) {
    write(process.stdout, `${await parser.getHelp()}\n`);
    return 2;
  }
  await parser.parseAsync(putCommandFirst(argv));
  return status;
}

/** What the scripts of `completion` ask at each TAB. Nothing that goes wrong may show on a half-typed line. */
async function complete(args: readonly string[]): Promise<number> {
  try {
    const { answerShell } = await import('./completion/protocol.ts');
    write(process.stdout, await answerShell(args, process.env));
  } catch {
    // The command itself will say it.
  }
  return 0;
}

type Parsed = Readonly<Record<string, unknown>>;

/** Runs a command, or with `about` one that tells something of a run of another. */
type OnCommand = (entry: CommandEntry, parsed: Parsed, about?: CommandEntry) => Promise<void>;

function makeParser(onCommand: OnCommand): Argv {
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
      (command) => describeCommand(command, entry, onCommand),
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

function describeCommand(command: Argv, entry: CommandEntry, onCommand: OnCommand): Argv {
  command.usage(`$0 ${entry.name}${entry.words ? ` ${entry.words.usage}` : ''} [FLAGS]\n\n${entry.describe}`);
  if (entry.isAboutCommand) describeAbout(command, entry, onCommand);
  else describeFlags(command, entry);
  for (const [line, what] of entry.examples) command.example(`$0 ${line}`, what);
  return command;
}

function describeFlags(command: Argv, entry: CommandEntry): void {
  if (entry.words) command.positional(entry.words.name, { type: 'string', describe: entry.words.describe });
  for (const flag of FLAGS.filter((candidate: Flag) => entry.groups.includes(candidate.group))) {
    command.option(flag.name, toYargsOption(flag));
  }
  for (const flag of entry.own ?? []) describeOwn(command, flag);
}

function describeOwn(command: Argv, { name, kind, placeholder, describe }: OwnFlag): void {
  command.option(name, {
    describe: placeholder ? `${placeholder}: ${describe}` : describe,
    ...(kind === 'switch' ? { type: 'boolean' } : { type: 'string', requiresArg: true }),
  });
}

/** Every other command once more below this one, with its words and flags, so that a line can be put behind it as it stands. */
function describeAbout(command: Argv, entry: CommandEntry, onCommand: OnCommand): void {
  command.demandCommand(1, 1);
  for (const about of COMMANDS.filter(({ isAboutCommand }) => !isAboutCommand)) {
    command.command(
      toYargsUsage(about),
      about.describe,
      (inner) => {
        inner.usage(`$0 ${entry.name} ${about.name} [FLAGS]\n\n${entry.describe}`);
        inner.demandCommand(0);
        describeFlags(inner, about);
        // Whom a command may reach can be narrowed by tag also where the command itself takes one instance.
        const tag = FLAGS.find(({ name }) => name === 'tag');
        if (tag && !about.groups.includes(tag.group)) inner.option(tag.name, toYargsOption(tag));
        for (const flag of entry.own ?? []) describeOwn(inner, flag);
      },
      (parsed) => onCommand(entry, parsed, about),
    );
  }
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

async function runCommand(entry: CommandEntry, parsed: Parsed, about?: CommandEntry): Promise<number> {
  const { words: taken, groups } = about ?? entry;
  const ownFlags = [...(entry.own ?? []), ...(about?.own ?? [])];
  const word = taken ? parsed[taken.name] : undefined;
  const words = [...(about ? [about.name] : []), ...(word === undefined ? [] : [String(word)])];
  const [{ readSettings }, { openConfigFile }, { describeSources, gatherSources }] = await Promise.all([
    import('./settings.ts'),
    import('./config-file.ts'),
    import('./sources.ts'),
  ]);
  // A command's own flag may have the name of another command's setting.
  const hidden = new Set(ownFlags.filter(({ isSetting }) => !isSetting).map(({ name }) => name));
  const flags: RawFlags = Object.fromEntries(
    FLAGS.filter(({ name }) => !hidden.has(name)).flatMap(({ name }) =>
      parsed[name] === undefined ? [] : [[name, parsed[name]]],
    ),
  );
  isDebug = parsed['debug'] === true;
  // A command without settings reads no file either.
  const file = groups.length > 0 ? await openConfigFile(flags.config, process.env, process.cwd()) : undefined;
  const settings = readSettings(flags, process.env, groups, file);
  output = settings.common.output;
  isDebug = settings.common.isDebug;
  if (isDebug) write(process.stderr, describeSources(gatherSources(flags, process.env, groups, file)));
  if (settings.common.output === 'ndjson' && !entry.isStreamed) throw noLines(entry.name);
  // A policy is for as many as the command it is about may reach.
  const reaching = about ?? entry;
  const { accounts, name } = reaching;
  if (accounts === undefined) requireOneAccount(settings, name);
  if (accounts === 'many-without-word' && word !== undefined)
    requireOneAccount(settings, `${name} ${word}`, ` where ${word} is, or leave it out`);
  const own = Object.fromEntries(ownFlags.map(({ name }) => [name, parsed[name] as string | boolean]));
  const command = await entry.load();
  const interruption = listenForInterrupts();
  const lacking = new Map<string, Denial>();
  const io = {
    ...makeIo(settings.common.hasColor),
    noteDenial: (denial: Denial) => void lacking.set(denial.action, denial),
  };
  let said = '';
  try {
    return await command(settings, io, { words, own, interruption });
  } catch (error) {
    said = error instanceof UserError ? error.why : '';
    throw error;
  } finally {
    for (const denial of lacking.values())
      if (!said.includes(denial.action)) write(process.stderr, describeLack(entry.name, denial));
  }
}

function noLines(name: string): UsageError {
  const streamed = COMMANDS.filter(({ isStreamed }) => isStreamed).map((entry) => entry.name);
  return new UsageError({
    what: `${name} has no lines to tell one by one`,
    why: `--output ndjson is for ${streamed.join(', ')}`,
    next: 'give --output json',
  });
}

/** SIGINT and SIGTERM ask for an orderly end; a second one leaves at once. */
function listenForInterrupts(): Interruption {
  const interruption = new Interruption();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.request());
  return interruption;
}

let isDebug = false;
/** From the command line before settings are read, so that even a bad flag is told in the form asked for. */
let output = /(?:^| )--output[ =](json|ndjson)(?: |$)/.exec(process.argv.join(' '))?.[1] ?? 'table';

class YargsError extends Error {}

function makeIo(hasColor: boolean): Io {
  const isDumb = process.env['TERM'] === 'dumb';
  return {
    out: (text) => write(process.stdout, text),
    err: (text) => write(process.stderr, text),
    ...(process.stdin.isTTY && process.stderr.isTTY ? { ask } : {}),
    openTerminal: () =>
      process.stdin.isTTY && process.stdout.isTTY
        ? { input: process.stdin, output: process.stdout }
        : undefined,
    isErrTerminal: process.stderr.isTTY === true && !isDumb,
    columns: process.stdout.columns ?? 80,
    errColumns: process.stderr.columns,
    hasColor: hasColor && process.stdout.isTTY === true && !isDumb,
  };
}

/** One line from the person at the terminal; empty when they close it. @throws UserError on Ctrl-C */
async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const left = new Promise<string>((resolve, reject) => {
    lines.once('close', () => resolve(''));
    lines.once('SIGINT', () => reject(makeInterrupted('nothing was changed')));
  });
  try {
    return await Promise.race([lines.question(question), left]);
  } catch (error) {
    write(process.stderr, '\n');
    throw error;
  } finally {
    lines.close();
  }
}

function write(stream: NodeJS.WriteStream, text: string): void {
  // As bytes: a text put together of many would wait for a slow reader at five times its size.
  if (text !== '') stream.write(Buffer.from(text));
}

function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}

/** Words for anything that went wrong: a failure a user can meet with what, why and next; the rest is our bug and says so. */
function explain(error: unknown): number {
  const failure =
    error instanceof YargsError ? explainYargs(error.message, putCommandFirst(process.argv.slice(2))) : error;
  if (output !== 'table') {
    const {
      code = 'bug',
      what = 'this is a bug in ssm-keepalive',
      why = String(error),
      next = 'report it',
    } = failure as Partial<UserError>;
    const told = { error: { code, what, why, next } };
    write(
      process.stdout,
      output === 'json'
        ? `${JSON.stringify(told, null, 2)}\n`
        : `${JSON.stringify({ type: 'error', ...told })}\n`,
    );
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

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  // A terminal that was closed: its command is told by SIGHUP and still has things to end.
  if (error.code === 'EIO') return;
  write(
    process.stderr,
    `ssm-keepalive: the output could not be written\n  why:  ${error.message}\n  next: make room where it goes, then run it again\n`,
  );
  process.exit(1);
});
// Words that nobody can be told are no reason to leave a command alone half-way: a log's disk may be full.
process.stderr.on('error', () => {});

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.exitCode = explain(error);
  },
);
