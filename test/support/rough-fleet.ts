import type { HostSpec } from '../../src/lab/index.ts';
import { seededRandom } from './random.ts';

const MARK = { 'ssm-keepalive': 1 };
const report = (fields: object) =>
  `${JSON.stringify({ ...MARK, ...fields })}\n${'text for people\n'.repeat(40)}`;

const INSTALLED = report({
  verdict: 'installed',
  version: '0',
  keeper: 'relay',
  entries: { env: 'live' },
  restart: 'not-needed',
});
const REPORTED = report({ verdict: 'failed', class: 'script failed', step: 'self-test', why: 'no prompt' });

/** Every way in which an instance of a command can fail, and the class that its verdict has to have. */
export const FAULTS: readonly { readonly synthetic: HostSpec['synthetic']; readonly class: string }[] = [
  { synthetic: { outcome: 'Undeliverable' }, class: 'offline' },
  { synthetic: { outcome: 'Offline' }, class: 'delivery timed out' },
  { synthetic: { outcome: 'InvalidPlatform' }, class: 'wrong platform' },
  { synthetic: { outcome: 'AccessDenied' }, class: 'access denied' },
  { synthetic: { outcome: 'ExecutionTimedOut' }, class: 'execution timed out' },
  { synthetic: { outcome: 'Cancelled' }, class: 'cancelled' },
  { synthetic: { outcome: 'Terminated' }, class: 'not sent' },
  { synthetic: { outcome: 'RateExceeded' }, class: 'throttled' },
  { synthetic: { outcome: 'Failed', stdout: REPORTED }, class: 'script failed' },
  { synthetic: { outcome: 'Failed', exitCode: 7, stdout: 'sh: no such file\n' }, class: 'script failed' },
  { synthetic: { outcome: 'Success', stdout: '' }, class: 'no report' },
  { synthetic: { outcome: 'Quarantined' }, class: 'unknown status' },
];

/**
 * Hosts of which one in a hundred fails in each way, the others are installed on, most soon and some late. Seeded, so that every
 * run meets the same fleet. All have the tag env=dev. `digit`, 0 to 9, tells their ids from those of other places.
 */
export function makeRoughFleet(
  size: number,
  longestSeconds: number,
  { digit = 0, ...place }: Pick<HostSpec, 'account' | 'region'> & { readonly digit?: number } = {},
): HostSpec[] {
  const random = seededRandom(7 + digit);
  return Array.from({ length: size }, (_, index) => ({
    name: `host-${digit}-${index}`,
    id: `i-${digit}${String(index).padStart(16, '0')}`,
    tags: { env: 'dev' },
    ...place,
    synthetic: {
      ...(FAULTS[index % 100]?.synthetic ?? { stdout: INSTALLED }),
      latencySeconds: random() ** 3 * longestSeconds,
    },
  }));
}

/** How many instances of such a fleet get each class; '' for those that are installed on. */
export function countClasses(size: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let index = 0; index < size; index += 1) {
    const kind = FAULTS[index % 100]?.class ?? '';
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
