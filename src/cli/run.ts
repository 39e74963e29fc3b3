/** One run of the command line: arguments in, exit status out. It touches no stream, signal or variable but those it is given. */

import { requireOneAccount } from '../accounts/names.ts';
import type { CommandEntry } from '../commands/command.ts';
import { COMMANDS, ownerOf } from '../commands/index.ts';
import type { Environment } from '../environment.ts';
import type { Denial } from '../errors.ts';
import { UsageError, UserError } from '../errors.ts';
import { describeLack } from '../policy/describe.ts';
import { FLAGS, type RawFlags } from '../settings/flags.ts';
import type { Settings } from '../settings/settings.ts';
import type { Io } from '../terminal/io.ts';
import { showText } from '../terminal/safe-text.ts';
import { putCommandFirst } from './argv.ts';
import { explain, type Manner } from './explain.ts';
import { makeParser, type Parsed } from './parser.ts';

/** Never throws: whatever goes wrong is told through `io`. Exit status: 0 good, 1 something to do, 2 bad usage, 130 interrupted. */
export async function run(argv: readonly string[], outer: Io, environment: Environment): Promise<number> {
  const io = makeSafe(outer);
  if (argv[0] === '__complete') return complete(argv.slice(1), io, environment);
  // From the command line before settings are read, so that even a bad flag is told in the form asked for.
  const manner: Manner = {
    output: /(?:^| )--output[ =](json|ndjson)(?: |$)/.exec(argv.join(' '))?.[1] ?? 'table',
    isDebug: false,
  };
  try {
    return await parseAndRun(argv, io, environment, manner);
  } catch (error) {
    return explain(error, argv, io, manner);
  }
}

/** Whatever a command says, no text reaches the terminal otherwise. */
function makeSafe(io: Io): Io {
  const { ask } = io;
  return {
    ...io,
    out: (text) => io.out(showText(text)),
    err: (text) => io.err(showText(text)),
    ...(ask ? { ask: (question) => ask(showText(question)) } : {}),
  };
}

/** What the scripts of `completion` ask at each TAB. Nothing that goes wrong may show on a half-typed line. */
async function complete(args: readonly string[], io: Io, environment: Environment): Promise<number> {
  try {
    const { answerShell } = await import('./completion/protocol.ts');
    io.out(await answerShell(args, environment, io.clock));
  } catch {
    // The command itself will say it.
  }
  return 0;
}

async function parseAndRun(
  argv: readonly string[],
  io: Io,
  environment: Environment,
  manner: Manner,
): Promise<number> {
  let status = 0;
  const parser = makeParser(environment.version, async (entry, parsed, about) => {
    status = await runCommand(entry, parsed, about, io, environment, manner);
  });
  if (argv.length === 0) {
    io.out((await parser.getHelp()) + '\n');
    return 2;
  }
  let help = '';
  await parser.parseAsync(putCommandFirst(argv), {}, (_error, _parsed, output) => {
    help = output;
  });
  if (help) io.out(help + '\n');
  return status;
}

async function runCommand(
  entry: CommandEntry,
  parsed: Parsed,
  about: CommandEntry | undefined,
  io: Io,
  environment: Environment,
  manner: Manner,
): Promise<number> {
  const { words: taken, groups } = about ?? entry;
  const ownFlags = [...(entry.own ?? []), ...(about?.own ?? [])];
  const word = taken ? parsed[taken.name] : undefined;
  const words = [...(about ? [about.name] : []), ...(word === undefined ? [] : [String(word)])];
  const [{ readSettings }, { openConfigFile }, { describeSources, gatherSources }] = await Promise.all([
    import('../settings/settings.ts'),
    import('../settings/config-file.ts'),
    import('../settings/sources.ts'),
  ]);
  // A command's own flag may have the name of another command's setting.
  const hidden = new Set(ownFlags.filter(({ isSetting }) => !isSetting).map(({ name }) => name));
  const flags: RawFlags = Object.fromEntries(
    FLAGS.filter(({ name }) => !hidden.has(name)).flatMap(({ name }) =>
      parsed[name] === undefined ? [] : [[name, parsed[name]]],
    ),
  );
  manner.isDebug = parsed['debug'] === true;
  const { variables, folder } = environment;
  // A command without settings reads no file either.
  const file = groups.length > 0 ? await openConfigFile(flags.config, variables, folder, ownerOf) : undefined;
  const settings = readSettings(flags, variables, groups, file);
  manner.output = settings.common.output;
  manner.isDebug = settings.common.isDebug;
  if (manner.isDebug) io.err(describeSources(gatherSources(flags, variables, groups, file)));
  if (settings.common.output === 'ndjson' && !entry.isStreamed) throw noLines(entry.name);
  requireFittingAccounts(about ?? entry, settings, word);
  const own = Object.fromEntries(ownFlags.map(({ name }) => [name, parsed[name] as string | boolean]));
  const command = await entry.load();
  const interruption = environment.listenForInterrupts();
  const lacking = new Map<string, Denial>();
  const commandIo: Io = {
    ...io,
    hasColor: io.hasColor && settings.common.hasColor,
    noteDenial: (denial) => void lacking.set(denial.action, denial),
  };
  let said = '';
  try {
    return await command(settings, commandIo, { words, own, interruption, environment });
  } catch (error) {
    said = error instanceof UserError ? error.why : '';
    throw error;
  } finally {
    for (const denial of lacking.values())
      if (!said.includes(denial.action)) io.err(describeLack(entry.name, denial));
  }
}

/** A policy is for as many accounts as the command it is about may reach. */
function requireFittingAccounts({ accounts, name }: CommandEntry, settings: Settings, word: unknown): void {
  if (accounts === undefined) requireOneAccount(settings, name);
  if (accounts === 'many-without-word' && word !== undefined)
    requireOneAccount(settings, `${name} ${word}`, ` where ${word} is, or leave it out`);
}

function noLines(name: string): UsageError {
  const streamed = COMMANDS.filter(({ isStreamed }) => isStreamed).map((entry) => entry.name);
  return new UsageError({
    what: `${name} does not support --output ndjson`,
    why: `--output ndjson is for ${streamed.join(', ')}`,
    next: 'give --output json',
  });
}
