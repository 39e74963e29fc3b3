/** What was typed, before it is settings: flags in front of the command, and words for what yargs could not read. */
import { COMMANDS, type CommandEntry } from './commands/index.ts';
import { UsageError } from './errors.ts';
import { FLAGS, type Flag } from './flags.ts';
import { nearestName } from './nearest.ts';

/** `--lab install` as users of the AWS CLI type it: flags may come before the command. */
export function putCommandFirst(argv: readonly string[]): string[] {
  let isValue = false;
  for (const [index, word] of argv.entries()) {
    const command = COMMANDS.find(({ name }) => name === word);
    if (command && !isValue) {
      const rest = [...argv.slice(0, index), ...argv.slice(index + 1)];
      return [word, ...(command.isAboutCommand ? putCommandFirst(rest) : rest)];
    }
    const flag = FLAGS.find(({ name }) => `--${name}` === word) as Flag | undefined;
    if (word.startsWith('-')) isValue = flag !== undefined && flag.kind !== 'switch';
    // A list takes every word up to the command; a value exactly one.
    else if (!isValue) return [...argv];
    else isValue = false;
    if (flag?.kind !== 'switch' && word.startsWith('--') && word.includes('=')) isValue = false;
  }
  return [...argv];
}

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
    const flag = FLAGS.find(({ name }) => name === lacking) as Flag | undefined;
    return new UsageError({
      what: `--${lacking} needs a value`,
      why: `expected --${lacking} ${flag?.placeholder ?? 'VALUE'}`,
      next: `run  ${help}`,
    });
  }
  const flagInstead = entry ? undefined : argv.find((word) => word.startsWith('-'));
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
  if (!argv.some((word) => word.replace(/=.*/, '') === `--${unknown}` || word === `-${unknown}`)) {
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
    // As it was typed: `-t` is not `--t`.
    what: `unknown flag ${argv.some((word) => word.startsWith(`--${unknown}`)) ? '--' : '-'}${unknown}`,
    why: isElsewhere ? `${entry.name} has no use for it` : `${entry.name} has no such flag`,
    next: nearest ? `did you mean --${nearest}?` : `run  ${help}`,
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
