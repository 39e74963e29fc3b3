/** Every flag as data: help, parsing, variables, config files, completion, docs/reference.md and Settings come from here. */
import { ENTRIES } from '../bundle/inputs.ts';
import { ARM_NAMES } from '../session/measure/arms.ts';
import {
  count,
  HTTP_ADDRESS,
  ID,
  matching,
  oneOf,
  orWord,
  RATE,
  type Reader,
  seconds,
  TAG,
} from './readers.ts';

/** Patterns of the service's API model (botocore: MaxConcurrency, MaxErrors, CommandId). */
const MAX_CONCURRENCY = /^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$/;
const MAX_ERRORS = /^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$/;
const COMMAND_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Names of documents. The service reserves the three prefixes [model, CreateDocument]. */
const DOCUMENT_NAME = /^(?!aws|amazon|amzn)[\w.-]{3,128}$/i;
const NO_CONTROL = /^[^\p{Cc}]+$/u;
const ACCOUNT_ID = /^\d{12}$/;
/** A path in front of the name is allowed, as in an ARN [IAM, CreateRole; STS, AssumeRole]. */
const ROLE_NAME = /^([\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/;
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;
/** Also the root, which stands for everything [Organizations, ListAccountsForParent]. */
const UNIT_ID = /^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$/;
const REGION_NAME = /^[a-z]{2,4}(-[a-z0-9]+)+$/;

export type FlagGroup = 'Targets' | 'Delivery' | 'Keeper' | 'Measure' | 'Accounts' | 'Common';

/** One row of the table. */
export interface FlagEntry {
  /** The name of its field in the Settings, in the part of its group; absent: as `camelCase` makes it. */
  readonly as?: string;
  readonly describe: string;
  /** For a command that works in one account. */
  readonly describeOne?: string;
  /** How its value is read; absent: a switch. */
  readonly reader?: Reader<unknown>;
  /** The value in help and usage lines, e.g. `KEY=VALUE`. */
  readonly placeholder?: string;
  /** The default as a user would type it; absent: no default. */
  readonly fallback?: string;
  /** A valid value for error messages; an explanation may follow it. Absent: the default. */
  readonly example?: string | undefined;
  /** It takes all words up to the next flag. */
  readonly isList?: boolean;
  /** It may be given several times, with one word each time. The word after that belongs to the command. */
  readonly isRepeatable?: boolean;
  /** The character between several values in one word. */
  readonly separator?: string;
  /** A switch that sets its field to false; the field is true without it. */
  readonly isNegated?: boolean;
  /** Turns the values of a list, without repetitions, into the field's value. */
  readonly finish?: (values: readonly string[]) => unknown;
  /**
   * A found config file may set it; absent: it may not. `place`: where and on whom the command acts, so a question names it and
   * --yes then needs --config. `print`: how to print, and nothing that hides what such a file says.
   */
  readonly inFoundFile?: 'place' | 'print';
  /** Other spellings that mean the same on the command line and in a config file; one letter: `-t`. */
  readonly also?: readonly string[];
  /** Its name in earlier versions: still accepted, with a notice. */
  readonly formerly?: string;
  /** The only commands that take it; absent: every command that takes its group. */
  readonly of?: readonly string[];
  /** It selects the account, so commands that call no service do not take it. */
  readonly isAboutAccount?: boolean;
  /** `--help-all` shows it, `--help` does not. */
  readonly isRare?: boolean;
}

export const FLAG_TABLE = {
  Targets: {
    tag: {
      also: ['t', 'tags', 'target', 'targets', 'filter', 'filters'],
      as: 'tags',
      isList: true,
      inFoundFile: 'place',
      placeholder: 'KEY=VALUE[,VALUE]',
      describe: 'instances with this tag; repeat for AND, at most 5 keys',
      reader: TAG,
      example: 'env=dev',
    },
    'instance-id': {
      also: ['i', 'instance', 'instances', 'instance-ids'],
      as: 'instanceIds',
      isList: true,
      separator: ',',
      inFoundFile: 'place',
      placeholder: 'ID…',
      describe: 'these instances (i-… or mi-…)',
      reader: ID,
      example: 'i-0123456789abcdef0, several with spaces between',
    },
    'resource-group': {
      inFoundFile: 'place',
      placeholder: 'NAME',
      describe: 'the members of this resource group',
      reader: matching(/^[\w.-]{1,300}$/, 'the name of a resource group', 300),
      example: 'web-servers',
    },
    all: {
      as: 'isAll',
      describe: 'every managed Linux instance of the account and Region',
    },
  },
  Delivery: {
    'max-concurrency': {
      of: ['install', 'uninstall'],
      placeholder: 'N|N%',
      fallback: '10%',
      describe: 'instances at the same time',
      reader: matching(MAX_CONCURRENCY, 'a number from 1, or 1% to 100%'),
      example: '5 or 10%',
    },
    'max-errors': {
      of: ['install', 'uninstall'],
      placeholder: 'N|N%',
      fallback: '0',
      describe: 'failures allowed; with one more the service stops sending',
      reader: matching(MAX_ERRORS, 'a number from 0, or 0% to 100%'),
      example: '0 or 5%',
    },
    'no-canary': {
      of: ['install'],
      isRare: true,
      as: 'hasCanary',
      isNegated: true,
      describe: 'no first instance, and no wait for its agent',
    },
    'delivery-timeout': {
      formerly: 'timeout',
      isRare: true,
      as: 'timeoutSeconds',
      placeholder: 'TIME',
      fallback: '600',
      describe: 'how long the service tries to deliver, 30 s and more',
      reader: seconds(30, 2_592_000, 'a time from 30s to 30d'),
      example: '600 or 10m: a whole number and s, m, h or d',
    },
    'dry-run': { as: 'isDryRun', describe: 'show which instances it would reach; send nothing' },
    yes: {
      of: ['install', 'uninstall'],
      also: ['y'],
      as: 'isConfirmed',
      describe: 'do not ask for a confirmation',
    },
    'confirm-above': {
      of: ['install', 'uninstall'],
      isRare: true,
      placeholder: 'N',
      fallback: '50',
      describe: 'ask before changing more instances than this',
      reader: count(0, 999_999_999, 'a whole number from 0'),
    },
    'no-wait': {
      isRare: true,
      as: 'shouldWait',
      isNegated: true,
      describe: 'send, print the command id and leave',
    },
    'command-id': {
      isRare: true,
      also: ['command-ids'],
      as: 'commandIds',
      isList: true,
      separator: ',',
      placeholder: 'ID…',
      describe: 'send nothing; take up commands sent earlier',
      reader: matching(COMMAND_ID, 'a command id, 8-4-4-4-12 hexadecimal digits'),
      example: 'the id that sending it printed',
    },
    document: {
      isRare: true,
      as: 'documentName',
      placeholder: 'NAME',
      describe: 'send a Command document of your account; this creates or updates it first',
      reader: matching(
        DOCUMENT_NAME,
        '3 to 128 of A-Z a-z 0-9 _ - . that do not start with aws, amazon or amzn',
      ),
      example: 'ssm-keepalive',
    },
    follow: {
      of: ['install', 'uninstall'],
      as: 'isFollow',
      describe: 'new instances too, through a State Manager association; uninstall: end it',
    },
    every: {
      of: ['install'],
      isRare: true,
      placeholder: 'RATE',
      describe: 'with --follow: again and again, to repair drift, e.g. rate(1 day)',
      reader: RATE,
      example: "'rate(1 day)'",
    },
    alarm: {
      of: ['install', 'uninstall'],
      isRare: true,
      placeholder: 'NAME',
      describe: 'a CloudWatch alarm; in the state ALARM it stops the command',
      reader: matching(/^(?!\s*$)[^\p{Cc}]{1,255}$/u, 'the name of a CloudWatch alarm, 1 to 255 characters'),
      example: 'error-rate',
    },
  },
  Keeper: {
    keeper: {
      placeholder: 'auto|relay|prompt',
      fallback: 'auto',
      describe: 'what produces heartbeats; auto: relay, else prompt',
      reader: oneOf('auto', 'relay', 'prompt'),
    },
    wrap: {
      placeholder: 'none|tmux',
      fallback: 'none',
      describe: 'what lets a session survive a lost connection',
      reader: oneOf('none', 'tmux'),
      example: 'tmux',
    },
    interval: {
      as: 'intervalSeconds',
      placeholder: 'TIME',
      fallback: '45',
      describe: 'silence of the client before a heartbeat, 1 to 3300 s',
      reader: seconds(1, 3300, 'a time from 1s to 3300s'),
      example: '45s or 20m: a whole number and s, m, h or d',
    },
    'max-idle': {
      as: 'maxIdleSeconds',
      placeholder: 'TIME',
      fallback: '8h',
      describe: 'heartbeats stop after this time without a key press',
      // The installer tries a session, and its heartbeats must not stop before it is looked at.
      reader: seconds(20, 31_536_000, 'a time from 20s to 365d'),
      example: '8h or 90m: a whole number and s, m, h or d',
    },
    scope: {
      isRare: true,
      placeholder: 'ssm|all',
      fallback: 'ssm',
      describe: 'which logins: Session Manager, or any interactive one',
      reader: oneOf('ssm', 'all'),
    },
    shell: {
      isRare: true,
      placeholder: 'keep|login',
      fallback: 'keep',
      describe: 'the shell of the session, or the user’s login shell',
      reader: oneOf('keep', 'login'),
      example: 'login',
    },
    entry: {
      isRare: true,
      also: ['entries'],
      as: 'entries',
      isList: true,
      separator: ',',
      placeholder: 'env,profile,rc',
      fallback: 'env,profile',
      describe: 'how a keeper gets started in a session',
      reader: { ...oneOf(...ENTRIES), expected: 'env, profile, rc or several with commas between' },
      finish: (given) => ENTRIES.filter((entry) => given.includes(entry)),
    },
    ssh: {
      isRare: true,
      describe: 'let sshd keep ssh over Session Manager alive too',
    },
    'no-restart': {
      isRare: true,
      as: 'restart',
      isNegated: true,
      describe: 'leave the agent alone; the env entry then waits for its next start',
    },
    'idle-timeout': {
      isRare: true,
      as: 'idleTimeoutSeconds',
      placeholder: 'MINUTES',
      describe: 'the account’s idle timeout, if you know it (1 to 60)',
      reader: seconds(60, 3600, 'a time from 1 to 60 minutes', 'm'),
      example: '60: whole minutes',
    },
    'override-idle-policy': {
      isRare: true,
      describe: 'install although the account’s idle timeout was shortened',
    },
  },
  Measure: {
    arm: {
      also: ['arms'],
      as: 'arms',
      isList: true,
      separator: ',',
      placeholder: 'NAME[,NAME]',
      fallback: 'all',
      describe: `what sessions do: ${ARM_NAMES.join(', ')}`,
      reader: oneOf(...ARM_NAMES, 'all'),
      finish: (given) => ARM_NAMES.filter((arm) => given.includes('all') || given.includes(arm)),
      example: 'foreground or nothing,query',
    },
    repeat: {
      placeholder: 'N',
      fallback: '1',
      describe: 'sessions of each arm, 1 to 20',
      reader: count(1, 20, 'a number from 1 to 20'),
      example: '3',
    },
    limit: {
      as: 'limitSeconds',
      placeholder: 'TIME',
      fallback: 'auto',
      describe: 'how long a session is watched; auto: 2.5 idle timeouts',
      reader: orWord('auto', seconds(1, 86_400, 'a time from 1s to 24h')),
      example: '3h or 90m: a whole number and s, m, h or d',
    },
    tick: {
      isRare: true,
      as: 'tickSeconds',
      placeholder: 'TIME',
      fallback: 'auto',
      describe: 'how often the arms print, ask or send; auto: a third of the idle timeout, at most 10s',
      reader: orWord('auto', seconds(1, 600, 'a time from 1s to 600s')),
      example: '10: a whole number and s, m, h or d',
    },
    parallel: {
      isRare: true,
      placeholder: 'N',
      fallback: 'all',
      describe: 'sessions at the same time',
      reader: orWord('all', count(1, 200, 'a number from 1 to 200')),
      example: '2',
    },
    client: {
      isRare: true,
      placeholder: 'own|plugin',
      fallback: 'own',
      describe: 'this program, or the official session-manager-plugin',
      reader: oneOf('own', 'plugin'),
    },
    'temporary-document': {
      as: 'hasTemporaryDocument',
      describe: 'use a session document of its own with 1 minute of idle time, deleted afterwards',
    },
    report: {
      as: 'reportFile',
      placeholder: 'FILE',
      describe: 'also write one HTML page with a timeline for each session',
      reader: matching(NO_CONTROL, 'the name of a file'),
      example: 'out.html',
    },
    from: {
      as: 'fromFile',
      placeholder: 'FILE',
      describe: 'open no session: show what an earlier  measure --output json  wrote',
      reader: matching(NO_CONTROL, 'the name of a file'),
      example: 'measured.json',
    },
  },
  Accounts: {
    accounts: {
      as: 'ids',
      isRare: true,
      isList: true,
      separator: ',',
      placeholder: 'ID…',
      describe: 'work in these accounts, in each as --role',
      reader: matching(ACCOUNT_ID, 'the 12 digits of an account'),
      example: '111111111111, several with spaces between',
    },
    organization: {
      as: 'isOrganization',
      isRare: true,
      describe: 'read in every account of the AWS organization',
    },
    ou: {
      as: 'units',
      isRare: true,
      isList: true,
      separator: ',',
      placeholder: 'ID…',
      describe: 'read in every account below these organizational units',
      reader: matching(UNIT_ID, 'the id of an organizational unit, ou-… or r-…'),
      example: 'ou-ab12-11111111',
    },
    role: {
      isRare: true,
      placeholder: 'NAME',
      describe: 'the role to assume in each of those accounts',
      reader: matching(ROLE_NAME, 'the name of a role, without the ARN in front'),
      example: 'OrganizationAccountAccessRole',
    },
    'external-id': {
      isRare: true,
      placeholder: 'ID',
      describe: 'the external id in the trust policies of those roles',
      reader: matching(EXTERNAL_ID, '2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -', 1224),
      example: 'the text that the roles’ owner gave you',
    },
    'all-regions': {
      as: 'isAllRegions',
      isRare: true,
      describe: 'work in every Region that each account has enabled',
    },
    exclude: {
      as: 'excluded',
      isRare: true,
      isList: true,
      separator: ',',
      placeholder: 'ID|REGION…',
      describe: 'leave these accounts and Regions out',
      reader: matching(
        new RegExp(`${ACCOUNT_ID.source}|${REGION_NAME.source}`),
        'the 12 digits of an account, or the name of a Region',
      ),
      example: '222222222222 or us-west-1',
    },
  },
  Common: {
    region: {
      also: ['regions'],
      isAboutAccount: true,
      as: 'regions',
      isRepeatable: true,
      separator: ',',
      inFoundFile: 'place',
      placeholder: 'REGION',
      describe: 'AWS Region; commands for fleets take several',
      describeOne: 'AWS Region',
      reader: matching(REGION_NAME, 'the name of a Region, e.g. eu-central-1'),
      example: 'eu-central-1',
    },
    profile: {
      also: ['profiles'],
      isAboutAccount: true,
      as: 'profiles',
      isRepeatable: true,
      inFoundFile: 'place',
      placeholder: 'NAME',
      describe: 'profile of the AWS configuration files; commands for fleets take several',
      describeOne: 'profile of the AWS configuration files',
      reader: matching(NO_CONTROL, 'the name of a profile'),
      example: 'default',
    },
    config: {
      isRare: true,
      placeholder: 'FILE|none',
      describe: 'settings from this file, not from the one in the working folder',
      reader: matching(NO_CONTROL, 'the name of a file, or none'),
      example: 'ssm-keepalive.config.yaml',
    },
    output: {
      also: ['o'],
      // connect is not here: it has no result to print.
      of: ['install', 'uninstall', 'status', 'render', 'measure', 'preferences', 'doctor', 'lab'],
      inFoundFile: 'print',
      placeholder: 'table|json|ndjson',
      fallback: 'table',
      describe: 'a table for people, one JSON document, or a line for each result',
      reader: oneOf('table', 'json', 'ndjson'),
      example: 'json',
    },
    lab: {
      isAboutAccount: true,
      as: 'isLab',
      inFoundFile: 'place',
      describe: 'use the stand-in account on this machine',
    },
    'endpoint-url': {
      isRare: true,
      isAboutAccount: true,
      placeholder: 'URL',
      describe: 'another address for Systems Manager; not for STS, Organizations and Account Management',
      reader: HTTP_ADDRESS,
      example: 'http://127.0.0.1:8080',
    },
    'allow-unencrypted-endpoint': {
      isRare: true,
      isAboutAccount: true,
      as: 'allowsUnencrypted',
      describe: 'let that address be http:// beyond this machine: others can read and change all of it',
    },
    quiet: {
      isRare: true,
      also: ['q'],
      as: 'isQuiet',
      describe: 'no progress',
    },
    debug: {
      isRare: true,
      also: ['verbose'],
      as: 'isDebug',
      inFoundFile: 'print',
      describe: 'show stack traces and the service’s own errors',
    },
    'no-color': {
      isRare: true,
      also: ['no-colour'],
      as: 'hasColor',
      isNegated: true,
      inFoundFile: 'print',
      describe: 'no colours (NO_COLOR does the same)',
    },
  },
} as const satisfies Record<FlagGroup, Record<string, FlagEntry>>;

export type FlagTable = typeof FLAG_TABLE;
export type FlagName = { [G in FlagGroup]: keyof FlagTable[G] & string }[FlagGroup];

/** `max-idle` as `maxIdle`. */
export type CamelCase<T extends string> = T extends `${infer A}-${infer B}`
  ? `${A}${Capitalize<CamelCase<B>>}`
  : T;
const camelCase = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** One flag as the command line knows it. `kind`: `value` once, `list` any number of times, `switch` takes no value. */
export interface Flag extends FlagEntry {
  readonly as: string;
  readonly name: FlagName;
  readonly group: FlagGroup;
  readonly kind: 'value' | 'list' | 'switch';
}

export const FLAG_GROUPS = Object.keys(FLAG_TABLE) as readonly FlagGroup[];

export const FLAGS: readonly Flag[] = FLAG_GROUPS.flatMap((group) =>
  Object.entries<FlagEntry>(FLAG_TABLE[group]).map(([name, entry]) => ({
    ...entry,
    as: entry.as ?? camelCase(name),
    example: entry.example ?? entry.fallback,
    name: name as FlagName,
    group,
    kind: entry.reader === undefined ? 'switch' : entry.isList ? 'list' : 'value',
  })),
);

/** The flag with this name. @throws Error if there is none: a bug of ours */
export function flagOf(name: FlagName): Flag {
  const flag = FLAGS.find((candidate) => candidate.name === name);
  if (!flag) throw new Error(`there is no flag ${name}`);
  return flag;
}

/** The flags of the command line before validation, as typed. */
export type RawFlags = Partial<Record<FlagName, string | readonly string[] | boolean>>;

/** From each spelling with its dashes to the flag's name: `-t` and `--tags` both give `tag`. */
const SPELLINGS: ReadonlyMap<string, FlagName> = new Map(
  FLAGS.flatMap((flag) => listSpellings(flag).map((spelling) => [withDashes(spelling), flag.name] as const)),
);

/** All spellings without dashes; the flag's own name first. */
export function listSpellings({ name, also = [], formerly }: Flag): string[] {
  return [name, ...also, ...(formerly ? [formerly] : [])];
}

/** Adds the dashes: `-t`, `--tag`. */
export function withDashes(spelling: string): string {
  return spelling.length === 1 ? `-${spelling}` : `--${spelling}`;
}

/** The flag with this spelling; `typed` includes the dashes. */
export function nameOfSpelling(typed: string): FlagName | undefined {
  return SPELLINGS.get(typed);
}

/** The environment variable of a flag: `--max-idle` gives `SSM_KEEPALIVE_MAX_IDLE`. */
export function variableName(flag: string): string {
  return `SSM_KEEPALIVE_${flag.toUpperCase().replaceAll('-', '_')}`;
}
