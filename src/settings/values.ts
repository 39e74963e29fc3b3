/** One setting that was given becomes its value, or the words for why it cannot. */
import * as z from 'zod';
import { UsageError } from '../errors.ts';
import { nearestName } from '../nearest.ts';
import { FLAGS, type FlagName } from './flags.ts';
import { READERS, type ValueFlag, type ValueOf } from './readers.ts';
import { type Given, readSwitch, type Sources, spell } from './sources.ts';

/** A bad value is told at once, not by the first command that has a use for it. */
export function checkFile(sources: Sources): void {
  for (const given of sources.list()) {
    if (given.name in READERS) readMany(given.name as ValueFlag, given);
    else isSwitchOn(given);
  }
}

export function readOne<K extends ValueFlag>(name: K, given: Given): ValueOf<K> {
  if (given.texts.length > 1) {
    throw new UsageError({
      what: `${given.label} was given ${given.texts.length} times`,
      why: 'it takes one value',
      next: `give ${given.label} once`,
    });
  }
  return readText(name, given, given.texts[0] ?? '');
}

/** These take several with commas between; a comma in a tag parts its values. */
const SPLIT: readonly FlagName[] = ['entry', 'instance-id', 'arm', 'command-id', 'region'];

export function readMany<K extends ValueFlag>(name: K, given: Given): ValueOf<K>[] {
  const texts = SPLIT.includes(name) ? given.texts.flatMap((text) => text.split(',')) : given.texts;
  return texts.map((value) => readText(name, given, value));
}

export function isSwitchOn(given: Given | undefined): boolean {
  const isOn = readSwitch(given);
  if (given && isOn === undefined) throw badValue(given, '1 or 0', given.texts[0] ?? '');
  return isOn === true;
}

function readText<K extends ValueFlag>(name: K, given: Given, value: string): ValueOf<K> {
  const [expected, schema] = READERS[name];
  const result = schema.safeParse(value);
  if (!result.success)
    throw badValue(given, expected, value, optionsOf(schema), result.error.issues[0]?.message);
  return result.data as ValueOf<K>;
}

function optionsOf(schema: z.ZodType): readonly string[] {
  return schema instanceof z.ZodEnum ? schema.options.map(String) : [];
}

/** One value that would do, for the flags whose form people get wrong. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  tag: 'env=dev',
  'instance-id': 'i-0123456789abcdef0, several with spaces between',
  interval: '45 or 90s: a whole number and s, m, h or d',
  'max-idle': '8h or 90m: a whole number and s, m, h or d',
  timeout: '600 or 10m: a whole number and s, m, h or d',
  'idle-timeout': '60: whole minutes',
  arm: 'foreground or nothing,query',
  limit: '3h or 90m: a whole number and s, m, h or d',
  tick: '10: a whole number and s, m, h or d',
  repeat: '3',
  parallel: '2',
  client: 'own',
  'max-concurrency': '5 or 10%',
  'max-errors': '0 or 5%',
  'command-id': 'the id that sending it printed',
  document: 'ssm-keepalive',
  every: "'rate(1 day)'",
  alarm: 'error-rate',
  entry: 'env,profile',
  region: 'eu-central-1',
  'endpoint-url': 'http://127.0.0.1:8080',
  output: 'json',
  'resource-group': 'web-servers',
  'confirm-above': '50',
  scope: 'ssm',
  keeper: 'auto',
  wrap: 'tmux',
  shell: 'login',
  config: 'ssm-keepalive.config.yaml',
  report: 'out.html',
  profile: 'default',
};

/** The one sentence every bad value gets: what it was for, what was expected, what came. */
function badValue(
  given: Given,
  expected: string,
  came: string,
  options: readonly string[] = [],
  hint = '',
): UsageError {
  const nearest = nearestName(came, options);
  const give = given.layer === 'file' ? 'write ' : 'give';
  return new UsageError({
    code: 'bad-setting',
    what: `${given.label} cannot be ${JSON.stringify(came)}`,
    why: `expected ${expected}`,
    next: nearest
      ? `did you mean ${spell(given, nearest)}?`
      : hint.startsWith('write ')
        ? `write ${spell(given, hint.slice('write '.length))}`
        : `${give} ${spell(given, EXAMPLES[given.name] ?? '1')}`,
  });
}

export function fallback<K extends ValueFlag>(name: K): ValueOf<K> {
  const flag = FLAGS.find((candidate) => candidate.name === name);
  if (!flag || !('fallback' in flag)) throw new Error(`no default for --${name}`);
  return readText(name, { name, layer: 'line', label: `the default of --${name}`, texts: [] }, flag.fallback);
}
