import { type Clock, sleep } from '../clock.ts';

/** Below this the service throttles [observed by users of the service]. */
export const LEAST_POLL_SECONDS = 2;
export const LONGEST_POLL_SECONDS = 15;

export interface PaceOptions {
  readonly leastSeconds?: number | undefined;
  /** 0 to 1, as Math.random gives it. */
  readonly random?: () => number;
}

/** The random part of each pause, so that many runs of this tool do not poll in step. */
const JITTER = 0.2;
const GROWTH = 1.5;

/** Seconds until the next poll: `leastSeconds` after a change, then half as long again each time, at most LONGEST_POLL_SECONDS. */
export function makePollPace({
  leastSeconds = LEAST_POLL_SECONDS,
  random = Math.random,
}: PaceOptions = {}): (seen: string) => number {
  const longestBase = Math.max(leastSeconds, LONGEST_POLL_SECONDS / (1 + JITTER));
  let base = leastSeconds;
  let last: string | undefined;
  return (seen) => {
    base = seen === last ? Math.min(longestBase, base * GROWTH) : leastSeconds;
    last = seen;
    return Math.min(LONGEST_POLL_SECONDS, base * (1 + JITTER * random()));
  };
}

export interface PauseOptions {
  readonly clock: Clock;
  readonly leastSeconds: number | undefined;
  /** When aborted, the pause ends at once. */
  readonly signal: AbortSignal | undefined;
  /** When aborted, the next poll comes at once, because it will show a change. */
  readonly hurry: AbortSignal | undefined;
}

/** Waits between two polls. After `hurry` the next poll comes at once, and the pace starts again. Never throws. */
export function makePollPause({ clock, leastSeconds, signal, hurry }: PauseOptions) {
  let pace = makePollPace({ leastSeconds });
  let isHurried = false;
  const hurryOnce = (): boolean => {
    if (isHurried || !hurry?.aborted) return false;
    pace = makePollPace({ leastSeconds });
    isHurried = true;
    return true;
  };
  return async (seen: string, longestMs: number): Promise<void> => {
    // `hurry` came during the last poll.
    if (hurryOnce()) return;
    const wakers = [signal, hurry].filter((one) => one !== undefined && !one.aborted) as AbortSignal[];
    const waitMs = Math.min(pace(seen) * 1000, Math.max(0, longestMs));
    await sleep(clock, waitMs, ...wakers);
    hurryOnce();
  };
}
