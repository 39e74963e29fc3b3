/** Finds each setting: on the command line, else in its variable, else in the config file. */

import { hidePasswords } from '../errors.ts';
import { safe } from '../terminal/safe-text.ts';
import { quoteCommand } from '../terminal/shell-word.ts';
import type { ConfigFile } from './config-file.ts';
import {
  FLAGS,
  type Flag,
  type FlagGroup,
  type FlagName,
  flagOf,
  type RawFlags,
  variableName,
} from './flags.ts';

export type Layer = 'line' | 'variable' | 'file';

/** One setting that was given, as text. A switch is `true` or `false`, or the text of its variable. */
export interface Given {
  readonly name: FlagName;
  readonly layer: Layer;
  /** Its name in messages: `--interval`, `SSM_KEEPALIVE_INTERVAL`, `ssm-keepalive.config.yaml:3: interval`. */
  readonly label: string;
  readonly texts: readonly string[];
  /** It was given under its name of an earlier version. */
  readonly isFormer?: boolean;
}

/** All settings that one run was given. A higher layer hides the lower ones. All targets come from one layer. */
export interface Sources {
  find(name: FlagName): Given | undefined;
  /** Every setting that is not hidden, in the order of the flags. */
  list(): readonly Given[];
}

/** Ignores variables and keys of the file outside `groups`. */
export function gatherSources(
  flags: RawFlags,
  environment: NodeJS.ProcessEnv,
  groups: readonly FlagGroup[],
  file?: ConfigFile,
): Sources {
  const finders = [
    (flag: Flag) => findTyped(flag, flags),
    (flag: Flag) => findVariable(flag, environment),
    (flag: Flag) => findInFile(flag, file),
  ];
  const usable = FLAGS.filter(({ group }) => groups.includes(group));
  const targets = usable.filter(({ group }) => group === 'Targets');
  // A typed `--instance-id` must not be combined with a tag of a variable or of the file.
  const targetFinder = finders.find((find) => targets.some((flag) => find(flag) !== undefined));
  const find = (name: FlagName): Given | undefined => {
    const flag = flagOf(name);
    // A typed flag always counts: the parser has accepted it for this command.
    if (!groups.includes(flag.group)) return findTyped(flag, flags);
    if (flag.group === 'Targets') return targetFinder?.(flag);
    for (const finder of finders) {
      const found = finder(flag);
      if (found) return found;
    }
    return undefined;
  };
  return { find, list: () => FLAGS.flatMap(({ name }) => find(name) ?? []) };
}

function findTyped(flag: Flag, flags: RawFlags): Given | undefined {
  const { name } = flag;
  const typed = flags[name];
  if (typed === undefined) return undefined;
  return {
    name,
    layer: 'line',
    label: `--${name}`,
    texts: Array.isArray(typed) ? typed.map(String) : [String(typed)],
  };
}

function findVariable(flag: Flag, environment: NodeJS.ProcessEnv): Given | undefined {
  const spelling = [flag.name, flag.formerly ?? flag.name].find((name) => environment[variableName(name)]);
  if (spelling === undefined) return undefined;
  const label = variableName(spelling);
  const value = environment[label] ?? '';
  const texts = flag.kind === 'list' || flag.isRepeatable ? value.trim().split(/\s+/) : [value];
  return { name: flag.name, layer: 'variable', label, texts, isFormer: spelling === flag.formerly };
}

function findInFile(flag: Flag, file: ConfigFile | undefined): Given | undefined {
  const { name } = flag;
  const found = file?.settings.get(name);
  if (!file || !found) return undefined;
  const { line, key, texts } = found;
  return {
    name,
    layer: 'file',
    label: `${file.path}:${line}: ${key}`,
    texts,
    isFormer: key === flag.formerly,
  };
}

/** Reads a switch; undefined if its text is neither a yes nor a no. */
export function readSwitch(given: Given | undefined): boolean | undefined {
  return readSwitchWord(given?.texts[0] ?? (given ? '' : '0'));
}

export function readSwitchWord(value: string): boolean | undefined {
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  return /^(0|false|no|off)$/i.test(value) ? false : undefined;
}

/** Spells a setting with a new value, in the form of its layer. */
export function spell({ layer, label }: Pick<Given, 'layer' | 'label'>, value: string): string {
  if (layer === 'file') return `${label.replace(/^.*: /, '')}: ${value}`;
  return layer === 'variable' ? `${label}=${value}` : `${label} ${value}`;
}

/** Spells a setting as flags: `--tag env=dev --tag role=web`, `--lab`. */
export function spellFlag(given: Given): string {
  const { name, texts } = given;
  const flag = flagOf(name);
  if (flag.kind === 'switch') return readSwitch(given) ? `--${name}` : `no --${name}`;
  return texts.map((text) => quoteCommand`--${name} ${text}`).join(' ');
}

/** One sentence for each name of an earlier version that was given. */
export function listFormerNames(sources: Sources): string[] {
  return sources
    .list()
    .filter(({ isFormer }) => isFormer)
    .map(({ label, name, layer }) => describeFormer(label, layer === 'variable' ? variableName(name) : name));
}

export function describeFormer(label: string, now: string): string {
  return `${label} is called ${now} now; the old word still works`;
}

/** For --debug: one line for each setting that was given, with its layer. */
export function describeSources(sources: Sources): string {
  const words: Readonly<Record<Layer, (label: string) => string>> = {
    line: () => 'the command line',
    variable: (label) => label,
    file: (label) => label.replace(/: [^:]*$/, ''),
  };
  return sources
    .list()
    .map(
      (given) =>
        safe`ssm-keepalive: ${hidePasswords(spellFlag(given))}  (from ${words[given.layer](given.label)})\n`,
    )
    .join('');
}
