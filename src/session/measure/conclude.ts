/** The conclusions of a measurement. Pure. Judges sessions by their traffic, not by their arm's name. */

import { quoteCommand } from '../../terminal/shell-word.ts';
import { type ArmRun, OUTCOMES } from './arm-run.ts';
import type { ArmName } from './arms.ts';

export type Shown = 'yes' | 'no' | 'not shown';

export interface Conclusion {
  /** Seconds from the last byte to the end of an untouched session; undefined: not shown. */
  readonly untouchedSeconds: number | undefined;
  readonly input: Shown;
  readonly output: Shown;
  /** The unchanged size of the terminal, and a new one. */
  readonly size: Shown;
  readonly resize: Shown;
  readonly resetBy: 'input' | 'output' | 'either' | 'neither' | 'not shown';
  readonly keeper: 'holds' | 'does not hold' | 'not shown';
  /** The reason for each conclusion that is not shown; empty: all are. */
  readonly why: Readonly<
    Partial<Record<'untouched' | 'input' | 'output' | 'size' | 'resize' | 'keeper', string>>
  >;
}

/** A session that lives so many timeouts without one kind of traffic proves that the timer does not need it. */
const KEPT_TIMEOUTS = 1.5;
/** A gap below this share of the timeout cannot be the reason for a timeout. */
const FLOW_SHARE = 0.75;
/** The longest interval of a keeper, as a share of the timeout (see settings/shape.ts). */
const HEARTBEAT_SHARE = 0.95;
/** If the times of untouched sessions differ by more than this factor, one timer cannot explain them. */
const SPREAD = 1.5;

export function conclude(runs: readonly ArmRun[]): Conclusion {
  const untouched = findTimeout(runs);
  const isKnown = typeof untouched === 'number';
  const judged = isKnown ? judge(runs, untouched) : judgeBlindly(runs);
  const { input, output, size, resize, keeper } = judged;
  const whys = Object.entries(judged).flatMap(([name, { why }]) => (why ? [[name, why] as const] : []));
  return {
    untouchedSeconds: isKnown ? untouched : undefined,
    input: input.shown,
    output: output.shown,
    size: size.shown,
    resize: resize.shown,
    resetBy: nameReset(input.shown, output.shown),
    keeper: keeper.shown,
    why: { ...(isKnown ? {} : { untouched }), ...Object.fromEntries(whys) },
  };
}

function judge(runs: readonly ArmRun[], untouched: number) {
  const of = (name: ArmName) => runs.filter(({ arm }) => arm === name);
  const output = weigh(runs, 'output', ['foreground', 'output'], untouched);
  return {
    input: weigh(runs, 'input', ['input', 'query'], untouched, output.shown),
    output,
    size: weigh(of('size'), 'size', ['size'], untouched),
    resize: weigh(of('resize'), 'size', ['resize'], untouched),
    keeper: judgeKeeper(of('keeper'), untouched),
  };
}

function judgeBlindly(runs: readonly ArmRun[]): ReturnType<typeof judge> {
  const blind = unshown('nothing can be told without an untouched session that timed out');
  const kept = runs.filter(({ arm }) => arm === 'keeper');
  const hasNone = kept.some(({ outcome }) => outcome === 'timed-out') && !kept.some(isBeating);
  const keeper = hasNone ? unshown(NO_HEARTBEAT) : blind;
  return { input: blind, output: blind, size: blind, resize: blind, keeper };
}

function nameReset(input: Shown, output: Shown): Conclusion['resetBy'] {
  if (input === 'not shown' || output === 'not shown') return 'not shown';
  if (input === 'yes') return output === 'yes' ? 'either' : 'input';
  return output === 'yes' ? 'output' : 'neither';
}

/** The timeout in seconds, from untouched sessions; or the reason why they do not show it. */
function findTimeout(all: readonly ArmRun[]): number | string {
  const runs = all.filter(({ arm }) => arm === 'nothing');
  if (runs.length === 0) {
    const arms = ['nothing', ...new Set(all.map(({ arm }) => arm))].join(',');
    return quoteCommand`the arm nothing was not run: run  --arm ${arms}`;
  }
  const alive = runs.find(({ outcome }) => outcome === 'alive');
  if (alive)
    return `an untouched session was still there after ${round(afterSettling(alive))} s: ${
      countAfterSettling(alive) > 0 ? 'is a keeper at work?' : 'give a longer --limit'
    }`;
  const ended = runs.filter(({ outcome }) => outcome === 'timed-out');
  if (ended.length === 0 && runs.every(({ outcome }) => outcome === 'interrupted'))
    return 'it was interrupted before an untouched session timed out: run it to its end';
  if (ended.length === 0) return `no untouched session timed out (${describeOutcomes(runs)})`;
  const silent = ended.filter((run) => countAfterSettling(run) === 0);
  if (silent.length === 0)
    return 'the sessions meant to be untouched had traffic of their own: is a keeper at work?';
  const times = silent.map((run) => silence(run, 'input'));
  const [least, most] = [Math.min(...times), Math.max(...times)];
  if (most > least * SPREAD) return `untouched sessions ended after ${round(least)} to ${round(most)} s`;
  return most;
}

type Kind = 'input' | 'output' | 'size';
const KINDS: readonly Kind[] = ['input', 'output', 'size'];

interface Weighed {
  readonly shown: Shown;
  readonly why?: string;
}

/** Whether `kind` restarts the timer. `arms` can show it. `outputShown`: the result for output, if known. */
function weigh(
  runs: readonly ArmRun[],
  kind: Kind,
  arms: readonly ArmName[],
  timeout: number,
  outputShown?: Shown,
): Weighed {
  const yes = runs.filter((run) => wasKeptBy(run, kind, timeout, outputShown));
  const no = runs.filter((run) => diedDespite(run, kind, timeout));
  if (yes.length > 0 && no.length > 0)
    return unshown(`the sessions disagree: ${nameArms(yes)} lived, ${nameArms(no)} timed out`);
  if (yes.length > 0) return { shown: 'yes' };
  if (no.length > 0) return { shown: 'no' };
  const tried = runs.filter(({ arm }) => arms.includes(arm));
  if (tried.length === 0) return unshown(quoteCommand`no arm showed it: run  --arm ${arms.join(',')}`);
  const needed = Math.ceil(timeout * KEPT_TIMEOUTS);
  const isShort = tried.some((run) => run.outcome === 'alive' && afterSettling(run) < needed);
  if (isShort) return unshown(`the limit was too short: it takes at least ${needed} s`);
  const isSlow = tried.some((run) => ['alive', 'timed-out'].includes(run.outcome ?? ''));
  if (!isSlow) return unshown(`no session showed it (${describeOutcomes(tried)})`);
  if (tried.every((run) => longestGap(run, kind) >= timeout * FLOW_SHARE))
    return unshown(`its ${kind} came too seldom for a timeout of ${round(timeout)} s: shorten --tick`);
  return unshown(`no session had ${kind} alone`);
}

const unshown = (why: string) => ({ shown: 'not shown' as const, why });

/** The session lived with traffic of `kind`, while the other kinds were silent or are known not to count. */
function wasKeptBy(run: ArmRun, kind: Kind, timeout: number, outputShown: Shown | undefined): boolean {
  const until = aliveUntil(run);
  if (until === undefined || run.begunAt === undefined) return false;
  const hasFlow = longestGap(run, kind, until) < timeout * FLOW_SHARE;
  const others = KINDS.filter((one) => one !== kind && !(one === 'output' && outputShown === 'no'));
  const quietFrom = Math.max(run.begunAt, ...others.map((one) => eventsOf(run, one).at(-1) ?? 0));
  const quiet = (until - quietFrom) / 1000;
  return hasFlow && quiet >= timeout * KEPT_TIMEOUTS;
}

/** The session timed out although traffic of `kind` went on to the end. */
function diedDespite(run: ArmRun, kind: Kind, timeout: number, share = FLOW_SHARE): boolean {
  const { outcome, begunAt } = run;
  if (outcome !== 'timed-out' || begunAt === undefined) return false;
  return longestGap(run, kind) < timeout * share && eventsOf(run, kind).some((at) => at > begunAt);
}

/** Without a heartbeat the host may have no keeper at all. */
export const NO_HEARTBEAT =
  'no heartbeat was seen; the status command says what is installed there, but not whether the user has switched it off (~/.config/ssm-keepalive/off)';

/** Only a keeper prints at an idle prompt. A keeper may print without asking, if its shell cannot remove an answer. */
const isBeating = (run: ArmRun) => run.outputAt.some((at) => at > (run.begunAt ?? Number.POSITIVE_INFINITY));

function judgeKeeper(
  runs: readonly ArmRun[],
  timeout: number,
): { shown: Conclusion['keeper']; why?: string } {
  if (runs.length === 0) return unshown('the arm keeper was not run');
  const holds = runs.filter((run) => {
    const until = aliveUntil(run);
    if (until === undefined || run.begunAt === undefined) return false;
    return isBeating(run) && until - run.begunAt >= timeout * KEPT_TIMEOUTS * 1000;
  });
  const fails = runs.filter((run) => isBeating(run) && diedDespite(run, 'output', timeout, HEARTBEAT_SHARE));
  if (holds.length > 0 && fails.length > 0)
    return unshown(`${holds.length} sessions lived, ${fails.length} timed out`);
  if (holds.length > 0) return { shown: 'holds' };
  if (fails.length > 0) return { shown: 'does not hold' };
  const timedOut = runs.filter(({ outcome }) => outcome === 'timed-out');
  if (timedOut.some(isBeating))
    return unshown('its heartbeats had stopped, or are further apart than the timeout');
  if (runs.every((run) => !isBeating(run))) return unshown(NO_HEARTBEAT);
  const needed = Math.ceil(timeout * KEPT_TIMEOUTS);
  if (runs.some((run) => run.outcome === 'alive'))
    return unshown(`the limit was too short: it takes at least ${needed} s`);
  return unshown(`no session showed it (${describeOutcomes(runs)})`);
}

/** Until when a run was certainly alive; an interrupted run up to its last byte. Undefined: it proves nothing. */
function aliveUntil(run: ArmRun): number | undefined {
  if (run.outcome === 'alive') return run.endedAt;
  if (run.outcome === 'interrupted') return run.outputAt.at(-1);
  return undefined;
}

function eventsOf(run: ArmRun, kind: Kind): readonly number[] {
  return { input: run.inputAt, output: run.outputAt, size: run.sizeAt }[kind];
}

/** The time of its end, or of the last known fact. */
const lastSeen = (run: ArmRun): number =>
  run.endedAt ?? Math.max(run.startedAt ?? 0, run.inputAt.at(-1) ?? 0, run.outputAt.at(-1) ?? 0);

/** The longest stretch without `kind` between the arm's beginning and `until`, in seconds. */
function longestGap(run: ArmRun, kind: Kind, until = lastSeen(run)): number {
  const from = run.begunAt ?? run.startedAt ?? until;
  const marks = [from, ...eventsOf(run, kind).filter((at) => at > from && at < until), until];
  // One by one: as arguments of one call, the marks of a long session are too many.
  return marks.reduce((longest, at, index) => Math.max(longest, at - (marks[index - 1] ?? at)), 0) / 1000;
}

/** Seconds without `kind` before the end. */
export function silence(run: ArmRun, kind: Kind): number {
  const end = lastSeen(run);
  return Math.max(0, end - (eventsOf(run, kind).at(-1) ?? run.startedAt ?? end)) / 1000;
}

function countAfterSettling(run: ArmRun): number {
  const from = run.begunAt ?? Number.POSITIVE_INFINITY;
  return KINDS.flatMap((kind) => eventsOf(run, kind)).filter((at) => at > from).length;
}

function afterSettling(run: ArmRun): number {
  return ((run.endedAt ?? 0) - (run.begunAt ?? run.endedAt ?? 0)) / 1000;
}

function nameArms(runs: readonly ArmRun[]): string {
  return [...new Set(runs.map(({ arm }) => arm))].join(' and ');
}

function describeOutcomes(runs: readonly ArmRun[]): string {
  return [...new Set(runs.map(({ outcome }) => OUTCOMES[outcome ?? 'interrupted']))].join(', ');
}

function round(seconds: number): string {
  return seconds < 100 ? seconds.toFixed(1) : String(Math.round(seconds));
}
