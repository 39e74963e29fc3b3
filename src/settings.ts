import * as z from 'zod';
import type { ConfigFile } from './config-file.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { UsageError } from './errors.ts';
import { FLAGS, type FlagGroup, type FlagName, type RawFlags } from './flags.ts';
import { nearestName } from './nearest.ts';
import { ARM_NAMES, type ArmName } from './session/measure/arms.ts';
import { type Given, gatherSources, readSwitch, type Sources, spell, spellFlag } from './sources.ts';

/** How a keeper gets started in a session, in the order in which the installer puts them in place. */
const ENTRY_NAMES = ['env', 'profile', 'rc'] as const;
type EntryName = (typeof ENTRY_NAMES)[number];

/** A tag condition: any of `values` on `key`; several conditions must all hold. */
export interface TagTarget {
  readonly key: string;
  readonly values: readonly string[];
}

/** What one run of a command works with: checked, complete and frozen. Seconds everywhere. */
export interface Settings {
  readonly targets: {
    readonly tags: readonly TagTarget[];
    readonly instanceIds: readonly string[];
    readonly resourceGroup: string | undefined;
    readonly isAll: boolean;
    /** The file that named them, where nobody named the file: it was found in the working folder. */
    readonly foundIn: string | undefined;
  };
  readonly delivery: {
    readonly maxConcurrency: string;
    readonly maxErrors: string;
    readonly hasCanary: boolean;
    readonly timeoutSeconds: number;
    readonly isDryRun: boolean;
    /** Said yes beforehand. */
    readonly isConfirmed: boolean;
    /** Ask before more instances than this are changed. */
    readonly confirmAbove: number;
    readonly shouldWait: boolean;
    /** Commands sent earlier, to take up again. */
    readonly commandIds: readonly string[];
    /** Our own Command document, instead of AWS-RunShellScript. */
    readonly documentName: string | undefined;
    /** An association brings it to new instances too. */
    readonly isFollow: boolean;
    /** The association's schedule, as the service writes it. */
    readonly every: string | undefined;
    /** The CloudWatch alarm that stops a command. */
    readonly alarm: string | undefined;
  };
  readonly keeper: {
    readonly keeper: 'auto' | 'relay' | 'prompt';
    readonly wrap: 'none' | 'tmux';
    readonly intervalSeconds: number;
    readonly maxIdleSeconds: number;
    readonly scope: 'ssm' | 'all';
    readonly tmout: 'respect' | 'override';
    readonly shell: 'keep' | 'login';
    readonly entries: readonly EntryName[];
    readonly ssh: boolean;
    readonly restart: boolean;
    readonly overrideIdlePolicy: boolean;
  };
  readonly measure: {
    readonly arms: readonly ArmName[];
    readonly repeat: number;
    /** Undefined: worked out from the idle timeout. */
    readonly limitSeconds: number | undefined;
    readonly tickSeconds: number;
    /** Undefined: all at once. */
    readonly parallel: number | undefined;
    readonly client: 'own' | 'plugin';
    readonly hasTemporaryDocument: boolean;
    readonly reportFile: string | undefined;
  };
  readonly common: {
    /** Every Region and profile asked for; the accounts meant are their product. Empty: what the AWS variables and files say. */
    readonly regions: readonly string[];
    readonly profiles: readonly string[];
    /** The only Region given; undefined where there is none, or several that have to be narrowed first. */
    readonly region: string | undefined;
    readonly profile: string | undefined;
    readonly output: 'table' | 'json' | 'ndjson';
    readonly isLab: boolean;
    readonly endpointUrl: string | undefined;
    readonly isQuiet: boolean;
    readonly isDebug: boolean;
    readonly hasColor: boolean;
    /** The config file that was read, and what it says about who and where: shown by whatever reaches an account. */
    readonly configFile: { readonly path: string; readonly reach: readonly string[] } | undefined;
  };
}

/** The service's default idle timeout, 20 minutes [AWS user guide, Session Manager preferences]. */
export const DEFAULT_IDLE_TIMEOUT_SECONDS = 1200;

/** A heartbeat has to fit in before the timer fires, with room for a slow answer: 95% of the timeout, 1140 s of the default. */
export function longestIntervalSeconds(idleTimeoutSeconds: number): number {
  return Math.min(3300, Math.floor(idleTimeoutSeconds * 0.95));
}

/** Patterns of the service's API model (botocore: MaxConcurrency, MaxErrors, InstanceId, CommandId, TargetKey). */
const MAX_CONCURRENCY = /^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/;
const MAX_ERRORS = /^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$/;
export const INSTANCE_ID = /^(i-(\w{8}|\w{17})|mi-\w{17})$/;
const COMMAND_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Names of documents, less the prefixes that the service keeps for itself [model, CreateDocument]. */
const DOCUMENT_NAME = /^(?!aws|amazon|amzn)[\w.-]{3,128}$/i;
/** Names of resource groups [AWS Resource Groups API]. */
const GROUP_NAME = /^[\w.-]{1,300}$/;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const PROFILE_OR_REGION = /^[^\p{Cc}]+$/u;

const seconds = (least: number, most: number, bareUnit: 's' | 'm' = 's') =>
  z
    .string()
    .transform((text) => parseDuration(text, bareUnit) ?? Number.NaN)
    .pipe(z.number().min(least).max(most));

const text = (pattern: RegExp) => z.string().regex(pattern).max(256);

const count = (most: number) =>
  z
    .string()
    .regex(/^[1-9][0-9]*$/)
    .transform(Number)
    .pipe(z.number().max(most));

const httpUrl = z.url({ protocol: /^https?$/ });

/** How each flag that takes a value is read, and the words for what it expects. */
const READERS = {
  tag: ['KEY=VALUE[,VALUE], e.g. env=dev', z.string().transform(readTag)],
  'instance-id': ['an instance id, i- and 8 or 17 characters or mi- and 17', text(INSTANCE_ID)],
  'resource-group': ['the name of a resource group', z.string().regex(GROUP_NAME)],
  'confirm-above': [
    'a whole number from 0',
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ],
  'max-concurrency': ['a number from 1, or 1% to 100%', text(MAX_CONCURRENCY)],
  'max-errors': ['a number from 0, or 0% to 100%', text(MAX_ERRORS)],
  timeout: ['a time from 30s to 30d', seconds(30, 2_592_000)],
  'command-id': ['a command id, 8-4-4-4-12 hexadecimal digits', text(COMMAND_ID)],
  every: [
    'rate(N minutes), rate(N hours) or rate(N days), 30 minutes or more and under 31 days',
    z.string().transform(readRate),
  ],
  document: ['3 to 128 of A-Z a-z 0-9 _ - . that do not start with aws, amazon or amzn', text(DOCUMENT_NAME)],
  alarm: [
    'the name of a CloudWatch alarm, 1 to 255 characters',
    z.string().regex(/^(?!\s*$)[^\p{Cc}]{1,255}$/u),
  ],
  keeper: ['auto, relay or prompt', z.enum(['auto', 'relay', 'prompt'])],
  interval: ['a time from 1s to 3300s', seconds(1, 3300)],
  'max-idle': ['a time from 1s to 365d', seconds(1, 31_536_000)],
  scope: ['ssm or all', z.enum(['ssm', 'all'])],
  wrap: ['none or tmux', z.enum(['none', 'tmux'])],
  tmout: ['respect or override', z.enum(['respect', 'override'])],
  shell: ['keep or login', z.enum(['keep', 'login'])],
  entry: ['env, profile, rc or several with commas between', z.enum(ENTRY_NAMES)],
  'idle-timeout': ['a time from 1 to 60 minutes', seconds(60, 3600, 'm')],
  arm: [`${ARM_NAMES.join(', ')} or all`, z.enum([...ARM_NAMES, 'all'])],
  repeat: ['a number from 1 to 20', count(20)],
  limit: ['auto, or a time from 1s to 24h', z.literal('auto').or(seconds(1, 86_400))],
  tick: ['a time from 1s to 600s', seconds(1, 600)],
  parallel: ['all, or a number from 1 to 200', z.literal('all').or(count(200))],
  client: ['own or plugin', z.enum(['own', 'plugin'])],
  report: ['the name of a file', z.string().regex(PROFILE_OR_REGION)],
  config: ['the name of a file, or none', z.string().regex(PROFILE_OR_REGION)],
  region: ['the name of a Region, e.g. eu-central-1', text(/^[a-z]{2,4}(-[a-z0-9]+)+$/)],
  profile: ['the name of a profile', text(PROFILE_OR_REGION)],
  output: ['table, json or ndjson', z.enum(['table', 'json', 'ndjson'])],
  'endpoint-url': ['an address that starts with http:// or https://', httpUrl],
} as const satisfies Partial<Record<FlagName, readonly [string, z.ZodType]>>;

/** As State Manager takes it: singular for one, plural for more [service's guide]. */
function readRate(given: string, context: z.RefinementCtx): string {
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return '';
  };
  if (/^(cron|at)\(/.test(given))
    return refuse(
      "write a rate, e.g. 'rate(1 day)': when the keeper is repaired does not depend on the hour",
    );
  const [, digits, unit] = /^rate\(([1-9][0-9]{0,5}) (minute|hour|day)s?\)$/.exec(given) ?? [];
  if (!digits || !unit) return refuse('');
  const rate = `rate(${digits} ${unit}${digits === '1' ? '' : 's'})`;
  if (rate !== given) return refuse(`write '${rate}'`);
  const minutes = Number(digits) * ({ minute: 1, hour: 60, day: 1440 }[unit] ?? 0);
  return minutes >= 30 && minutes < 31 * 1440 ? given : refuse('');
}

type ValueFlag = keyof typeof READERS;
type ValueOf<K extends ValueFlag> = z.output<(typeof READERS)[K][1]>;

/** How the AWS CLI spells targets and filters; read as a tag it would match nobody and look like a wrong account. */
const AWS_CLI_FORM = /^(Key|Name)=(?:tag:)?([^,]+),Values?=(.+)$|^tag:([^=]+)=(.+)$/i;

function readTag(given: string, context: z.RefinementCtx): TagTarget {
  const form = AWS_CLI_FORM.exec(given);
  if (form) {
    const [, , keyOf = form[4], valuesOf = form[5]] = form;
    context.addIssue({ code: 'custom', message: `write ${keyOf}=${valuesOf}` });
    return { key: '', values: [] };
  }
  const separator = given.indexOf('=');
  const key = separator < 0 ? given : given.slice(0, separator);
  const values = given.slice(separator + 1).split(',');
  const isUsable =
    separator > 0 &&
    key.length <= 128 &&
    TAG_TEXT.test(key) &&
    values.every(
      (value) => value !== '' && value === value.trim() && value.length <= 256 && TAG_TEXT.test(value),
    );
  if (!isUsable) context.addIssue({ code: 'custom', message: '' });
  return { key, values };
}

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
      foundIn: file && !file.isNamed && targetsOf(sources).some(isFromFile) ? file.path : undefined,
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
    },
    keeper: {
      keeper: one('keeper') ?? fallback('keeper'),
      wrap: one('wrap') ?? fallback('wrap'),
      intervalSeconds: one('interval') ?? fallback('interval'),
      maxIdleSeconds: one('max-idle') ?? fallback('max-idle'),
      scope: one('scope') ?? fallback('scope'),
      tmout: one('tmout') ?? fallback('tmout'),
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
      isQuiet: isOn('quiet'),
      isDebug: isOn('debug'),
      hasColor: !isOn('no-color') && !environment['NO_COLOR'],
      configFile: file && { path: file.path, reach: reachOf(sources).filter(isFromFile).map(spellFlag) },
    },
  };
  one('config');
  checkTogether(settings, one('idle-timeout'), (name) => sources.find(name)?.label ?? `--${name}`);
  return deepFreeze(settings);
}

const isFromFile = ({ layer }: Given) => layer === 'file';

function targetsOf(sources: Sources): Given[] {
  return sources
    .list()
    .filter((given) => FLAGS.some(({ name, group }) => name === given.name && group === 'Targets'));
}

/** What decides whose instances are meant. */
function reachOf(sources: Sources): Given[] {
  const account = (['lab', 'endpoint-url', 'profile', 'region'] as const).map((name) => sources.find(name));
  return [...account.filter((given) => given !== undefined), ...targetsOf(sources)];
}

/** A bad value is told at once, not by the first command that has a use for it. */
function checkFile(sources: Sources): void {
  for (const given of sources.list()) {
    if (given.name in READERS) readMany(given.name as ValueFlag, given);
    else isSwitchOn(given);
  }
}

function readOne<K extends ValueFlag>(name: K, given: Given): ValueOf<K> {
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

function readMany<K extends ValueFlag>(name: K, given: Given): ValueOf<K>[] {
  const texts = SPLIT.includes(name) ? given.texts.flatMap((text) => text.split(',')) : given.texts;
  return texts.map((value) => readText(name, given, value));
}

function isSwitchOn(given: Given | undefined): boolean {
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
const EXAMPLES: Readonly<Record<string, string>> = {
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
  tmout: 'respect',
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

function fallback<K extends ValueFlag>(name: K): ValueOf<K> {
  const flag = FLAGS.find((candidate) => candidate.name === name);
  if (!flag || !('fallback' in flag)) throw new Error(`no default for --${name}`);
  return readText(name, { name, layer: 'line', label: `the default of --${name}`, texts: [] }, flag.fallback);
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
  return ENTRY_NAMES.filter((entry) => wanted.has(entry));
}

/** What no flag can know alone. */
function checkTogether(
  settings: Settings,
  idleTimeoutSeconds: number | undefined,
  label: (name: FlagName) => string,
): void {
  const { tags } = settings.targets;
  if (tags.length > 5) {
    throw new UsageError({
      what: `${label('tag')} names ${tags.length} keys`,
      why: 'the service takes at most 5',
      next: 'leave some out, or tag the instances with one key for this',
    });
  }
  const repeated = tags.find((tag, index) => tags.findIndex((other) => other.key === tag.key) !== index);
  if (repeated) {
    throw new UsageError({
      what: `${label('tag')} names the key ${JSON.stringify(repeated.key)} twice`,
      why: 'two --tag must both hold, and one key has one value on an instance',
      next: `put the values together: --tag ${repeated.key}=${tags
        .filter((tag) => tag.key === repeated.key)
        .flatMap((tag) => tag.values)
        .join(',')}`,
    });
  }
  const valueCount = Math.max(0, ...tags.map((tag) => tag.values.length));
  if (valueCount > 50) {
    throw new UsageError({
      what: `${label('tag')} gives ${valueCount} values for one key`,
      why: 'the service takes at most 50',
      next: 'run it twice, with half of the values each',
    });
  }
  const [first, second] = targetForms(settings.targets);
  if (first && second) {
    throw new UsageError({
      what: `${label(first)} and ${label(second)} were both given`,
      why: 'the service takes one kind of target in a command',
      next: 'give one of the two',
    });
  }
  if (settings.common.isLab && (settings.common.endpointUrl || settings.common.profiles.length > 0)) {
    throw new UsageError({
      what: `${label('lab')} and ${label(settings.common.endpointUrl ? 'endpoint-url' : 'profile')} were both given`,
      why: 'the lab is an account of its own, at an address of its own',
      next: 'leave one of the two out',
    });
  }
  const { commandIds, isDryRun, shouldWait } = settings.delivery;
  if (commandIds.length > 0 && (isDryRun || !shouldWait)) {
    throw new UsageError({
      what: `--command-id and ${isDryRun ? '--dry-run' : '--no-wait'} were both given`,
      why: 'a command that was sent before can only be watched',
      next: 'leave one of the two out',
    });
  }
  if (commandIds.length > 0 && settings.delivery.isFollow) {
    throw new UsageError({
      what: `--command-id and ${label('follow')} were both given`,
      why: 'a command that was sent before can only be watched',
      next: 'leave one of the two out',
    });
  }
  if (settings.delivery.every && !settings.delivery.isFollow) {
    throw new UsageError({
      what: `${label('every')} was given without --follow`,
      why: 'it is the association of --follow that is repeated',
      next: 'add --follow, or leave --every out',
    });
  }
  const { intervalSeconds, maxIdleSeconds } = settings.keeper;
  const longest = longestIntervalSeconds(idleTimeoutSeconds ?? DEFAULT_IDLE_TIMEOUT_SECONDS);
  if (intervalSeconds > longest) {
    throw new UsageError({
      code: 'bad-setting',
      what: `${label('interval')} ${formatDuration(intervalSeconds)} is too long`,
      why: `with an idle timeout of ${formatDuration(idleTimeoutSeconds ?? DEFAULT_IDLE_TIMEOUT_SECONDS)}${
        idleTimeoutSeconds === undefined ? ', the default,' : ''
      } expected at most ${longest}s`,
      next:
        idleTimeoutSeconds === undefined
          ? 'give a shorter --interval, or say the account’s longer value with --idle-timeout MINUTES'
          : 'give a shorter --interval',
    });
  }
  if (maxIdleSeconds < intervalSeconds) {
    throw new UsageError({
      code: 'bad-setting',
      what: `${label('max-idle')} ${formatDuration(maxIdleSeconds)} is shorter than ${label('interval')} ${formatDuration(intervalSeconds)}`,
      why: 'no heartbeat would ever be sent: expected at least the interval',
      next: 'give a longer --max-idle or a shorter --interval',
    });
  }
}

/** The flags that say which instances are meant. */
function targetForms({ tags, instanceIds, resourceGroup, isAll }: Settings['targets']): FlagName[] {
  const given: readonly (readonly [FlagName, boolean])[] = [
    ['tag', tags.length > 0],
    ['instance-id', instanceIds.length > 0],
    ['resource-group', resourceGroup !== undefined],
    ['all', isAll],
  ];
  return given.flatMap(([name, isGiven]) => (isGiven ? [name] : []));
}

export function isInstanceId(word: string): boolean {
  return INSTANCE_ID.test(word);
}

/** For the commands that work on instances. @throws UsageError when nothing says which. */
export function requireTargets(settings: Settings): void {
  if (targetForms(settings.targets).length > 0 || settings.delivery.commandIds.length > 0) return;
  throw new UsageError({
    code: 'no-target',
    what: 'no target',
    why: 'nothing says which instances are meant',
    next: 'add --tag KEY=VALUE, --instance-id ID, --resource-group NAME or --all',
  });
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) if (typeof child === 'object' && child) deepFreeze(child);
  return Object.freeze(value);
}
