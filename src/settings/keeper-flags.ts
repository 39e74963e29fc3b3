/** The settings of a keeper as flags again: those of a run, and those that a host reports. */
import { isDeepStrictEqual } from 'node:util';
import { formatDuration } from '../duration.ts';
import { UsageError } from '../errors.ts';
import { quoteCommand } from '../terminal/shell-word.ts';
import { FLAGS, type Flag } from './flags.ts';
import type { Settings } from './shape.ts';
import { readFlag } from './values.ts';

export type KeeperSettings = Settings['keeper'];

const KEEPER_FLAGS = FLAGS.filter(({ group }) => group === 'Keeper');

const getValue = (keeper: KeeperSettings, { as }: Flag) => (keeper as Readonly<Record<string, unknown>>)[as];

/** The flags that give the same bundle again, without defaults. */
export function repeatKeeper(keeper: KeeperSettings): string {
  return KEEPER_FLAGS.filter(
    (flag) =>
      (flag.name === 'entry' && keeper.insistsOnEnv) ||
      !isDeepStrictEqual(getValue(keeper, flag), readFlag(flag, undefined)),
  )
    .map((flag) =>
      flag.reader ? quoteCommand` --${flag.name} ${show(getValue(keeper, flag))}` : ` --${flag.name}`,
    )
    .join('');
}

/**
 * The settings that a host reports, `NAME=VALUE` as its manifest names them (src/bundle/manifest.ts). Undefined unless each
 * is one that its flag takes: whoever is root there may write anything into that file.
 */
export function readReported(settings: string): KeeperSettings | undefined {
  const reported = new Map(settings.split(' ').map((word) => word.split(/=(.*)/s, 2) as [string, string]));
  const textOf = ({ name }: Flag) => reported.get(name === 'entry' ? 'entries' : name);
  if (reported.size === 0 || KEEPER_FLAGS.every((flag) => textOf(flag) === undefined)) return undefined;
  try {
    const read = KEEPER_FLAGS.map((flag) => {
      const text = textOf(flag);
      const given = { name: flag.name, layer: 'line', label: flag.name, texts: [text ?? ''] } as const;
      return [flag.as, readFlag(flag, text === undefined ? undefined : given)];
    });
    return { ...(Object.fromEntries(read) as KeeperSettings), insistsOnEnv: false };
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

/** The prompt keeper was chosen. A host then reports `none`, because the plain sh of a session has no keeper. */
export const isPromptChosen = ({ keeper, settings }: { keeper: string; settings: string }): boolean =>
  keeper === 'none' && readReported(settings)?.keeper === 'prompt';

/** What differs, `interval 1s → 45s`; empty: nothing does, or one of the two is not known. */
export function compareReported(before: string, now: string): string[] {
  const [old, own] = [before, now].map(readReported);
  if (!old || !own) return [];
  return KEEPER_FLAGS.filter((flag) => !isDeepStrictEqual(getValue(old, flag), getValue(own, flag))).map(
    (flag) => `${flag.name} ${show(getValue(old, flag))} → ${show(getValue(own, flag))}`,
  );
}

/**
 * The command that installs there again with the settings that the host reports, except `changes`. Settings that are not
 * known are left out: then they become the defaults.
 */
export function tellInstall(
  instanceId: string | readonly string[],
  settings: string,
  changes: Partial<KeeperSettings> = {},
): string {
  const keeper = {
    ...(readReported(settings) ?? (readReported('keeper=auto') as KeeperSettings)),
    ...changes,
  };
  return quoteCommand`ssm-keepalive install --instance-id ${instanceId}` + repeatKeeper(keeper);
}

function show(value: unknown): string {
  if (typeof value === 'number') return formatDuration(value);
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : [value].flat().join(',');
}
