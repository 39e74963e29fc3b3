/** Numbers and conclusions of a measurement as people read them; the table, the page and the progress all use these. */
import type { ArmRun } from './arm-run.ts';
import { OUTCOMES } from './arm-run.ts';
import type { Conclusion } from './conclude.ts';

/** What a measurement is about, beside its runs. */
export interface MeasureFacts {
  readonly version: string;
  readonly instanceId: string;
  readonly region: string;
  /** Undefined where it could not be read. */
  readonly accountId: string | undefined;
  readonly client: 'own' | 'plugin';
  readonly startedAt: Date;
  /** As the sessions' document says it; undefined where it cannot be read. */
  readonly idleTimeoutSeconds: number | undefined;
  /** The temporary document, if there was one. */
  readonly document: string | undefined;
  readonly limitSeconds: number;
  readonly tickSeconds: number;
}

/** `42.1 s`, `20m 3s`, `2h 50m`: three digits or so, whatever the size. */
export function sayTime(seconds: number): string {
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}h ${minutes}m` : `${minutes}m ${whole % 60}s`;
}

/** `2:05` or `1:02:05`, for a clock that runs. */
export function sayClock(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export function sayBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_500 ? `${(bytes / 1000).toPrecision(3)} kB` : `${(bytes / 1e6).toPrecision(3)} MB`;
}

/** The arm, with its number where it was repeated. */
export function nameRun(run: ArmRun, runs: readonly ArmRun[]): string {
  return runs.some(({ arm, repeat }) => arm === run.arm && repeat > 1) ? `${run.arm} ${run.repeat}` : run.arm;
}

/** How a run ended, without the service's sentence. */
export function sayOutcome(run: ArmRun): string {
  return OUTCOMES[run.outcome ?? 'interrupted'];
}

/** `account 123456789012 in us-east-1, on 2026-11-22`. */
export function sayWhere({ accountId, region, startedAt }: MeasureFacts): string {
  const account = accountId ? `account ${accountId}` : 'this account';
  return `${account} in ${region}, on ${startedAt.toISOString().slice(0, 10)}`;
}

const RESET: Readonly<Record<Conclusion['resetBy'], string>> = {
  input: 'reset by input, not by output',
  output: 'reset by output, not by input',
  either: 'reset by input and by output, either will do',
  neither: 'reset by neither input nor output',
  'not shown': 'what resets it: not shown in full',
};

/** The conclusion as sentences, each true of what was seen. */
export function sayConclusion(conclusion: Conclusion): { about: string; says: string; why: string }[] {
  const { untouchedSeconds, why, resetBy, input, output, keeper } = conclusion;
  const counts = { yes: 'resets the timer', no: 'does not reset the timer', 'not shown': 'not shown' };
  return [
    {
      about: 'untouched session',
      says: untouchedSeconds === undefined ? 'not shown' : `ended after ${sayTime(untouchedSeconds)}`,
      why: why.untouched ?? '',
    },
    { about: 'idle timer', says: RESET[resetBy], why: '' },
    { about: 'input', says: counts[input], why: why.untouched ? '' : (why.input ?? '') },
    { about: 'output', says: counts[output], why: why.untouched ? '' : (why.output ?? '') },
    {
      about: 'keeper',
      says: { holds: 'it holds', 'does not hold': 'it does not hold', 'not shown': 'not shown' }[keeper],
      why: why.untouched ? '' : (why.keeper ?? ''),
    },
  ];
}
