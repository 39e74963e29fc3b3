import { ENTRIES, type EntryName } from '../bundle/inputs.ts';
import { ARM_NAMES, type ArmName } from '../session/measure/arms.ts';
import type { ConfigFile } from './config-file.ts';
import { FLAGS, type FlagGroup, type FlagName, type RawFlags, variableName } from './flags.ts';
import type { ValueFlag, ValueOf } from './readers.ts';
import { REMOVED_NAMES, refuseRemoved } from './removed-flags.ts';
import type { Settings } from './shape.ts';
import { type Given, gatherSources, type Sources, spellFlag } from './sources.ts';
import { checkTogether } from './together.ts';
import { checkFile, fallback, isSwitchOn, readMany, readOne } from './values.ts';

export { INSTANCE_ID, isInstanceId } from './readers.ts';
export {
  DEFAULT_IDLE_TIMEOUT_SECONDS,
  longestIntervalSeconds,
  type Settings,
  type TagTarget,
} from './shape.ts';
export { confirmedUnseen, requireTargets } from './together.ts';

const EVERY_GROUP: readonly FlagGroup[] = ['Targets', 'Delivery', 'Keeper', 'Measure', 'Common'];

/**
 * Flags, then SSM_KEEPALIVE_* variables, then the config file, then defaults become one frozen Settings.
 * Variables of a group that the command has no use for are not read; the file is checked whole.
 * Pure: the same flags, variables and file give equal settings.
 * @throws UsageError naming the flag, variable or key, what was expected and what came.
 */
export function readSettings(
  flags: RawFlags,
  environment: NodeJS.ProcessEnv = {},
  groups: readonly FlagGroup[] = EVERY_GROUP,
  file?: ConfigFile,
): Settings {
  for (const name of REMOVED_NAMES) {
    const variable = variableName(name);
    const refusal = environment[variable] ? refuseRemoved(name, variable) : undefined;
    if (refusal) throw refusal;
  }
  const sources = gatherSources(flags, environment, groups, file);
  if (file) checkFile(gatherSources({}, {}, EVERY_GROUP, file));
  const one = <K extends ValueFlag>(name: K): ValueOf<K> | undefined => {
    const found = sources.find(name);
    return found && readOne(name, found);
  };
  const many = <K extends ValueFlag>(name: K): ValueOf<K>[] => {
    const found = sources.find(name);
    return found ? readMany(name, found) : [];
  };
  const isOn = (name: FlagName) => isSwitchOn(sources.find(name));
  const regions = [...new Set(many('region'))];
  const profiles = [...new Set(many('profile'))];

  const settings: Settings = {
    targets: {
      tags: many('tag'),
      instanceIds: [...new Set(many('instance-id'))],
      resourceGroup: one('resource-group'),
      isAll: isOn('all'),
      foundIn: file && !file.isNamed && whoOf(sources).some(isFromFile) ? file.path : undefined,
    },
    delivery: {
      maxConcurrency: one('max-concurrency') ?? fallback('max-concurrency'),
      maxErrors: one('max-errors') ?? fallback('max-errors'),
      hasCanary: !isOn('no-canary'),
      timeoutSeconds: one('timeout') ?? fallback('timeout'),
      isDryRun: isOn('dry-run'),
      isConfirmed: isOn('yes'),
      confirmAbove: one('confirm-above') ?? fallback('confirm-above'),
      shouldWait: !isOn('no-wait'),
      commandIds: [...new Set(many('command-id'))],
      documentName: one('document'),
      isFollow: isOn('follow'),
      every: one('every'),
      alarm: one('alarm'),
      idleTimeoutSeconds: one('idle-timeout'),
    },
    keeper: {
      keeper: one('keeper') ?? fallback('keeper'),
      wrap: one('wrap') ?? fallback('wrap'),
      intervalSeconds: one('interval') ?? fallback('interval'),
      maxIdleSeconds: one('max-idle') ?? fallback('max-idle'),
      scope: one('scope') ?? fallback('scope'),
      shell: one('shell') ?? fallback('shell'),
      entries: readEntries(many('entry')),
      ssh: isOn('ssh'),
      restart: !isOn('no-restart'),
      overrideIdlePolicy: isOn('override-idle-policy'),
    },
    measure: {
      arms: readArms(many('arm')),
      repeat: one('repeat') ?? fallback('repeat'),
      limitSeconds: unless('auto', one('limit') ?? fallback('limit')),
      tickSeconds: one('tick') ?? fallback('tick'),
      parallel: unless('all', one('parallel') ?? fallback('parallel')),
      client: one('client') ?? fallback('client'),
      hasTemporaryDocument: isOn('temporary-document'),
      reportFile: one('report'),
    },
    common: {
      regions,
      profiles,
      region: onlyOne(regions),
      profile: onlyOne(profiles),
      output: one('output') ?? fallback('output'),
      isLab: isOn('lab'),
      endpointUrl: one('endpoint-url'),
      allowsUnencrypted: isOn('allow-unencrypted-endpoint'),
      isQuiet: isOn('quiet'),
      isDebug: isOn('debug'),
      hasColor: !isOn('no-color') && !environment['NO_COLOR'],
      configFile: file && { path: file.path, reach: reachOf(sources).filter(isFromFile).map(spellFlag) },
    },
  };
  one('config');
  checkTogether(settings, (name) => sources.find(name)?.label ?? `--${name}`);
  return deepFreeze(settings);
}

const isFromFile = ({ layer }: Given) => layer === 'file';

function targetsOf(sources: Sources): Given[] {
  return sources
    .list()
    .filter((given) => FLAGS.some(({ name, group }) => name === given.name && group === 'Targets'));
}

/** Targets and profile: whose account, and which instances in it. */
function whoOf(sources: Sources): Given[] {
  return [...[sources.find('profile')].filter((given) => given !== undefined), ...targetsOf(sources)];
}

/** What decides whose instances are meant. */
function reachOf(sources: Sources): Given[] {
  const account = (['lab', 'endpoint-url', 'profile', 'region'] as const).map((name) => sources.find(name));
  return [...account.filter((given) => given !== undefined), ...targetsOf(sources)];
}

function onlyOne<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

/** Always in the list's order, each once. */
function readArms(given: readonly (ArmName | 'all')[]): readonly ArmName[] {
  return ARM_NAMES.filter((arm) => given.length === 0 || given.includes('all') || given.includes(arm));
}

function unless<T extends string>(word: T, value: T | number): number | undefined {
  return value === word ? undefined : (value as number);
}

function readEntries(given: readonly EntryName[]): readonly EntryName[] {
  const wanted = new Set<EntryName>(given.length > 0 ? given : ['env', 'profile']);
  // Always in this order, so that `profile,env` and `env,profile` give the same bundle.
  return ENTRIES.filter((entry) => wanted.has(entry));
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) if (typeof child === 'object' && child) deepFreeze(child);
  return Object.freeze(value);
}
