/** The command line as yargs knows it: built from the lists of commands and flags. */
import yargs, { type Argv, type Options } from 'yargs';
import type { CommandEntry, OwnFlag } from '../commands/command.ts';
import { COMMANDS } from '../commands/index.ts';
import { FLAGS, type Flag } from '../settings/flags.ts';
import { say } from '../terminal/safe-text.ts';

/** What yargs itself complains of. */
export class YargsError extends Error {}

export type Parsed = Readonly<Record<string, unknown>>;

/** Runs a command, or with `about` one that tells something of a run of another. */
export type OnCommand = (entry: CommandEntry, parsed: Parsed, about?: CommandEntry) => Promise<void>;

/** Every command with its words and flags; `onCommand` is called for the one that was typed. @throws YargsError from its parse */
export function makeParser(version: string, onCommand: OnCommand): Argv {
  const parser = yargs()
    .scriptName('ssm-keepalive')
    // Its messages are read by mistakes.ts: another language would not be.
    .locale('en')
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
    .version(version)
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
  dropHelpOfRun(parser);
  return parser
    .example('$0 install --lab --tag env=dev', 'try it here, without an account')
    .epilogue('Help on a command:  ssm-keepalive COMMAND --help');
}

/** After each command yargs renders the whole help, in case its caller asks for the help next. We never do, and rendering takes longer than parsing. */
function dropHelpOfRun(parser: Argv): void {
  const { getInternalMethods } = parser as unknown as {
    getInternalMethods(): { getUsageInstance(): { cacheHelpMessage(): void } };
  };
  getInternalMethods.call(parser).getUsageInstance().cacheHelpMessage = () => {};
}

/** yargs wants a positional's name; help shows what the user may type. */
function toYargsUsage({ name, words }: CommandEntry): string {
  return words ? `${name} [${words.name}]` : name;
}

function describeCommand(command: Argv, entry: CommandEntry, onCommand: OnCommand): Argv {
  command.usage(
    say`$0 ${entry.name}${entry.words ? ` ${entry.words.usage}` : ''} [FLAGS]\n\n${entry.describe}`,
  );
  if (entry.isAboutCommand) describeAbout(command, entry, onCommand);
  else describeFlags(command, entry);
  for (const [line, what] of entry.examples) command.example(`$0 ${line}`, what);
  return command;
}

function describeFlags(command: Argv, entry: CommandEntry): void {
  if (entry.words) command.positional(entry.words.name, { type: 'string', describe: entry.words.describe });
  for (const flag of FLAGS.filter(({ group }) => entry.groups.includes(group))) {
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
        inner.usage(say`$0 ${entry.name} ${about.name} [FLAGS]\n\n${entry.describe}`);
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
