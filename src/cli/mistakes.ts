/** Words for what yargs could not read. */
import type { CommandEntry } from '../commands/command.ts';
import { COMMANDS } from '../commands/index.ts';
import { UsageError } from '../errors.ts';
import { nearestName } from '../nearest.ts';
import { FLAGS } from '../settings/flags.ts';
import { refuseRemoved } from '../settings/removed-flags.ts';

/** yargs’ own complaints, with the nearest name it knows. */
export function explainYargs(message: string, argv: readonly string[]): UsageError {
  const unknown = /^Unknown (argument|command)s?: (.*)$/.exec(message)?.[2]?.split(', ')[0];
  const [typedCommand = '', typedAbout = ''] = argv.filter((word) => !word.startsWith('-'));
  const typedEntry = COMMANDS.find(({ name }) => name === typedCommand);
  const entry = typedEntry?.isAboutCommand ? findAbout(typedEntry, typedAbout) : typedEntry;
  if (entry instanceof UsageError) return entry;
  const help = entry ? `ssm-keepalive ${entry.name} --help` : 'ssm-keepalive --help';
  const lacking = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (lacking !== undefined) {
    const flags: readonly { name: string; placeholder?: string }[] = [...(entry?.own ?? []), ...FLAGS];
    const flag = flags.find(({ name }) => name === lacking);
    return new UsageError({
      what: `--${lacking} needs a value`,
      why: `expected --${lacking} ${flag?.placeholder ?? 'VALUE'}`,
      next: `run  ${help}`,
    });
  }
  const flagInstead = entry ? undefined : argv.find((word) => word.startsWith('-'));
  const isLackingCommand = message.startsWith('Not enough non-option arguments');
  if (flagInstead !== undefined && (typedCommand === '' || isLackingCommand)) {
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
  if (!argv.some((word) => word.replace(/=.*/, '') === `--${unknown}` || word === `-${unknown}`)) {
    return new UsageError({
      what: `${entry.name} does not take ${JSON.stringify(unknown)}`,
      why: 'it is no flag, and this command takes no such word',
      next: suggestFlag(unknown, entry) ?? `run  ${help}`,
    });
  }
  const known = FLAGS.filter(({ group }) => entry.groups.includes(group)).map(({ name }) => name);
  // As it was typed: `-t` is not `--t`.
  const flag = `${argv.some((word) => word.startsWith(`--${unknown}`)) ? '--' : '-'}${unknown}`;
  const removed = refuseRemoved(unknown, flag);
  if (removed) return removed;
  if (FLAGS.some(({ name }) => name === unknown)) {
    return new UsageError({
      what: `${entry.name} takes no ${flag}`,
      why: 'it belongs to other commands and would change nothing here',
      next: `leave ${flag} out`,
    });
  }
  const nearest = nearestName(unknown, [...known, ...(entry.own ?? []).map(({ name }) => name)]);
  const meant = OTHER_NAMES[unknown] ?? (nearest && `--${nearest}`);
  return new UsageError({
    what: `unknown flag ${flag}`,
    why: `${entry.name} has no such flag`,
    next: meant ? `did you mean ${meant}?` : `run  ${help}`,
  });
}

/** The command that another one is asked about, under both names and with the flags of both; words where there is none. */
function findAbout(entry: CommandEntry, typed: string): CommandEntry | UsageError {
  const known = COMMANDS.filter(({ isAboutCommand }) => !isAboutCommand);
  const about = known.find(({ name }) => name === typed);
  if (about) {
    const groups = [...about.groups, 'Targets' as const];
    return {
      ...about,
      name: `${entry.name} ${typed}`,
      groups,
      own: [...(about.own ?? []), ...(entry.own ?? [])],
    };
  }
  const names = known.map(({ name }) => name);
  const nearest = nearestName(typed, names);
  return new UsageError({
    what: typed ? `there is no command ${JSON.stringify(typed)}` : `${entry.name} needs a command`,
    why: `expected one of ${names.join(', ')}`,
    next: nearest
      ? `did you mean  ssm-keepalive ${entry.name} ${nearest}`
      : `run  ssm-keepalive ${entry.name} --help`,
  });
}

/** What other tools call it. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  json: '--output json',
  targets: '--tag KEY=VALUE',
  filters: '--tag KEY=VALUE',
  verbose: '--debug',
  force: '--yes',
  instance: '--instance-id',
};

/** A target that was typed without its flag. */
function suggestFlag(word: string, { groups }: CommandEntry): string | undefined {
  if (!groups.includes('Targets')) return undefined;
  if (/^m?i-\w{8,17}$/.test(word)) return `did you mean --instance-id ${word}?`;
  if (/^[^=]+=[^=]+$/.test(word)) return `did you mean --tag ${word}?`;
  return FLAGS.some(({ name }) => name === word) ? `did you mean --${word}?` : undefined;
}
