/** Words for a command line that cannot be read. */
import type { CommandEntry } from '../commands/command.ts';
import { COMMANDS, ownerOf } from '../commands/index.ts';
import { listValues, type TakenFlag } from '../commands/taken-flags.ts';
import { UsageError } from '../errors.ts';
import { nearestName } from '../nearest.ts';
import { FLAGS } from '../settings/flags.ts';
import { describeSpoilt } from '../settings/readers.ts';
import { refuseRemoved } from '../settings/removed-flags.ts';
import { showLine } from '../terminal/safe-text.ts';
import { quoteCommand, quoteWord } from '../terminal/shell-word.ts';
import { wordTable } from '../word-table.ts';
import type { FlagWord } from './flag-word.ts';

export function describeLackingCommand(typed: string): UsageError {
  const word = typed.replace(/^-+|=.*/gs, '');
  const nearest = /^v$/i.test(word) ? 'version' : nearestName(word, ['version', 'help', 'help-all']);
  return new UsageError({
    what: `${typed.replace(/=.*/s, '')} comes without a command`,
    why: `expected one of ${listNames(COMMANDS)} first`,
    next: nearest ? `did you mean  ssm-keepalive --${nearest}` : 'run  ssm-keepalive --help',
  });
}

/** `asked`: for `policy COMMAND`, the entry of policy; `rest`: the words beside it. */
export function describeUnknownCommand(
  known: readonly CommandEntry[],
  typed: string,
  rest: readonly string[],
  asked?: CommandEntry,
): UsageError {
  const line = ['ssm-keepalive', asked?.name].filter(Boolean).join(' ');
  const names = known.map(({ name }) => name);
  const meant = OTHER_COMMANDS[typed];
  const nearest = meant !== undefined && names.includes(meant) ? meant : nearestName(typed, names);
  return new UsageError({
    what:
      asked && typed === ''
        ? `${asked.name} needs a command`
        : `there is no command ${JSON.stringify(typed)}`,
    why: `expected one of ${listNames(known)}`,
    next: nearest
      ? `did you mean  ${line} ${[nearest, ...rest.map((word) => quoteWord(showLine(word)))].join(' ')}`
      : `run  ${line} --help`,
  });
}

export function describeUnknownFlag(
  { name: command }: CommandEntry,
  taken: readonly TakenFlag[],
  { name, spelled }: FlagWord,
): UsageError {
  const removed = refuseRemoved(name, spelled);
  if (removed) return removed;
  const owner = ownerOf(name);
  const isTarget = FLAGS.some((flag) => flag.name === name && flag.group === 'Targets');
  if (isTarget && TAKES_ONE.includes(command)) {
    return new UsageError({
      what: `${command} takes no ${spelled}`,
      why: 'it is about one instance',
      next: `name it:  ssm-keepalive ${command} NAME  or its id; ${ASK_MANY}`,
    });
  }
  if (owner !== undefined || FLAGS.some((flag) => flag.name === name)) {
    return new UsageError({
      what: `${command} takes no ${spelled}`,
      why: 'it belongs to other commands and has no meaning here',
      next:
        name !== 'dry-run'
          ? `leave ${spelled} out`
          : `${command} has no preview: what it does is in  ssm-keepalive ${command} --help`,
    });
  }
  const meant = OTHER_NAMES[name] ?? guessFlag(name.replace(/^-/, ''), taken);
  return new UsageError({
    what: `unknown flag ${spelled}`,
    why: `${command} has no such flag`,
    next: meant ? `did you mean ${meant}?` : `run  ssm-keepalive ${command} --help`,
  });
}

/** `--tmux` is a value of --wrap; `--tga` is a misspelt --tag. */
function guessFlag(name: string, taken: readonly TakenFlag[]): string | undefined {
  const [flag, ...others] = taken.filter((candidate) => listValues(candidate).includes(name));
  if (flag && others.length === 0) return quoteCommand`--${flag.name} ${name}`;
  const nearest = nearestName(
    name,
    taken.map((candidate) => candidate.name),
  );
  return nearest && `--${nearest}`;
}

export function describeLackingValue(
  { name: command, words }: CommandEntry,
  { spelled, name }: FlagWord,
  flag: TakenFlag | undefined,
): UsageError {
  const shown = flag ? `--${name}` : spelled;
  return new UsageError({
    what: `${shown} needs a value`,
    why: `expected ${shown} ${flag?.placeholder ?? words?.usage ?? 'VALUE'}`,
    next: `run  ssm-keepalive ${command} --help`,
  });
}

export function describeBadSwitch({ spelled, value = '' }: FlagWord): UsageError {
  return new UsageError({
    code: 'bad-setting',
    what: `${spelled} cannot be ${JSON.stringify(value)}`,
    why: 'expected 1 or 0',
    next: `give ${spelled} alone, or leave it out`,
  });
}

export function describeRepetition(name: string, count: number): UsageError {
  return new UsageError({
    what: `--${name} was given ${count} times`,
    why: 'it takes one value',
    next: `give --${name} once`,
  });
}

export function describeUnknownWord(
  { name: command, words }: CommandEntry,
  taken: readonly TakenFlag[],
  word: string,
): UsageError {
  const why = words?.isTargets
    ? 'a word without a flag names an instance, and stands beside no other target'
    : words
      ? `it takes one ${words.name}, and has it already`
      : 'it takes no word without a flag';
  return new UsageError({
    what: `${command} does not take ${JSON.stringify(word)}`,
    why,
    next: suggestFlag(word, taken) ?? OTHER_USES[command] ?? quoteCommand`leave ${word} out`,
  });
}

/** The commands about one instance. */
const TAKES_ONE: readonly string[] = ['connect', 'doctor', 'measure'];
const ASK_MANY = 'many are looked at with  ssm-keepalive status';
/** What a second word of these commands is often meant for. */
const OTHER_USES = wordTable<string>({
  connect: 'name one instance; to run a command there use  aws ssm send-command',
  doctor: `name one instance; ${ASK_MANY}`,
});

/** A word that looks like an instance id and is none. */
export function describeSpoiltId(word: string): UsageError {
  return new UsageError({
    code: 'bad-setting',
    what: `${JSON.stringify(word)} is no instance id`,
    why: describeSpoilt(word),
    next: 'give one as i-0123456789abcdef0',
  });
}

/** A target that was typed without its flag. */
function suggestFlag(word: string, taken: readonly TakenFlag[]): string | undefined {
  const takes = (name: string) => taken.some((flag) => flag.name === name);
  const tag = word.replace(/^tag[:=](?=.*=)/, '');
  const [, value] = /^tag=([^=]+)$/.exec(word) ?? [];
  if (takes('tag') && value !== undefined)
    return quoteCommand`a tag has a key and a value:  --tag ${`KEY=${value}`}`;
  if (takes('tag') && /^[^=]+=[^=]+$/.test(tag)) return quoteCommand`did you mean --tag ${tag}?`;
  if (takes('idle') && /^\d+m?$/.test(word)) return quoteCommand`did you mean --idle ${word}?`;
  return takes(word) ? `did you mean --${word}?` : undefined;
}

/** Names from other tools that resemble none of ours. */
const OTHER_NAMES = wordTable<string>({ force: '--yes' });

/** Names of commands from other tools, and what people type first. */
const OTHER_COMMANDS = wordTable<string>({
  remove: 'uninstall',
  rm: 'uninstall',
  delete: 'uninstall',
  shell: 'connect',
  ssh: 'connect',
  session: 'connect',
  'start-session': 'connect',
  hosts: 'status',
  instances: 'status',
  list: 'status',
  ls: 'status',
  prefs: 'preferences',
});

const listNames = (entries: readonly CommandEntry[]) => entries.map(({ name }) => name).join(', ');
