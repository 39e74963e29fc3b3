import { type Clock, sleep } from '../clock.ts';
import { makePollPace } from './poll-pace.ts';

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
