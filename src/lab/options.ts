/** The options of a lab and their defaults. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { RunDetails } from './run-result.ts';

export type IdlePolicy = 'input' | 'output' | 'any';

/** Which sizes of the terminal count as input. The guide says that a change does; the rest nobody has measured. */
export type CountedSizes = 'changed' | 'every' | 'none';

/** The specification of one host. Without `synthetic` it is a sandbox that really runs the scripts. */
export interface HostSpec {
  /** Host name, and what `host(id)` also takes. */
  readonly name: string;
  /** `i-` and 17 characters. */
  readonly id: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The account and the Region it is in. Default ACCOUNT and REGION. */
  readonly account?: string;
  readonly region?: string;
  /** Resource groups it is a member of. */
  readonly groups?: readonly string[];
  /** False: no interpreter is reachable by any usual name. Default true. */
  readonly python?: boolean;
  /** Which of the agent's two units the host has. Default package. */
  readonly unit?: 'package' | 'snap';
  /** As the service lists it. Any other than Linux needs `synthetic`. Default Linux. */
  readonly platform?: 'Linux' | 'MacOS' | 'Windows';
  /** The agent's version, as the service lists it. Default AGENT_VERSION. */
  readonly agentVersion?: string;
  /** Makes it a host without a machine, with these answers. */
  readonly synthetic?: SyntheticSpec;
}

/** A host that only answers: `outcome` decides how every command on it ends. */
export interface SyntheticSpec {
  readonly outcome?: RunDetails | 'Offline';
  readonly exitCode?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly latencySeconds?: number;
}

/** One more account behind the same endpoint, for those who sign with its key, or assume its role. */
export interface AccountSpec {
  /** Twelve digits. */
  readonly id: string;
  /** Of a user of it; absent: only its role leads there. */
  readonly accessKeyId?: string;
  /** The error name that every call in it ends in, e.g. ExpiredTokenException. */
  readonly refusal?: string;
  /** What the first account’s callers may assume there; absent: nothing. */
  readonly role?: { readonly name: string; readonly externalId?: string };
  /** Default: DEFAULT_REGIONS. Calls in others are refused, where it is given. */
  readonly regions?: readonly string[];
  /** The organizational unit that it is in. Default: the root. */
  readonly unit?: string;
  /** Default ACTIVE. */
  readonly state?: 'ACTIVE' | 'SUSPENDED' | 'CLOSED';
}

/** Those that no account has to enable [Account Management guide, Regions]. */
export const DEFAULT_REGIONS: readonly string[] = [
  ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'sa-east-1'],
  ...['eu-central-1', 'eu-north-1', 'eu-west-1', 'eu-west-2', 'eu-west-3', 'ap-south-1'],
  ...['ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-southeast-1', 'ap-southeast-2'],
];

export interface LabOptions {
  /**
   * The clock of the account. Default: the machine's. Signatures, hosts with processes and connections always
   * use the machine's.
   */
  readonly clock?: Clock;
  /** The folder of hosts and records; created if missing, else reused. */
  readonly dir: string;
  /** The idle timeout in seconds; fractions allowed. Default 1200, the service's 20 minutes. */
  readonly idleSeconds?: number;
  readonly policy?: IdlePolicy;
  /** Default: changed. */
  readonly sizes?: CountedSizes;
  /** Seconds until a session ends whatever keeps it alive. Default: no maximum. */
  readonly maxSeconds?: number;
  /** How many seconds a minute of a session document lasts, so that tests can see its timers end. Default 60. */
  readonly minuteSeconds?: number;
  /** A connected client that acknowledges no output for so long is cut off. Default 300. */
  readonly stallSeconds?: number;
  /** Typed into every session whose document has no shellProfile. */
  readonly shellProfile?: string;
  /** The `inputs` of saved session preferences, e.g. `{ idleSessionTimeout: '5' }`; absent: what was saved stays. */
  readonly preferences?: Readonly<Record<string, unknown>>;
  /** Default: the one that the last lab in `dir` had, where it is free; 0 lets the system choose. */
  readonly port?: number;
  /** Default: those that the last lab in `dir` had, else DEFAULT_HOSTS. */
  readonly hosts?: readonly HostSpec[];
  /** Accounts beside the first one, which every other key opens. All of them are one organization; the first one manages it. */
  readonly accounts?: readonly AccountSpec[];
  /** Organizational units, each with the one that it is in; `r-lab0` is the root. */
  readonly units?: Readonly<Record<string, string>>;
  /** How long the credentials of an assumed role are good. Default 3600. */
  readonly roleSeconds?: number;
  /** How long lists stay empty after SendCommand. Default 0.3. */
  readonly consistencySeconds?: number;
  /** How long one page of a list takes. Default 0. */
  readonly pageLatencySeconds?: number;
  /** Multiplies TimeoutSeconds and executionTimeout, so that a test need not wait 30 s. Default 1. */
  readonly timeoutScale?: number;
  /** Where bubblewrap does not work: `rooted` trees (default), or an error. */
  readonly isolation?: 'sandbox' | 'rooted' | 'auto';
}

export const DEFAULT_HOSTS: readonly HostSpec[] = [
  { name: 'web-1', id: 'i-0aaaaaaaaaaaaaaa1', tags: { env: 'dev', role: 'web' } },
  { name: 'web-2', id: 'i-0aaaaaaaaaaaaaaa2', tags: { env: 'dev' } },
  { name: 'db-1', id: 'i-0bbbbbbbbbbbbbbb1', tags: { env: 'prod' }, python: false },
];

/** The service's default: 20 minutes. */
export const DEFAULT_IDLE_SECONDS = 1200;

export const REGION = 'us-east-1';
export const ACCOUNT = '123456789012';

/** Where a lab lives unless told otherwise. */
export function defaultLabDir(variables: NodeJS.ProcessEnv = process.env): string {
  const own = variables['SSM_KEEPALIVE_LAB_DIR'];
  if (own) return own;
  const state = variables['XDG_STATE_HOME'] || join(variables['HOME'] || homedir(), '.local', 'state');
  return join(state, 'ssm-keepalive', 'lab');
}
