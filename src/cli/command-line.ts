/** Parses the command line into one command, its word and its flags. */
import type { CommandEntry } from '../commands/command.ts';
import { COMMANDS } from '../commands/index.ts';
import { listOwnFlags, listTakenFlags, type TakenFlag } from '../commands/taken-flags.ts';
import { FLAGS, type RawFlags } from '../settings/flags.ts';
import { isInstanceId, isName, readServiceTarget } from '../settings/readers.ts';
import { readSwitchWord } from '../settings/sources.ts';
import { type FlagWord, readFlagWord } from './flag-word.ts';
import type { HelpRequest } from './help.ts';
import {
  describeBadSwitch,
  describeLackingCommand,
  describeLackingValue,
  describeRepetition,
  describeSpoiltId,
  describeUnknownCommand,
  describeUnknownFlag,
  describeUnknownWord,
} from './mistakes.ts';

export interface CommandLine {
  readonly entry: CommandEntry;
  /** For `policy COMMAND`: the entry of COMMAND. */
  readonly about: CommandEntry | undefined;
  readonly word: string | undefined;
  readonly flags: RawFlags;
  /** Flags of this command alone. */
  readonly own: Readonly<Record<string, string | boolean>>;
  /** Flags that were typed under a name of an earlier version. */
  readonly former: readonly FlagWord[];
}

export type CliRequest =
  | { readonly kind: 'version' }
  | ({ readonly kind: 'help' } & HelpRequest)
  | { readonly kind: 'run'; readonly line: CommandLine };

const HELP_FLAGS = ['--help', '-h', '--help-all'];
const TARGET_FLAGS = ['tag', 'instance-id', 'resource-group'];
const ABOUT = COMMANDS.filter(({ isAboutCommand }) => !isAboutCommand);

/** @throws UsageError naming the mistake and a way to mend it */
export function readCommandLine(argv: readonly string[]): CliRequest {
  const [words, plain] = splitAtDashes(argv);
  const isWhole = words.includes('--help-all');
  const wantsHelp = HELP_FLAGS.some((flag) => words.includes(flag));
  if (words.includes('--version') && !wantsHelp) return { kind: 'version' };
  const typed = words.filter((word) => !HELP_FLAGS.includes(word));
  const first = takeCommand(typed, [...COMMANDS.map(({ name }) => name), 'help', 'version']);
  if (first.word === 'version') return { kind: 'version' };
  if (first.word === 'help') return readCommandLine([...first.rest, isWhole ? '--help-all' : '--help']);
  const entry = COMMANDS.find(({ name }) => name === first.word);
  if (!entry) {
    if (first.word !== undefined) throw describeUnknownCommand(COMMANDS, first.word, first.rest);
    if (wantsHelp || argv.length === 0) return { kind: 'help', isWhole };
    throw describeLackingCommand(words[0] ?? argv[0] ?? '');
  }
  if (!entry.isAboutCommand) {
    if (wantsHelp) return { kind: 'help', entry, isWhole };
    return { kind: 'run', line: readFlags(entry, undefined, first.rest, plain) };
  }
  const names = ABOUT.map(({ name }) => name);
  const second = takeCommand(first.rest, names);
  const about = ABOUT.find(({ name }) => name === second.word);
  if (wantsHelp) return { kind: 'help', entry, about, isWhole };
  if (!about) throw describeUnknownCommand(ABOUT, second.word ?? '', second.rest, entry);
  return { kind: 'run', line: readFlags(entry, about, second.rest, plain) };
}

/** The words before `--`, and those after it, none of which is a flag. */
function splitAtDashes(argv: readonly string[]): [string[], string[]] {
  const at = argv.indexOf('--');
  return at < 0 ? [[...argv], []] : [argv.slice(0, at), argv.slice(at + 1)];
}

/** The first word that is no flag and no flag's value; `rest`: all other words. Flags may stand before it, as in the AWS CLI. */
function takeCommand(
  words: readonly string[],
  names: readonly string[],
): { word: string | undefined; rest: string[] } {
  const known = [...FLAGS, ...listOwnFlags(...COMMANDS)];
  let takes: 'nothing' | 'one' | 'many' | 'more' = 'nothing';
  for (const [at, word] of words.entries()) {
    const flagWord = readFlagWord(word);
    if (flagWord) {
      const flag = known.find(({ name }) => name === flagWord.name);
      const takesMany = flag && isMany(flag, flagWord);
      if (!flag || flag.kind === 'switch') takes = 'nothing';
      else if (flagWord.value === undefined) takes = takesMany ? 'many' : 'one';
      else takes = takesMany ? 'more' : 'nothing';
    } else if (takes === 'nothing' || (takes === 'more' && names.includes(word))) {
      return { word, rest: [...words.slice(0, at), ...words.slice(at + 1)] };
    } else takes = takes === 'one' ? 'nothing' : 'more';
  }
  return { word: undefined, rest: [...words] };
}

/** Whether the flag takes every word up to the next flag. `--region` takes one word, `--regions` takes many. */
function isMany(flag: TakenFlag | { kind: string; name: string }, { spelled, name }: FlagWord): boolean {
  return (
    flag.kind === 'list' || ('isRepeatable' in flag && flag.isRepeatable === true && spelled === `--${name}s`)
  );
}

function readFlags(
  entry: CommandEntry,
  about: CommandEntry | undefined,
  typed: readonly string[],
  plain: readonly string[],
): CommandLine {
  const shown = about ? { ...about, name: `${entry.name} ${about.name}` } : entry;
  const { words: taken } = shown;
  const flags = listTakenFlags(entry, about);
  const words: string[] = [];
  const named: string[] = [];
  const former: FlagWord[] = [];
  const values = new Map<string, string[]>();
  const switches = new Map<string, boolean>();
  const add = (name: string, given: readonly string[]) =>
    void values.set(name, [...(values.get(name) ?? []), ...given]);
  for (let at = 0; at < typed.length; at += 1) {
    const word = typed[at] ?? '';
    const flagWord = readFlagWord(word);
    if (!flagWord) {
      words.push(word);
      continue;
    }
    const isWord = taken?.also?.includes(flagWord.spelled) === true;
    const flag = isWord ? undefined : flags.find(({ name }) => name === flagWord.name);
    if (!flag && !isWord) throw describeUnknownFlag(shown, flags, flagWord);
    if (flagWord.isFormer) former.push(flagWord);
    if (flag?.kind === 'switch') {
      const value = readSwitchWord(flagWord.value ?? 'true');
      if (value === undefined) throw describeBadSwitch(flagWord);
      switches.set(flag.name, value);
      continue;
    }
    const given = flagWord.value === undefined ? [] : [flagWord.value];
    const takesMany = flag !== undefined && isMany(flag, flagWord);
    while (given.length === 0 || takesMany) {
      const next = typed[at + 1];
      if (next === undefined || readFlagWord(next)) break;
      given.push(next);
      at += 1;
    }
    if (given.length === 0) throw describeLackingValue(shown, flagWord, flag);
    if (isWord) words.push(...given);
    else if (flag?.name !== 'tag') add(flagWord.name, given);
    else if (/^--targets?$/.test(flagWord.spelled) && !given.some((text) => text.includes('=')))
      named.push(...given);
    else for (const text of given) add(...readServiceTarget(text));
  }
  words.push(...plain);
  // The AWS CLI's own word takes what a word without a flag takes.
  for (const [name, given] of readTargetWords(named, shown, flags)) add(name, given);
  // Beside another target a word is a slip: `--interval 45 seconds` must not look for a name.
  if (taken?.isTargets && !switches.get('all') && !TARGET_FLAGS.some((name) => values.has(name)))
    for (const [name, given] of readTargetWords(words.splice(0), shown, flags)) add(name, given);
  const extra = words[taken && !taken.isTargets ? 1 : 0];
  if (extra !== undefined) throw describeUnknownWord(shown, flags, extra);
  const isOwn = (name: string) => flags.some((flag) => flag.name === name && flag.group === undefined);
  for (const [name, given] of values)
    if (isOwn(name) && given.length > 1) throw describeRepetition(name, given.length);
  const pick = (isWanted: (name: string) => boolean) =>
    Object.fromEntries([...values, ...switches].filter(([name]) => isWanted(name)));
  const own = Object.entries(pick(isOwn)).map(([name, value]) => [
    name,
    Array.isArray(value) ? value[0] : value,
  ]);
  const flagsTyped = pick((name) => !isOwn(name));
  return { entry, about, word: words[0], flags: flagsTyped, own: Object.fromEntries(own), former };
}

/** Instances that were named without a flag, as the flags they mean. @throws UsageError */
function readTargetWords(
  words: readonly string[],
  shown: CommandEntry,
  flags: readonly TakenFlag[],
): [name: string, given: string[]][] {
  // `install all` means --all, and `install env=dev` a tag.
  const other = words.find((word) => word.includes('=') || flags.some(({ name }) => name === word));
  if (other !== undefined) throw describeUnknownWord(shown, flags, other);
  const parts = words.flatMap((word) => word.split(','));
  const names = parts.filter(isName);
  const ids = parts.filter((part) => !isName(part));
  const spoilt = ids.find((id) => !isInstanceId(id));
  if (spoilt !== undefined) throw describeSpoiltId(spoilt);
  return [
    ...(names.length > 0 ? [['tag', [`Name=${names.join(',')}`]] as [string, string[]]] : []),
    ...(ids.length > 0 ? [['instance-id', ids] as [string, string[]]] : []),
  ];
}
