import { UsageError } from '../errors.ts';
import { InvalidValueError, type Reader } from '../settings/readers.ts';
import type { Invocation } from './command.ts';

/** A flag that only this command has; undefined if not given. @throws UsageError naming flag, what was expected and `example` */
export function readOwnFlag<T>(
  own: Invocation['own'],
  name: string,
  reader: Reader<T>,
  example: string,
): T | undefined {
  const text = own[name];
  if (text === undefined) return undefined;
  try {
    return reader.read(String(text));
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error;
    throw new UsageError({
      code: 'bad-setting',
      what: `--${name} cannot be ${JSON.stringify(String(text).slice(0, 40))}`,
      why: `expected ${reader.expected}`,
      next: error.instead ? `did you mean --${name} ${error.instead}?` : `give --${name} ${example}`,
    });
  }
}
