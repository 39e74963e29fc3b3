/** What went in and out of one session, and what an idle timer of each policy would have made of it. Time is counted in ticks. */
import type { IdlePolicy } from './keepers.ts';

/** A clock that does not run while the machine is too busy for the keepers. */
export interface TickClock {
  /** Ticks since it was started. */
  readonly now: number;
}

export interface Traffic {
  readonly at: number;
  readonly direction: 'input' | 'output';
}

export interface SessionRecord {
  readonly beganAt: number;
  readonly endedAt: number;
  readonly traffic: readonly Traffic[];
}

/** Whether a session with this record outlives an idle timer that counts what `policy` says. */
export function outlives(record: SessionRecord, policy: IdlePolicy, timeoutTicks: number): boolean {
  let last = record.beganAt;
  for (const { at, direction } of record.traffic) {
    if (policy !== 'any' && policy !== direction) continue;
    if (at - last >= timeoutTicks) return false;
    last = at;
  }
  return record.endedAt - last < timeoutTicks;
}
