/** Every flag of the command line, as data: help, parsing, SSM_KEEPALIVE_* names and settings all loop over this list. */

export type FlagGroup = 'Targets' | 'Delivery' | 'Keeper' | 'Measure' | 'Common';

/** One flag. `kind`: `value` once, `list` any number of times, `switch` takes no value. */
export interface Flag {
  readonly name: string;
  readonly group: FlagGroup;
  readonly kind: 'value' | 'list' | 'switch';
  /**
   * Whether a config file that nobody named may set it: only what says where, who and how to print. What protects, or
   * what widens an effect, no folder decides for whoever works in it.
   */
  readonly inFoundFile: boolean;
  /** What stands for the value in help, e.g. `KEY=VALUE`. */
  readonly placeholder?: string;
  readonly describe: string;
  /** The default as a user would type it; absent where there is none. */
  readonly fallback?: string;
  /** A `value` that may be given several times, one each time, so that it never swallows the word behind it. */
  readonly isRepeatable?: boolean;
}

export const FLAGS = [
  {
    name: 'tag',
    group: 'Targets',
    inFoundFile: true,
    kind: 'list',
    placeholder: 'KEY=VALUE[,VALUE]',
    describe: 'instances with this tag; repeat for AND, at most 5 keys',
  },
  {
    name: 'instance-id',
    group: 'Targets',
    inFoundFile: true,
    kind: 'list',
    placeholder: 'ID…',
    describe: 'these instances (i-… or mi-…)',
  },
  {
    name: 'resource-group',
    group: 'Targets',
    inFoundFile: true,
    kind: 'value',
    placeholder: 'NAME',
    describe: 'the members of this resource group',
  },
  {
    name: 'all',
    group: 'Targets',
    inFoundFile: false,
    kind: 'switch',
    describe: 'every managed Linux instance of the account and Region; asks first',
  },
  {
    name: 'max-concurrency',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'N|N%',
    fallback: '10%',
    describe: 'instances at the same time',
  },
  {
    name: 'max-errors',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'N|N%',
    fallback: '0',
    describe: 'failures after which the service stops sending',
  },
  {
    name: 'no-canary',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'switch',
    describe: 'do not try one instance first and wait for its agent',
  },
  {
    name: 'timeout',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'TIME',
    fallback: '600',
    describe: 'how long the service tries to deliver, 30 s and more',
  },
  {
    name: 'dry-run',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'switch',
    describe: 'show who would get what; send nothing',
  },
  {
    name: 'yes',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'switch',
    describe: 'do not ask, however many instances it is',
  },
  {
    name: 'confirm-above',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'N',
    fallback: '50',
    describe: 'ask before changing more instances than this',
  },
  {
    name: 'no-wait',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'switch',
    describe: 'send, print the command id and leave',
  },
  {
    name: 'command-id',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'list',
    placeholder: 'ID…',
    describe: 'send nothing; take up commands sent earlier',
  },
  {
    name: 'document',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'NAME',
    describe: 'send a Command document of your own, made or updated first',
  },
  {
    name: 'follow',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'switch',
    describe: 'also new instances, through a State Manager association',
  },
  {
    name: 'every',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'RATE',
    describe: 'with --follow: again and again, to repair drift, e.g. rate(1 day)',
  },
  {
    name: 'alarm',
    group: 'Delivery',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'NAME',
    describe: 'a CloudWatch alarm that stops it when it goes off',
  },
  {
    name: 'keeper',
    group: 'Keeper',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'auto|relay|prompt',
    fallback: 'auto',
    describe: 'what produces heartbeats; auto: relay, else prompt',
  },
  {
    name: 'wrap',
    group: 'Keeper',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'none|tmux',
    fallback: 'none',
    describe: 'what lets a session survive a lost connection',
  },
  {
    name: 'interval',
    group: 'Keeper',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'TIME',
    fallback: '45',
    describe: 'silence of the client before a heartbeat, 1 to 3300 s',
  },
  {
    name: 'max-idle',
    group: 'Keeper',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'TIME',
    fallback: '8h',
    describe: 'no key for this long and heartbeats stop',
  },
  {
    name: 'scope',
    group: 'Keeper',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'ssm|all',
    fallback: 'ssm',
    describe: 'which logins: Session Manager, or any interactive one',
  },
  {
    name: 'shell',
    group: 'Keeper',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'keep|login',
    fallback: 'keep',
    describe: 'the shell of the session, or the user’s login shell',
  },
  {
    name: 'entry',
    group: 'Keeper',
    inFoundFile: false,
    kind: 'list',
    placeholder: 'env,profile,rc',
    fallback: 'env,profile',
    describe: 'how a keeper gets started in a session',
  },
  {
    name: 'ssh',
    group: 'Keeper',
    inFoundFile: false,
    kind: 'switch',
    describe: 'let sshd keep ssh over Session Manager alive too',
  },
  {
    name: 'no-restart',
    group: 'Keeper',
    inFoundFile: false,
    kind: 'switch',
    describe: 'leave the agent alone; the env entry then waits for its next start',
  },
  {
    name: 'idle-timeout',
    group: 'Keeper',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'MINUTES',
    describe: 'the account’s idle timeout, where you know it (1 to 60)',
  },
  {
    name: 'override-idle-policy',
    group: 'Keeper',
    inFoundFile: false,
    kind: 'switch',
    describe: 'install although the account’s idle timeout was shortened',
  },
  {
    name: 'arm',
    group: 'Measure',
    inFoundFile: false,
    kind: 'list',
    placeholder: 'NAME[,NAME]',
    fallback: 'all',
    describe: 'what sessions are spent with: nothing, background, foreground, output, input, query, keeper',
  },
  {
    name: 'repeat',
    group: 'Measure',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'N',
    fallback: '1',
    describe: 'sessions of each arm, 1 to 20',
  },
  {
    name: 'limit',
    group: 'Measure',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'TIME',
    fallback: 'auto',
    describe: 'how long a session is watched; auto: 2.5 idle timeouts',
  },
  {
    name: 'tick',
    group: 'Measure',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'TIME',
    fallback: '10',
    describe: 'how often the loops print, ask or press a key, 1 to 600 s',
  },
  {
    name: 'parallel',
    group: 'Measure',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'N',
    fallback: 'all',
    describe: 'sessions at the same time',
  },
  {
    name: 'client',
    group: 'Measure',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'own|plugin',
    fallback: 'own',
    describe: 'this program, or the official session-manager-plugin',
  },
  {
    name: 'temporary-document',
    group: 'Measure',
    inFoundFile: false,
    kind: 'switch',
    describe: 'use a session document of its own with 1 minute of idle time, deleted afterwards',
  },
  {
    name: 'report',
    group: 'Measure',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'FILE',
    describe: 'also write one HTML page with a timeline for each session',
  },
  {
    name: 'region',
    group: 'Common',
    inFoundFile: true,
    kind: 'value',
    placeholder: 'REGION',
    isRepeatable: true,
    describe: 'AWS Region; repeat it to work in several at once',
  },
  {
    name: 'profile',
    group: 'Common',
    inFoundFile: true,
    kind: 'value',
    placeholder: 'NAME',
    isRepeatable: true,
    describe: 'profile of the AWS configuration files; repeat it too',
  },
  {
    name: 'config',
    group: 'Common',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'FILE|none',
    describe: 'settings from this file, not from the one in the working folder',
  },
  {
    name: 'output',
    group: 'Common',
    inFoundFile: true,
    kind: 'value',
    placeholder: 'table|json|ndjson',
    fallback: 'table',
    describe: 'a table for people, one JSON document, or a line for each result',
  },
  {
    name: 'lab',
    group: 'Common',
    inFoundFile: true,
    kind: 'switch',
    describe: 'use the stand-in account on this machine',
  },
  {
    name: 'endpoint-url',
    group: 'Common',
    inFoundFile: false,
    kind: 'value',
    placeholder: 'URL',
    describe: 'another address for the service',
  },
  {
    name: 'allow-unencrypted-endpoint',
    group: 'Common',
    inFoundFile: false,
    kind: 'switch',
    describe: 'let that address be http:// beyond this machine: others can read and change all of it',
  },
  {
    name: 'quiet',
    group: 'Common',
    inFoundFile: true,
    kind: 'switch',
    describe: 'no progress',
  },
  {
    name: 'debug',
    group: 'Common',
    inFoundFile: true,
    kind: 'switch',
    describe: 'show stack traces and the service’s own errors',
  },
  {
    name: 'no-color',
    group: 'Common',
    inFoundFile: true,
    kind: 'switch',
    describe: 'no colours (NO_COLOR does the same)',
  },
] as const satisfies readonly Flag[];

export type FlagName = (typeof FLAGS)[number]['name'];

/** What the command line gave, before validation: text as typed. */
export type RawFlags = Partial<Record<FlagName, string | readonly string[] | boolean>>;

/** The variable that stands for a flag: `--max-idle` is `SSM_KEEPALIVE_MAX_IDLE`. */
export function variableName(flag: string): string {
  return `SSM_KEEPALIVE_${flag.toUpperCase().replaceAll('-', '_')}`;
}
