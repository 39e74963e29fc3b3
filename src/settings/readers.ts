/** How the text of a flag becomes a value. */
import { parseDuration } from '../duration.ts';
import { hidePasswords } from '../errors.ts';
import { hidePassword } from '../exposed-address.ts';
import { quoteCommand, quoteWord } from '../terminal/shell-word.ts';
import { wordTable } from '../word-table.ts';
/** A tag condition: any of `values` on `key`; several conditions must all hold. */
export interface TagTarget {
  readonly key: string;
  readonly values: readonly string[];
}

export interface Reader<T> {
  /** The accepted form, in words. */
  readonly expected: string;
  /** All accepted words, if they are few. */
  readonly options?: readonly string[];
  /** What a message may show of a text that may hold a password. */
  readonly conceal?: (text: string) => string;
  /** @throws InvalidValueError if the text has another form */
  read(text: string): T;
}

/** The text does not fit its flag. */
export class InvalidValueError extends Error {
  constructor(
    /** The right spelling of the value, if it is known. */
    readonly instead?: string,
    /** What to give in place of the flag. */
    readonly meant?: string,
  ) {
    super('not what the flag takes');
  }
}

const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
/** The service's limits are higher, but nobody types a longer text. */
const LONGEST_TEXT = 256;

export const isInstanceId = (word: string) => /^(i-(\w{8}|\w{17})|mi-\w{17})$/.test(word);

/** Why a word is no id. */
export function describeSpoilt(word: string): string {
  const [, start, rest] = /^(m?i-)([0-9a-f]+)$/.exec(word) ?? [];
  const expected = start === 'mi-' ? '17' : '8 or 17';
  return start && rest
    ? `${rest.length} characters stand after ${start}, and ${expected} belong there`
    : `expected ${ID.expected}, or a name`;
}

/** Half an id, or none. */
const SPOILT_ID = /^(m?i-[0-9a-f]*)?$/i;

/** Whether the word can be the name of an instance. An address with a password was meant for another flag. */
export const isName = (word: string) =>
  !isInstanceId(word) && !SPOILT_ID.test(word) && hidePasswords(word) === word && isTagText(word, 256);

/** A name is told the flag that takes one: a command that changes instances takes none by chance. */
export const ID: Reader<string> = {
  expected: 'an instance id, i- and 8 or 17 characters or mi- and 17',
  read(text) {
    if (isName(text)) throw new InvalidValueError(undefined, quoteCommand`--tag ${`Name=${text}`}`);
    return requireValid(text, isInstanceId(text));
  },
};

export function matching(pattern: RegExp, expected: string, most = LONGEST_TEXT): Reader<string> {
  return { expected, read: (text) => requireValid(text, text.length <= most && pattern.test(text)) };
}

export function oneOf<const T extends string>(...options: readonly T[]): Reader<T> {
  const [last = ''] = options.slice(-1);
  return {
    expected: `${options.slice(0, -1).join(', ')} or ${last}`,
    options,
    read: (text) => requireValid(text as T, (options as readonly string[]).includes(text)),
  };
}

/** `4S`, `20 min`, `8 hours`. */
const LONG_UNIT = /^(\d+)\s*([smhd])(?:ec(?:ond)?s?|in(?:ute)?s?|(?:ou)?rs?|ays?)?$/i;

export function seconds(
  least: number,
  most: number,
  expected: string,
  bareUnit: 's' | 'm' = 's',
): Reader<number> {
  const isRight = (value: number | undefined) => value !== undefined && value >= least && value <= most;
  return {
    expected,
    read(text) {
      const value = parseDuration(text, bareUnit);
      const [, number = '', unit = ''] = LONG_UNIT.exec(text) ?? [];
      const instead = number + unit.toLowerCase();
      if (value === undefined && isRight(parseDuration(instead))) throw new InvalidValueError(instead);
      return requireValid(value ?? Number.NaN, isRight(value));
    },
  };
}

export function count(least: number, most: number, expected: string): Reader<number> {
  return {
    expected,
    read: (text) => within(/^(0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN, least, most),
  };
}

/** Reads `word` as undefined, and any other text with `reader`. */
export function orWord<T>(word: string, reader: Reader<T>): Reader<T | undefined> {
  return {
    expected: `${word}, or ${reader.expected}`,
    options: [word],
    read: (text) => (text === word ? undefined : reader.read(text)),
  };
}

export const HTTP_ADDRESS: Reader<string> = {
  expected: 'an address that starts with http:// or https://, without user and password',
  conceal: hidePassword,
  read(text) {
    if (!URL.canParse(text)) throw new InvalidValueError();
    const { protocol, username, password } = new URL(text);
    return requireValid(text, /^https?:$/.test(protocol) && username + password === '');
  },
};

/** A schedule of State Manager. The service wants `1 day` but `2 days` [user guide]. */
export const RATE: Reader<string> = {
  expected: 'rate(N minutes), rate(N hours) or rate(N days), 30 minutes or more and under 31 days',
  read(text) {
    if (/^(cron|at)\(/.test(text))
      throw new InvalidValueError("a rate, e.g. 'rate(1 day)': --every does not take cron(…) or at(…)");
    const [, digits, unit = ''] = /^rate\(([1-9][0-9]{0,5}) (minute|hour|day)s?\)$/.exec(text) ?? [];
    const rate = `rate(${digits} ${unit}${digits === '1' ? '' : 's'})`;
    if (unit && rate !== text) throw new InvalidValueError(`'${rate}'`);
    within(Number(digits) * ({ minute: 1, hour: 60, day: 1440 }[unit] ?? 0), 30, 31 * 1440 - 1);
    return text;
  },
};

/** How the AWS CLI spells a target: `Key=tag:env,Values=dev,test`. */
const SERVICE_TARGET = /^(?:Key|Name)=([^,]+),Values?=(.+)$/is;
const SERVICE_KEYS = wordTable<'instance-id' | 'resource-group'>({
  instanceids: 'instance-id',
  'resource-groups:name': 'resource-group',
});

/** The flag that a target belongs to, and its values. An instance id is not a tag. */
export function readServiceTarget(text: string): ['tag' | 'instance-id' | 'resource-group', string[]] {
  if (text.split(',').every(isInstanceId)) return ['instance-id', [text]];
  const [, key = '', values = ''] = SERVICE_TARGET.exec(text) ?? [];
  return [SERVICE_KEYS[key.toLowerCase()] ?? 'tag', [key.toLowerCase() in SERVICE_KEYS ? values : text]];
}

export const TAG: Reader<TagTarget> = {
  expected: 'KEY=VALUE[,VALUE], e.g. env=dev',
  read(text) {
    const [, form, listed] = SERVICE_TARGET.exec(text) ?? [];
    if (form && !form.startsWith('tag:')) throw new InvalidValueError();
    const [, typedKey, typedValue] = /^tag:([^=]+)=(.+)$/.exec(text) ?? [];
    if (typedKey) throw new InvalidValueError(quoteWord(`${typedKey}=${typedValue}`));
    const separator = text.indexOf('=');
    const key = form?.slice('tag:'.length) ?? text.slice(0, Math.max(0, separator));
    const values = (listed ?? text.slice(separator + 1)).split(',');
    // `a=1,b=2` must not become two values of `a`: the command would reach too many instances.
    const second =
      listed === undefined && values.slice(1).findIndex((value) => /^[\w.:/-]+=[^=]/.test(value)) + 1;
    if (second)
      throw new InvalidValueError(
        [`${key}=${values.slice(0, second)}`, values.slice(second).join(',')].map(quoteWord).join(' --tag '),
      );
    const isValue = (value: string) => value !== '' && value === value.trim() && isTagText(value, 256);
    return requireValid({ key, values }, key !== '' && isTagText(key, 128) && values.every(isValue));
  },
};

const isTagText = (text: string, most: number) => text.length <= most && TAG_TEXT.test(text);

function within(value: number, least: number, most: number): number {
  return requireValid(value, value >= least && value <= most);
}

/** @throws InvalidValueError unless it fits */
export function requireValid<T>(value: T, isValid: boolean): T {
  if (!isValid) throw new InvalidValueError();
  return value;
}
