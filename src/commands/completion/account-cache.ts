/** The cache of completion on disk, so that an answer does not wait for the service. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The known instances and tags of an account. */
export interface AccountContents {
  /** `tag`: the name that commands take, absent in a cache of an earlier version. */
  readonly instances: readonly { readonly id: string; readonly name: string; readonly tag?: string }[];
  readonly tags: Readonly<Record<string, readonly string[]>>;
}

/** The account and Region of the command line, from flags, variables and config file. */
export interface Place {
  readonly isLab: boolean;
  readonly region: string | undefined;
  readonly profile: string | undefined;
  readonly endpointUrl: string | undefined;
  readonly allowsUnencrypted: boolean;
}

const FRESH_MS = 60_000;
/** An older cache is not used. */
const LONGEST_MS = 24 * 3600_000;
/** The longest time that a refresh may take. */
export const REFRESH_MS = 30_000;

/** Variables that can select another account. Their values are hashed, never written. */
const VARIABLES = [
  'AWS_PROFILE',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_SSM',
  'SSM_KEEPALIVE_LAB_DIR',
  'XDG_STATE_HOME',
  'HOME',
];

/** The path of the cache for one account and Region, below XDG_CACHE_HOME. */
export function cachePath(place: Place, environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_CACHE_HOME']?.startsWith('/')
    ? environment['XDG_CACHE_HOME']
    : join(environment['HOME'] || homedir(), '.cache');
  const parts = [place, VARIABLES.map((name) => environment[name] ?? null)];
  const name = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
  return join(base, 'ssm-keepalive', `completion-${name}.json`);
}

/** Undefined if there is no usable cache. */
export function readCache(path: string, now: number) {
  try {
    const { at, known } = JSON.parse(readFileSync(path, 'utf8')) as { at: number; known: AccountContents };
    const age = Math.abs(now - at);
    if (age > LONGEST_MS || !Array.isArray(known.instances) || typeof known.tags !== 'object')
      return undefined;
    return { known, isFresh: age < FRESH_MS };
  } catch {
    return undefined;
  }
}

/** Writes the cache in one rename, readable for its owner alone. */
export function writeCache(path: string, known: AccountContents, now: number): void {
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, JSON.stringify({ at: now, known }), { mode: 0o600 });
  renameSync(fresh, path);
}

/** True for one caller at a time. It also stops a failing refresh from being repeated at every key. */
export function claimRefresh(path: string, now: number): boolean {
  const mark = `${path}.refresh`;
  try {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    const begun = statSync(mark, { throwIfNoEntry: false })?.mtimeMs;
    if (begun !== undefined && Math.abs(now - begun) < REFRESH_MS) return false;
    writeFileSync(mark, '', { mode: 0o600 });
    return true;
  } catch {
    return false;
  }
}
