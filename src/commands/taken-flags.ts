/** The flags that a command takes: those of the table that affect it, and its own. */
import { FLAGS, type Flag, flagOf } from '../settings/flags.ts';
import type { CommandEntry, OwnFlag } from './command.ts';

export type TakenFlag = Flag | (OwnFlag & { readonly kind: 'value' | 'switch'; readonly group?: undefined });

export function listOwnFlags(...entries: readonly (CommandEntry | undefined)[]): TakenFlag[] {
  return entries
    .flatMap((entry) => entry?.own ?? [])
    .map((flag) => ({ ...flag, kind: flag.placeholder === undefined ? 'switch' : 'value' }));
}

/** In the order of help. `about`: for `policy COMMAND`, the entry of COMMAND. */
export function listTakenFlags(entry: CommandEntry, about?: CommandEntry): TakenFlag[] {
  const own = listOwnFlags(about, entry);
  const shared = FLAGS.filter((flag) => takesFlag(about ?? entry, flag));
  // A policy can be narrowed by tag, also for a command that takes one instance.
  const tag = about && !shared.some(({ name }) => name === 'tag') ? [flagOf('tag')] : [];
  return [...tag, ...shared.filter(({ name }) => !own.some((flag) => flag.name === name)), ...own];
}

function takesFlag({ name, groups, accounts }: CommandEntry, flag: Flag): boolean {
  if (!groups.includes(flag.group) || flag.of?.includes(name) === false) return false;
  return !(flag.isAboutAccount && accounts === 'unused');
}

/** The words that a flag takes, if help lists them: `auto|relay|prompt`, `env,profile,rc`. */
export function listValues({ placeholder = '', describe }: Pick<Flag, 'placeholder' | 'describe'>): string[] {
  if (/^[a-z-]+([|,][a-z-]+)+$/.test(placeholder)) return placeholder.split(/[|,]/);
  if (placeholder === 'NAME[,NAME]') return describe.replace(/^.*: /, '').split(', ');
  return placeholder.split('|').filter((word) => /^[a-z]+$/.test(word));
}
