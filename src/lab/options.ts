import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { RunDetails } from './run-result.ts';

export type IdlePolicy = 'input' | 'output' | 'any';

/** Which terminal sizes count as input. The guide says: a change does. Nobody has measured the rest. */
export type CountedSizes = 'changed' | 'every' | 'none';

/** Without `synthetic` it is a sandbox that really runs scripts. */
export interface HostSpec {
  /** The host name; `host(id)` takes it too. */
  readonly name: string;
  /** `i-` and 17 characters. */
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Default ACCOUNT and REGION. */
  readonly account?: string;
  readonly region?: string;
  readonly groups?: readonly string[];
  /** False: no interpreter is reachable by any usual name. Default true. */
  readonly python?: boolean;
  /** The agent's unit. Default package. */
  readonly unit?: 'package' | 'snap';
  /** Any other than Linux needs `synthetic`. Default Linux. */
  readonly platform?: 'Linux' | 'MacOS' | 'Windows';
  /** Default AGENT_VERSION. */
  readonly agentVersion?: string;
  /** A host without a machine, with these answers. */
  readonly synthetic?: SyntheticSpec;
}

/** `outcome` decides how every command ends. */
export interface SyntheticSpec {
  readonly outcome?: RunDetails | 'Offline';
  readonly exitCode?: number;
  /** A function is given the script that it was sent. */
  readonly stdout?: string | ((script: string) => string);
  readonly stderr?: string;
  readonly latencySeconds?: number;
  /** True: the job is dropped, as by an agent that restarts. */
  readonly drops?: (script: string) => boolean;
}

/** One more account behind the same endpoint, reached with its key or by its role. */
export interface AccountSpec {
  /** Twelve digits. */
  readonly id: string;
  /** Its user's key; absent: only its role leads there. */
  readonly accessKeyId?: string;
  /** Every call ends with this error name, e.g. ExpiredTokenException. */
  readonly refusal?: string;
  /** The first account's callers may assume this role. */
  readonly role?: { readonly name: string; readonly externalId?: string };
  /** Calls in other Regions are refused. Default: DEFAULT_REGIONS, and nothing is refused. */
  readonly regions?: readonly string[];
  /** Its organizational unit. Default: the root. */
  readonly unit?: string;
  /** Default ACTIVE. */
  readonly state?: 'ACTIVE' | 'SUSPENDED' | 'CLOSED';
}

/** No account has to enable these [Account Management guide, Regions]. */
export const DEFAULT_REGIONS: readonly string[] = [
  ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'sa-east-1'],
  ...['eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-2', 'eu-west-3', 'ap-south-1'],
  ...['ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-southeast-1', 'ap-southeast-2'],
];

export interface LabOptions {
  /** The account's clock. Default: the machine's, as always for signatures, host processes and connections. */
  readonly clock?: Clock;
  /** For hosts and records; created if missing. */
  readonly dir: string;
  /** Fractions allowed. Default 1200, the service's 20 minutes. */
  readonly idleSeconds?: number;
  readonly policy?: IdlePolicy;
  /** Default: changed. */
  readonly sizes?: CountedSizes;
  /** The maximum duration of a session. Default: none. */
  readonly maxSeconds?: number;
  /** How long a minute of a session document lasts; tests make it short. Default 60. */
  readonly minuteSeconds?: number;
  /** A client that acknowledges nothing for so long is cut off. Default 300. */
  readonly stallSeconds?: number;
  /** Typed into every session whose document has no shellProfile. */
  readonly shellProfile?: string;
  /** The `inputs` of saved session preferences, e.g. `{ idleSessionTimeout: '5' }`; absent: what was saved stays. */
  readonly preferences?: Readonly<Record<string, unknown>>;
  /** Default: the last lab's in `dir`, if it is free; 0 lets the system choose. */
  readonly port?: number;
  /** Default: the last lab's in `dir`, else DEFAULT_HOSTS. */
  readonly hosts?: readonly HostSpec[];
  /** More accounts. Together they are one organization, managed by the first account; unknown keys are the first account's. */
  readonly accounts?: readonly AccountSpec[];
  /** Organizational units, each with its parent; `r-lab0` is the root. */
  readonly units?: Readonly<Record<string, string>>;
  /** How long an assumed role's credentials are good. Default 3600. */
  readonly roleSeconds?: number;
  /** How long lists stay empty after SendCommand. Default 0.3. */
  readonly consistencySeconds?: number;
  /** How long one page of a list takes. Default 0. */
  readonly pageLatencySeconds?: number;
  /** Multiplies TimeoutSeconds and executionTimeout: a test need not wait 30 s. Default 1. */
  readonly timeoutScale?: number;
  /** Multiplies the times of a real agent: its stop of 7 s, its start, its retries. Default 0.05. */
  readonly agentScale?: number;
  /** Jobs that come while the agent starts or stops: sent again, or gone until they expire? Not known of the service. */
  readonly droppedJobs?: 'again' | 'expire';
  /** Without bubblewrap: `rooted` trees (default), or an error. */
  readonly isolation?: 'sandbox' | 'rooted' | 'auto';
}

export const DEFAULT_HOSTS: readonly HostSpec[] = [
  { name: 'web-1', id: 'i-0aaaaaaaaaaaaaaa1', tags: { Name: 'web-1', env: 'dev', role: 'web' } },
  { name: 'web-2', id: 'i-0aaaaaaaaaaaaaaa2', tags: { Name: 'web-2', env: 'dev' } },
  { name: 'db-1', id: 'i-0bbbbbbbbbbbbbbb1', tags: { Name: 'db-1', env: 'prod' }, python: false },
];

export const DEFAULT_IDLE_SECONDS = 1200;

export const REGION = 'us-east-1';
export const ACCOUNT = '123456789012';
/** The first account's keys: a user's, and a role's temporary ones. */
export const LAB_KEY = 'AKIALABLABLABLABLAB0';
export const LAB_ROLE_KEY = 'ASIALABLABLABLABLAB0';

export function defaultLabDir(variables: NodeJS.ProcessEnv = process.env): string {
  const own = variables['SSM_KEEPALIVE_LAB_DIR'];
  if (own) return own;
  const state = variables['XDG_STATE_HOME'] || join(variables['HOME'] || homedir(), '.local', 'state');
  return join(state, 'ssm-keepalive', 'lab');
}
