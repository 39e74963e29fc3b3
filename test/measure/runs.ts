/** Makes runs as a measurement leaves them, for tests of what is concluded from them and drawn of them. */
import { type ArmRun, type Outcome, startRun } from '../../src/session/measure/arm-run.ts';
import type { ArmName } from '../../src/session/measure/arms.ts';
import type { MeasureFacts } from '../../src/session/measure/words.ts';

const T0 = Date.UTC(2026, 10, 22, 12);
/** When an arm begins, in seconds from the session's start. */
const BEGUN = 1;

export interface Made {
  readonly arm: ArmName;
  readonly outcome: Outcome;
  /** Seconds after the arm's beginning. */
  readonly ends: number;
  readonly input?: readonly number[];
  readonly output?: readonly number[];
  readonly sizes?: readonly number[];
  readonly queries?: number;
  readonly words?: string;
  readonly repeat?: number;
}

export function makeRun({
  arm,
  outcome,
  ends,
  input = [],
  output = [],
  sizes = [],
  queries = 0,
  words = '',
  repeat = 1,
}: Made): ArmRun {
  const at = (seconds: number) => T0 + (BEGUN + seconds) * 1000;
  return Object.assign(startRun(arm, repeat), {
    sessionId: `lab-${arm}`,
    state: 'ended',
    startedAt: T0,
    begunAt: at(0),
    endedAt: at(ends),
    outcome,
    words,
    bytesIn: output.length,
    bytesOut: input.length,
    queries,
    answers: queries,
    inputAt: [0, ...input].map(at),
    outputAt: [0, ...output].map(at),
    sizeAt: sizes.map(at),
  } satisfies Partial<ArmRun>);
}

/** `every` seconds up to but not including `until`. */
export function ticks(every: number, until: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil(until / every) - 1) }, (_, index) => (index + 1) * every);
}

export const FACTS: MeasureFacts = {
  version: '0.1.0',
  instanceId: 'i-0123456789abcdef0',
  hostName: 'web-1',
  isLab: false,
  region: 'us-east-1',
  accountId: '123456789012',
  client: 'own',
  startedAt: new Date(T0),
  idleTimeoutSeconds: 60,
  document: undefined,
  limitSeconds: 150,
  tickSeconds: 10,
};
