import type { SessionEnd } from '../session.ts';
import type { ArmName } from './arms.ts';

/**
 * Only `timed-out` and `alive` are evidence about the idle timer, and an interrupted run up to its last byte.
 * `alive`: it answered at the limit; `silent`: it did not. `failed`: its arm never began.
 */
export const OUTCOMES = {
  'timed-out': 'timed out',
  alive: 'alive at the limit',
  maximum: 'maximum duration',
  ended: 'ended by the service',
  lost: 'connection lost',
  silent: 'silent at the limit',
  interrupted: 'interrupted',
  failed: 'failed',
} as const;
export type Outcome = keyof typeof OUTCOMES;

/** Times are epoch milliseconds. */
export interface ArmRun {
  readonly arm: ArmName;
  /** 1 for the first of this arm. */
  readonly repeat: number;
  sessionId: string;
  state: 'waiting' | 'starting' | 'opening' | 'open' | 'ended';
  startedAt?: number | undefined;
  /** The end of the set-up: from now on only the arm acts. */
  begunAt?: number | undefined;
  endedAt?: number | undefined;
  outcome?: Outcome | undefined;
  /** The service's sentence; ours if the service gave none. */
  words: string;
  /** From the host. This and the next three count from the end of the set-up. */
  bytesIn: number;
  /** To the host. */
  bytesOut: number;
  queries: number;
  answers: number;
  /** Connections after the first; each counts as input. */
  reconnects: number;
  readonly inputAt: number[];
  readonly outputAt: number[];
  /** When the arm sent the terminal's size. */
  readonly sizeAt: number[];
  /** Why the service could not end the session; undefined: it is over. */
  leftOpen?: string | undefined;
}

export function startRun(arm: ArmName, repeat: number): ArmRun {
  return {
    arm,
    repeat,
    sessionId: '',
    state: 'waiting',
    words: '',
    bytesIn: 0,
    bytesOut: 0,
    queries: 0,
    answers: 0,
    reconnects: 0,
    inputAt: [],
    outputAt: [],
    sizeAt: [],
  };
}

/** Our words if the service gave no sentence. */
const NO_WORDS = 'the shell exited (or somebody ended the session)';

/** Judges by the service's sentence. That for the maximum duration is not documented: any text that names it counts. */
export function describeEnd({ by, sentence }: SessionEnd): [outcome: Outcome, words: string] {
  if (by === 'lost') return ['lost', sentence || 'the connection was closed'];
  if (by === 'over') return ['lost', 'it ended, unseen, while the connection was broken'];
  if (by === 'closed') return ['interrupted', sentence];
  if (/due to inactivity|idle/i.test(sentence)) return ['timed-out', sentence];
  if (/maximum|duration/i.test(sentence)) return ['maximum', sentence];
  return ['ended', sentence || NO_WORDS];
}

/** Seconds that the session lived; up to `now` if it is still open. */
export function livedSeconds(run: ArmRun, now = 0): number {
  return run.startedAt === undefined ? 0 : Math.max(0, ((run.endedAt ?? now) - run.startedAt) / 1000);
}

/** True if the words are the service's. */
export function isQuote({ outcome, words }: ArmRun): boolean {
  return ['timed-out', 'maximum', 'ended'].includes(outcome ?? '') && words !== NO_WORDS;
}
