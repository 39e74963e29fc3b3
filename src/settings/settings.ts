import type { ConfigFile } from './config-file.ts';
import { refuseConflicts } from './conflicts.ts';
import { FLAG_GROUPS, FLAGS, type FlagGroup, flagOf, type RawFlags, variableName } from './flags.ts';
import { REMOVED_NAMES, refuseRemoved } from './removed-flags.ts';
import type { Settings } from './shape.ts';
import { type Given, gatherSources, type Sources, spellFlag } from './sources.ts';
import { readFlag } from './values.ts';

export { refuseUnseenYes, requireTargets } from './conflicts.ts';
export { describeSpoilt, isInstanceId, isName } from './readers.ts';
export { fittingIntervalSeconds, longestIntervalSeconds, type Settings, type TagTarget } from './shape.ts';

/**
 * Reads one frozen Settings. A flag counts before its SSM_KEEPALIVE_* variable, the variable before the
 * config file, the file before the default. Variables outside `groups` are not read; the file is checked whole.
 * Pure: the same flags, variables and file give equal settings.
 * @throws UsageError naming the flag, variable or key, what was expected and what came.
 */
export function readSettings(
  flags: RawFlags,
  environment: NodeJS.ProcessEnv = {},
  groups: readonly FlagGroup[] = FLAG_GROUPS,
  file?: ConfigFile,
): Settings {
  for (const name of REMOVED_NAMES) {
    const variable = variableName(name);
    const refusal = environment[variable] ? refuseRemoved(name, variable) : undefined;
    if (refusal) throw refusal;
  }
  const sources = gatherSources(flags, environment, groups, file);
  // Also those of flags that this command does not use.
  for (const given of gatherSources({}, {}, FLAG_GROUPS, file).list()) readFlag(flagOf(given.name), given);
  const part = (group: FlagGroup) =>
    Object.fromEntries(
      FLAGS.filter((flag) => flag.group === group).map((flag) => [
        flag.as,
        readFlag(flag, sources.find(flag.name)),
      ]),
    );
  const parts = Object.fromEntries(FLAG_GROUPS.map((group) => [group.toLowerCase(), part(group)]));
  // The types in shape.ts come from the same table, so the cast is safe.
  const { targets, keeper, common: given, ...rest } = parts as unknown as Settings;
  const { config: _, ...common } = given as typeof given & { config: string | undefined };
  const settings: Settings = {
    ...rest,
    keeper: { ...keeper, insistsOnEnv: sources.find('entry') !== undefined },
    targets: {
      ...targets,
      foundIn: file && !file.isNamed && sources.list().some(isPlaceOfFile) ? file.path : undefined,
    },
    common: {
      ...common,
      region: onlyOne(common.regions),
      profile: onlyOne(common.profiles),
      hasColor: common.hasColor && !environment['NO_COLOR'],
      configFile: file && { path: file.path, reach: reachOf(sources).filter(isFromFile).map(spellFlag) },
    },
  };
  refuseConflicts(settings, (name) => sources.find(name)?.label ?? `--${name}`, flags);
  return deepFreeze(settings);
}

const isFromFile = ({ layer }: Given) => layer === 'file';
const isPlaceOfFile = (given: Given) => isFromFile(given) && flagOf(given.name).inFoundFile === 'place';

/** The settings that select the account, the Region and the instances. */
function reachOf(sources: Sources): Given[] {
  const account = (['lab', 'endpoint-url', 'profile', 'region'] as const).map((name) => sources.find(name));
  const targets = sources.list().filter(({ name }) => flagOf(name).group === 'Targets');
  return [...account.filter((given) => given !== undefined), ...targets];
}

function onlyOne<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) if (typeof child === 'object' && child) deepFreeze(child);
  return Object.freeze(value);
}
