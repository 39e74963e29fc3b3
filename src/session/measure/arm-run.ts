/** What is known of one session of one arm. */
import type { SessionEnd } from '../session.ts';
import type { ArmName } from './arms.ts';

/**
 * How a run ended. Only `timed-out` and `alive` say something about the idle timer; an interrupted one does up to its last byte.
 * `alive`: still there at the limit. `silent`: at the limit nothing came back. `failed`: it never got to its arm.
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
  startedAt: number | undefined;
  /** From when on only the arm itself acts. */
  settledAt: number | undefined;
  endedAt: number | undefined;
  outcome: Outcome | undefined;
  /** The service's sentence, or ours where it said nothing. */
  words: string;
  /** From the host. */
  bytesIn: number;
  /** To the host. */
  bytesOut: number;
  queries: number;
  answers: number;
  /** Connections after the first; each counts as input. */
  reconnects: number;
  readonly inputAt: number[];
  readonly outputAt: number[];
  /** Why the session could not be ended on the service's side; undefined: it is over. */
  leftOpen: string | undefined;
}

export function startRun(arm: ArmName, repeat: number): ArmRun {
  return {
    arm,
    repeat,
    sessionId: '',
    state: 'waiting',
    startedAt: undefined,
    settledAt: undefined,
    endedAt: undefined,
    outcome: undefined,
    words: '',
    bytesIn: 0,
    bytesOut: 0,
    queries: 0,
    answers: 0,
    reconnects: 0,
    inputAt: [],
    outputAt: [],
    leftOpen: undefined,
  };
}

/** What stands for a sentence where the service says nothing. */
export const NO_WORDS = 'the shell exited, or somebody ended the session';

/** The service's sentence decides; its words for the maximum duration are not documented, so anything that names it counts. */
export function describeEnd({ by, sentence }: SessionEnd): [outcome: Outcome, words: string] {
  if (by === 'lost') return ['lost', sentence || 'the connection was closed'];
  if (by === 'over') return ['lost', 'it ended, unseen, while the connection was broken'];
  if (by === 'closed') return ['interrupted', sentence];
  if (/due to inactivity|idle/i.test(sentence)) return ['timed-out', sentence];
  if (/maximum|duration/i.test(sentence)) return ['maximum', sentence];
  return ['ended', sentence || NO_WORDS];
}

/** Seconds that the session has lived, up to `now` while it does. */
export function livedSeconds(run: ArmRun, now = 0): number {
  return run.startedAt === undefined ? 0 : Math.max(0, ((run.endedAt ?? now) - run.startedAt) / 1000);
}

/** True where the words are the service's own. */
export function isQuote({ outcome, words }: ArmRun): boolean {
  return ['timed-out', 'maximum', 'ended'].includes(outcome ?? '') && words !== NO_WORDS;
}
