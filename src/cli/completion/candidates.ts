/** The candidates at the cursor, from the lists of commands and flags. Pure. */

import type { CommandEntry } from '../../commands/command.ts';
import type { AccountContents } from '../../commands/completion/account-cache.ts';
import { COMMANDS } from '../../commands/index.ts';
import { listOwnFlags, listTakenFlags, listValues } from '../../commands/taken-flags.ts';
import { FLAGS, type Flag } from '../../settings/flags.ts';
import { readFlagWord } from '../flag-word.ts';

/** One candidate. `isOpen`: the word goes on without a space, as after `env=`. */
export interface Candidate {
  readonly text: string;
  readonly describe?: string;
  readonly isOpen?: boolean;
}

/** The kind of word that fits at the cursor. Only `instances` and `tags` need the account. */
export type Wanted =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'instances'; readonly prefix: string; readonly hasNames: boolean }
  | { readonly kind: 'tags' | 'profiles'; readonly prefix: string }
  | { readonly kind: 'files' };

type AnyFlag = Pick<Flag, 'describe' | 'placeholder' | 'kind'> & { readonly name: string };

const HELP: AnyFlag = { name: 'help', kind: 'switch', describe: 'what this command takes' };
const HELP_ALL: AnyFlag = { name: 'help-all', kind: 'switch', describe: 'the same with its rare flags' };
const VERSION: AnyFlag = { name: 'version', kind: 'switch', describe: 'the version of this program' };
/** Words that mean the same as the flag. */
const ABOUT_HELP = [
  { name: 'help', describe: HELP.describe },
  { name: 'version', describe: VERSION.describe },
];
const NOTHING: Wanted = { kind: 'words', candidates: [] };

/** `words`: after the program's name; the last one is being typed. */
export function chooseWanted(words: readonly string[]): Wanted {
  if (words[0] === 'help' && words.length === 2)
    return wordsOf(COMMANDS.map(({ name, describe }) => ({ text: name, describe })));
  const typed = readWords(words.slice(0, -1));
  const last = words.at(-1) ?? '';
  const { entry, open } = typed;
  const flags = flagsOf(entry);
  const typing = readFlagWord(last);
  if (typing?.value !== undefined) {
    const flag = flags.find((candidate) => candidate.name === typing.name);
    return flag ? valuesOf(flag, typing.value, `${typing.spelled}=`, entry) : NOTHING;
  }
  // A list before the command may be followed by the command or another value.
  const isOver = open?.hasValue && (last.startsWith('-') || entry === undefined);
  if (open && !isOver) return valuesOf(open.flag, last, '', entry);
  if (last.startsWith('-')) return wordsOf(usableFlags(flags, typed.given));
  if (typed.hasWord && !entry?.words?.isTargets) return NOTHING;
  if (entry === undefined) {
    return wordsOf([...COMMANDS, ...ABOUT_HELP].map(({ name, describe }) => ({ text: name, describe })));
  }
  return entry.words === undefined ? NOTHING : positionOf(entry);
}

interface TypedWords {
  readonly entry: CommandEntry | undefined;
  readonly hasWord: boolean;
  readonly given: readonly string[];
  /** The flag whose value is at the cursor. `hasValue`: it has a value already and may take more. */
  readonly open: { readonly flag: AnyFlag; readonly hasValue: boolean } | undefined;
}

/** Flags may stand before the command, as in cli/command-line.ts. */
function readWords(words: readonly string[]): TypedWords {
  const ownFlags = listOwnFlags(...COMMANDS);
  let entry: CommandEntry | undefined;
  let hasWord = false;
  let open: TypedWords['open'];
  const given: string[] = [];
  for (const word of words) {
    const flagWord = readFlagWord(word);
    if (flagWord) {
      const { name, value } = flagWord;
      given.push(name);
      const known: readonly AnyFlag[] = entry ? flagsOf(entry) : [...FLAGS, ...ownFlags];
      const flag = known.find((candidate) => candidate.name === name);
      open = flag && flag.kind !== 'switch' && value === undefined ? { flag, hasValue: false } : undefined;
      continue;
    }
    const command = entry ? undefined : COMMANDS.find((known) => known.name === word);
    if (open && !(open.hasValue && command)) {
      open = open.flag.kind === 'list' ? { ...open, hasValue: true } : undefined;
    } else if (command) {
      entry = command;
      open = undefined;
    } else hasWord = true;
  }
  return { entry, hasWord, given, open };
}

function flagsOf(entry: CommandEntry | undefined): AnyFlag[] {
  if (entry) return [...listTakenFlags(entry), HELP, HELP_ALL];
  return [...FLAGS.filter(({ group }) => group === 'Common'), HELP, HELP_ALL, VERSION];
}

function usableFlags(flags: readonly AnyFlag[], given: readonly string[]): Candidate[] {
  return flags
    .filter(({ name, kind }) => kind === 'list' || !given.includes(name))
    .map(({ name, describe }) => ({ text: `--${name}`, describe }));
}

function valuesOf(flag: AnyFlag, last: string, lead: string, entry: CommandEntry | undefined): Wanted {
  const placeholder = flag.placeholder ?? '';
  if (flag.name === 'tag') return { kind: 'tags', prefix: lead };
  if (flag.name === 'instance-id')
    return { kind: 'instances', prefix: lead + listLead(last), hasNames: false };
  if (flag.name === 'profile') return { kind: 'profiles', prefix: lead };
  if (/FILE|DIR/.test(placeholder)) return lead === '' ? { kind: 'files' } : NOTHING;
  const isOwn = entry?.own?.some(({ name }) => name === flag.name) === true;
  const words = listValues(flag);
  const before = flag.kind === 'list' && !isOwn ? listLead(last) : '';
  const taken = before.split(',');
  return wordsOf(
    words.filter((word) => !taken.includes(word)).map((word) => ({ text: lead + before + word })),
  );
}

/** The finished values before the one being typed: `env,` for `env,pr`. */
function listLead(last: string): string {
  return last.slice(0, last.lastIndexOf(',') + 1);
}

function positionOf(entry: CommandEntry): Wanted {
  const usage = entry.words?.usage ?? '';
  const words = usage.replace(/[[\]]/g, '').split('|');
  if (words.every((word) => /^[a-z-]+$/.test(word))) return wordsOf(words.map((text) => ({ text })));
  if (usage.includes('INSTANCE')) return { kind: 'instances', prefix: '', hasNames: true };
  // The list of words in help, as for `render`.
  return wordsOf([...(entry.words?.values ?? [])].map((text) => ({ text })));
}

function wordsOf(candidates: readonly Candidate[]): Wanted {
  return { kind: 'words', candidates };
}

/** Ids; for tags first `key=`, then values. Never a foreign name where it would be read as a flag. */
export function fillIn(
  wanted: Wanted,
  last: string,
  known: AccountContents,
  profiles: readonly string[],
): Candidate[] {
  return fill(wanted, last, known, profiles).filter(
    ({ text }) => !('prefix' in wanted) || wanted.prefix !== '' || !text.startsWith('-'),
  );
}

function fill(
  wanted: Wanted,
  last: string,
  known: AccountContents,
  profiles: readonly string[],
): Candidate[] {
  if (wanted.kind === 'words') return [...wanted.candidates];
  if (wanted.kind === 'files') return [];
  const { prefix } = wanted;
  if (wanted.kind === 'profiles') return profiles.map((name) => ({ text: prefix + name }));
  if (wanted.kind === 'instances') {
    const taken = prefix.split(',');
    return known.instances
      .filter(({ id }) => !taken.includes(id))
      .flatMap(({ id, name, tag }) => [
        { text: prefix + id, ...(name ? { describe: name } : {}) },
        ...(wanted.hasNames && tag ? [{ text: tag, describe: id }] : []),
      ]);
  }
  const typed = last.slice(prefix.length);
  const [key = ''] = typed.split('=', 1);
  const values = typed.includes('=') && Object.hasOwn(known.tags, key) ? known.tags[key] : undefined;
  if (values === undefined)
    return Object.keys(known.tags).map((text) => ({ text: `${prefix}${text}=`, isOpen: true }));
  const before = listLead(typed.slice(key.length + 1));
  const taken = before.split(',');
  return values
    .filter((value) => value !== '' && !value.includes(',') && !taken.includes(value))
    .map((value) => ({ text: `${prefix}${key}=${before}${value}` }));
}
