/** One word of a command line that is a flag. */
import { flagOf, nameOfSpelling } from '../settings/flags.ts';

export interface FlagWord {
  /** As it was typed, dashes and all. */
  readonly spelled: string;
  /** Of the flag it means; of one that the table does not know, without `--`. */
  readonly name: string;
  /** Behind `=`. */
  readonly value: string | undefined;
  /** A name of earlier versions. */
  readonly isFormer: boolean;
}

/** Undefined for any other word; `-1` is a number. */
export function readFlagWord(word: string): FlagWord | undefined {
  const [, spelled, value] = /^(--?[^=\d-][^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (spelled === undefined) return undefined;
  const known = nameOfSpelling(spelled);
  const name = known ?? spelled.replace(/^--/, '');
  const isFormer = known !== undefined && `--${flagOf(known).formerly}` === spelled;
  return { spelled, name, value, isFormer };
}
