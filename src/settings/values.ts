/** Turns the text of one setting into its value, or into a UsageError. */
import { UsageError } from '../errors.ts';
import { nearestName } from '../nearest.ts';
import { quoteWord } from '../terminal/shell-word.ts';
import { FLAGS, type Flag, type FlagName, flagOf, variableName } from './flags.ts';
import { InvalidValueError } from './readers.ts';
import { type Given, readSwitch, spell } from './sources.ts';

/** The value of the flag, or its default. @throws UsageError */
export function readFlag(flag: Flag, given: Given | undefined): unknown {
  const { name, reader, fallback } = flag;
  if (!reader) return isSwitchOn(given) !== (flag.isNegated === true);
  const found =
    given ??
    (fallback === undefined
      ? undefined
      : { name, layer: 'line' as const, label: `--${name}`, texts: [fallback] });
  if (flag.kind === 'list' || flag.isRepeatable) {
    const { texts = [] } = found ?? {};
    const parts = flag.separator ? texts.flatMap((text) => text.split(flag.separator ?? '')) : texts;
    const values = [...new Set(parts.map((text) => readText(flag, found as Given, text)))];
    return flag.finish ? flag.finish(values as string[]) : values;
  }
  if (!found) return undefined;
  const [text = '', ...others] = found.texts;
  if (others.length === 0) return readText(flag, found, text);
  throw new UsageError({
    what: `${found.label} was given ${found.texts.length} times`,
    why: 'it takes one value',
    next: `give ${found.label} once`,
  });
}

function isSwitchOn(given: Given | undefined): boolean {
  const isOn = readSwitch(given);
  if (given && isOn === undefined) throw badValue(flagOf(given.name), given, given.texts[0] ?? '');
  return isOn === true;
}

function readText(flag: Flag, given: Given, text: string): unknown {
  try {
    return flag.reader?.read(text);
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error;
    throw badValue(flag, given, text, error);
  }
}

/** The error for a bad value: the setting, the expected form, the text that was given. */
function badValue(
  { name, reader, example = '1', separator }: Flag,
  given: Given,
  came: string,
  { instead, meant }: InvalidValueError = new InvalidValueError(),
): UsageError {
  const nearest = nearestName(came, reader?.options ?? []);
  // A list is told whole: only the wrong word changes.
  const parts = separator === undefined ? [came] : given.texts.flatMap((text) => text.split(separator));
  const told = parts.map((part) => (part === came ? nearest : part)).join(separator);
  const owner = nearest || !reader?.options ? undefined : findOwner(came);
  const give = given.layer === 'file' ? 'write ' : 'give';
  return new UsageError({
    code: 'bad-setting',
    what: `${given.label} cannot be ${JSON.stringify(reader?.conceal?.(came) ?? came)}`,
    why: `expected ${reader?.expected ?? '1 or 0'}`,
    next: nearest
      ? `did you mean ${spell(given, given.layer === 'file' ? told : quoteWord(told))}?`
      : owner
        ? `did you mean ${spell({ ...given, label: given.label.replace(name, owner).replace(variableName(name), variableName(owner)) }, came)}?`
        : meant
          ? `did you mean ${meant}?`
          : instead
            ? `write ${spell(given, instead)}`
            : `${give} ${spell(given, example)}`,
  });
}

/** If exactly one flag takes this word and it is not its default: `--keeper tmux` gives `wrap`. */
function findOwner(word: string): FlagName | undefined {
  const [owner, ...others] = FLAGS.filter(({ reader }) => reader?.options?.includes(word));
  return owner && others.length === 0 && owner.fallback !== word ? owner.name : undefined;
}
