/** One run of the command line: arguments in, exit status out. It uses only the streams and variables it is given. */

import { requireOneAccount } from '../accounts/names.ts';
import type { CommandEntry } from '../commands/command.ts';
import { COMMANDS, ownerOf } from '../commands/index.ts';
import type { Environment } from '../environment.ts';
import type { Denial } from '../errors.ts';
import { UsageError, UserError } from '../errors.ts';
import { describeLack } from '../policy/describe.ts';
import { withDashes } from '../settings/flags.ts';
import type { Settings } from '../settings/settings.ts';
import { describeFormer, describeSources, gatherSources, listFormerNames } from '../settings/sources.ts';
import type { Io } from '../terminal/io.ts';
import { safe, showText } from '../terminal/safe-text.ts';
import { wrapLines } from '../terminal/wrap.ts';
import { type CommandLine, readCommandLine } from './command-line.ts';
import { explain, type Manner } from './explain.ts';
import { renderHelp } from './help.ts';

/** Never throws: every failure goes to `io`. Exit status: 0 good, 1 something to do, 2 bad usage, 130 interrupted. */
export async function run(argv: readonly string[], outer: Io, environment: Environment): Promise<number> {
  const io = makeSafe(outer);
  if (argv[0] === '__complete') return complete(argv.slice(1), io, environment);
  // Read before the settings, so that an error about a bad flag also has the wanted form.
  const manner: Manner = {
    output: /(?:^| )(?:--output|-o)[ =](json|ndjson)(?: |$)/.exec(argv.join(' '))?.[1] ?? 'table',
    isDebug: false,
  };
  try {
    return await parseAndRun(argv, io, environment, manner);
  } catch (error) {
    return explain(error, io, manner);
  }
}

/** Makes every text of a command safe for the terminal, and err's lines no wider than it; no other way leads there. */
function makeSafe(io: Io): Io {
  const { ask, errColumns } = io;
  // A pipe gets each line whole, for whoever searches it.
  const show = (text: string) => (errColumns ? wrapLines(showText(text), errColumns) : showText(text));
  return {
    ...io,
    out: (text) => io.out(showText(text)),
    err: (text) => io.err(show(text)),
    // The space before the answer stays where the line is broken.
    ...(ask ? { ask: (question) => ask(`${show(question).trimEnd()} `) } : {}),
  };
}

/** Answers the completion scripts at each TAB. Errors are not printed: they would spoil the line being typed. */
async function complete(args: readonly string[], io: Io, environment: Environment): Promise<number> {
  try {
    const { answerShell } = await import('./completion/protocol.ts');
    io.out(await answerShell(args, environment, io.clock));
  } catch {
    // The command itself prints this error when it runs.
  }
  return 0;
}

async function parseAndRun(
  argv: readonly string[],
  io: Io,
  environment: Environment,
  manner: Manner,
): Promise<number> {
  const request = readCommandLine(argv);
  if (request.kind === 'version') io.out(safe`${environment.version}\n`);
  if (request.kind === 'help') io.out(renderHelp(request, io.columns));
  if (request.kind === 'run') return runCommand(request.line, io, environment, manner);
  return argv.length === 0 ? 2 : 0;
}

async function runCommand(
  { entry, about, word, flags, own, former }: CommandLine,
  io: Io,
  environment: Environment,
  manner: Manner,
): Promise<number> {
  const { groups } = about ?? entry;
  const words = [...(about ? [about.name] : []), ...(word === undefined ? [] : [word])];
  const [{ readSettings }, { openConfigFile }, { completeAdvice, repeatConnection }] = await Promise.all([
    import('../settings/settings.ts'),
    import('../settings/config-file.ts'),
    import('../settings/told-connection.ts'),
  ]);
  manner.isDebug = flags.debug === true;
  const { variables, folder } = environment;
  // A command without settings needs no config file.
  const file = groups.length > 0 ? await openConfigFile(flags.config, variables, folder, ownerOf) : undefined;
  const settings = readSettings(flags, variables, groups, file);
  manner.output = settings.common.output;
  manner.isDebug = settings.common.isDebug;
  const sources = gatherSources(flags, variables, groups, file);
  if (manner.isDebug) io.err(describeSources(sources));
  const renamed = former.map(({ spelled, name }) => describeFormer(spelled, withDashes(name)));
  if (!settings.common.isQuiet)
    for (const note of new Set([...renamed, ...listFormerNames(sources)]))
      io.err(safe`ssm-keepalive: ${note}\n`);
  if (settings.common.output === 'ndjson' && !entry.isStreamed) throw noLines(entry.name);
  requireFittingAccounts(about ?? entry, settings, word);
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
    if (!(error instanceof UserError)) throw error;
    said = error.why;
    throw error.changeNext((next) => completeAdvice(next, repeatConnection(settings)));
  } finally {
    for (const denial of lacking.values())
      if (!said.includes(denial.action)) io.err(describeLack(entry.name, denial));
  }
}

/** Refuses several accounts for a command that works in one, also when `policy` is request about it. @throws UsageError */
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
