/** Numbers and conclusions of a measurement in words, for the table, the page and the progress. */
import { formatDuration } from '../../duration.ts';
import { type ArmRun, isQuote, livedSeconds, OUTCOMES } from './arm-run.ts';
import { type Conclusion, NO_HEARTBEAT, silence } from './conclude.ts';

export interface MeasureFacts {
  readonly version: string;
  readonly instanceId: string;
  /** Undefined where it could not be read. */
  readonly hostName: string | undefined;
  /** The service is the lab: its idle timer is not that of an account. */
  readonly isLab: boolean;
  readonly region: string;
  /** Undefined where it could not be read. */
  readonly accountId: string | undefined;
  readonly client: 'own' | 'plugin';
  readonly startedAt: Date;
  /** From the sessions' document; undefined: it could not be read. */
  readonly idleTimeoutSeconds: number | undefined;
  readonly document: string | undefined;
  readonly limitSeconds: number;
  readonly tickSeconds: number;
}

/** `42.1 s`, `20m 3s`, `2h 50m`: about three digits. */
export function formatTime(seconds: number): string {
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}h ${minutes}m` : `${minutes}m ${whole % 60}s`;
}

/** `2:05` or `1:02:05`, for a running clock. */
export function formatClock(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_500 ? `${(bytes / 1000).toPrecision(3)} kB` : `${(bytes / 1e6).toPrecision(3)} MB`;
}

/** The arm, with its number where it was repeated. */
export function nameRun(run: ArmRun, runs: readonly ArmRun[]): string {
  return runs.some(({ arm, repeat }) => arm === run.arm && repeat > 1) ? `${run.arm} ${run.repeat}` : run.arm;
}

/** How a run ended, without the service's sentence. */
export function describeOutcome(run: ArmRun): string {
  return OUTCOMES[run.outcome ?? 'interrupted'];
}

/** `web-1 (i-0123456789abcdef0), account 123456789012 in us-east-1, on 2026-11-22`. */
export function describeWhere(facts: MeasureFacts): string {
  const { isLab, accountId, region, startedAt } = facts;
  const account = isLab ? 'the lab' : `${accountId ? `account ${accountId}` : 'this account'} in ${region}`;
  return `${describeInstance(facts)}, ${account}, on ${startedAt.toISOString().slice(0, 10)}`;
}

export function describeInstance({
  hostName,
  instanceId,
}: Pick<MeasureFacts, 'hostName' | 'instanceId'>): string {
  return hostName ? `${hostName} (${instanceId})` : instanceId;
}

/** The result in one sentence; claims without proof stand in brackets. */
export function describeHeadline(
  runs: readonly ArmRun[],
  conclusion: Conclusion,
  facts: MeasureFacts,
): string {
  const { untouchedSeconds, keeper, why } = conclusion;
  const limit = formatDuration(facts.limitSeconds);
  const tell = (arm: 'nothing' | 'keeper', doubt = '') => {
    const own = runs.filter((run) => run.arm === arm);
    return `${describeFate(own, limit)}${doubt && own.some(isTelling) ? ` (${doubt})` : ''}`;
  };
  const without =
    untouchedSeconds === undefined
      ? tell('nothing', why.untouched)
      : `ended after ${formatTime(untouchedSeconds)} of silence`;
  const hasNone = why.keeper === NO_HEARTBEAT;
  const withKeeper = tell('keeper', keeper === 'not shown' && (hasNone || !why.untouched) ? why.keeper : '');
  const what = hasNone ? 'what is installed there' : 'the keeper';
  return `${facts.isLab ? 'On the lab, without' : 'Without'} a keeper: ${without}; with ${what}: ${withKeeper}.`;
}

/** An outcome that could show something. Any other says itself why it shows nothing. */
const isTelling = ({ outcome }: ArmRun) => outcome === 'alive' || outcome === 'timed-out';

function describeFate(runs: readonly ArmRun[], limit: string): string {
  const counts = new Map<string, number>();
  for (const run of runs) {
    const says =
      run.outcome === 'alive'
        ? `alive at the limit of ${limit}`
        : runs.length === 1 && run.outcome === 'timed-out'
          ? `ended after ${formatTime(livedSeconds(run))}`
          : runs.length === 1 && run.outcome === 'interrupted' && run.startedAt !== undefined
            ? `interrupted after ${formatTime(livedSeconds(run))}`
            : describeOutcome(run);
    counts.set(says, (counts.get(says) ?? 0) + 1);
  }
  const isMixed = counts.size > 1;
  return (
    [...counts].map(([says, count]) => (isMixed ? `${count} ${says}` : says)).join(', ') || 'not measured'
  );
}

/** Explains why sessions live longer than the timeout, and differently long. Empty if no session came so far. */
export function describeWhyTimesDiffer(runs: readonly ArmRun[]): string {
  if (!runs.some(isTelling)) return '';
  const bare = runs.find(({ arm, outcome }) => arm === 'nothing' && outcome === 'timed-out');
  const after = bare && silence(bare, 'input');
  const example =
    bare === undefined || after === undefined
      ? ''
      : ` For example, the arm “${nameRun(bare, runs)}” lived ${formatTime(livedSeconds(bare))}: the client sent its last byte after ${formatTime(livedSeconds(bare) - after)}, and the session ended ${formatTime(after)} later.`;
  return `Why the times differ: a session's time counts from its start. The idle timer counts from the last byte, and the limit from the end of the set-up.${example}`;
}

export interface Words {
  readonly text: string;
  /** The sentence is the service's. */
  readonly isQuote: boolean;
  readonly names: readonly string[];
}

/** Each sentence once, with its sessions. */
export function gatherWords(runs: readonly ArmRun[]): Words[] {
  const all = runs.filter(({ words }) => words !== '');
  return [...new Set(all.map(({ words }) => words))].map((text) => {
    const own = all.filter(({ words }) => words === text);
    return { text, isQuote: own.every(isQuote), names: own.map((run) => nameRun(run, runs)) };
  });
}

const KINDS = { input: 'input', output: 'output', size: 'the same size', resize: 'another size' } as const;

export function describeConclusion(conclusion: Conclusion): { about: string; says: string; why: string }[] {
  const { untouchedSeconds, why, keeper } = conclusion;
  const counts = { yes: 'resets the timer', no: 'does not reset the timer', 'not shown': 'not shown' };
  if (why.untouched)
    return [
      { about: 'untouched session', says: 'not shown', why: why.untouched },
      ...(why.keeper === NO_HEARTBEAT ? [{ about: 'keeper', says: 'not shown', why: NO_HEARTBEAT }] : []),
      { about: 'all else', says: 'not shown', why: 'it takes an untouched session that timed out' },
    ];
  return [
    {
      about: 'untouched session',
      says: untouchedSeconds === undefined ? 'not shown' : `ended after ${formatTime(untouchedSeconds)}`,
      why: '',
    },
    ...(['input', 'output', 'size', 'resize'] as const).map((kind) => ({
      about: KINDS[kind],
      says: counts[conclusion[kind]],
      why: why[kind] ?? '',
    })),
    {
      about: 'keeper',
      says: { holds: 'it holds', 'does not hold': 'it does not hold', 'not shown': 'not shown' }[keeper],
      why: why.keeper ?? '',
    },
  ];
}
