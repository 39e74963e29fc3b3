import { flagOf, nameOfSpelling } from '../settings/flags.ts';

export interface FlagWord {
  /** As it was typed, with its dashes. */
  readonly spelled: string;
  /** The name in the flag table; for any other flag the typed word without `--`. */
  readonly name: string;
  /** The text after `=`. */
  readonly value: string | undefined;
  /** The typed name is that of an earlier version. */
  readonly isFormer: boolean;
}

/** Undefined if the word is not a flag; `-1` is a number. */
export function readFlagWord(word: string): FlagWord | undefined {
  const [, spelled, value] = /^(--?[^=\d-][^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (spelled === undefined) return undefined;
  const known = nameOfSpelling(spelled);
  const name = known ?? spelled.replace(/^--/, '');
  const isFormer = known !== undefined && `--${flagOf(known).formerly}` === spelled;
  return { spelled, name, value, isFormer };
}
