/** Turns a value of the config file into the texts of its flag. */

import { UsageError } from '../errors.ts';
import type { FileEntry, FileValue } from './config-entries.ts';
import type { Flag } from './flags.ts';

/** The texts as they would be typed after the flag. @throws UsageError naming file, line and key */
export function readTexts(flag: Flag, { key, line, value }: FileEntry, path: string): string[] {
  const refuse = (came: string, expected: string) => refusal(`${path}:${line}: ${key}`, came, expected, flag);
  if (flag.kind === 'switch') {
    if (value.kind === 'boolean') return [value.text.toLowerCase()];
    throw refuse(describe(value), 'true or false');
  }
  if (isScalar(value)) return [value.text];
  if (flag.kind === 'value' && !flag.isRepeatable) throw refuse(describe(value), 'one value');
  if (value.kind === 'list' && value.items.length > 0) {
    return value.items.map((item) => {
      if (isScalar(item)) return item.text;
      throw refuse(`a list with ${describe(item)} in it`, 'a list of texts');
    });
  }
  if (value.kind === 'map' && flag.name === 'tag')
    return value.entries.map((entry) => readTagEntry(entry, path));
  throw refuse(describe(value), flag.name === 'tag' ? 'a list or a map' : 'a list');
}

/** Below `tag:`, `env: dev` means `--tag env=dev` and `env: [dev, test]` means `--tag env=dev,test`. */
function readTagEntry({ key, line, value }: FileEntry, path: string): string {
  const values = value.kind === 'list' ? value.items : [value];
  const isUsable = values.length > 0 && values.every(isScalar) && !key.includes('=');
  if (isUsable) return `${key}=${values.map((item) => (isScalar(item) ? item.text : '')).join(',')}`;
  throw refusal(`${path}:${line}: tag ${key}`, describe(value), 'a value, or a list of values', {
    name: 'tag',
    placeholder: 'KEY=VALUE',
  });
}

type Scalar = Extract<FileValue, { readonly text: string }>;

function isScalar(value: FileValue): value is Scalar {
  return 'text' in value;
}

function describe(value: FileValue): string {
  if (isScalar(value)) return JSON.stringify(value.text);
  return {
    list: 'items' in value && value.items.length === 0 ? 'an empty list' : 'a list',
    map: 'a map',
    nothing: 'empty',
  }[value.kind as 'list' | 'map' | 'nothing'];
}

function refusal(
  label: string,
  came: string,
  expected: string,
  flag: { readonly name: string; readonly placeholder?: string },
): UsageError {
  return new UsageError({
    code: 'bad-setting',
    what: `${label} cannot be ${came}`,
    why: `expected ${expected}`,
    next: `write  ${flag.name}: ${flag.placeholder ?? 'true'}`,
  });
}
