import { type Clock, sleep } from '../clock.ts';
import { makePollPace } from './poll-pace.ts';

export interface PauseOptions {
  readonly clock: Clock;
  readonly leastSeconds: number | undefined;
  /** Aborted: nobody wants to wait any longer. */
  readonly signal: AbortSignal | undefined;
  /** Aborted: something has happened that the next poll will show. */
  readonly hurry: AbortSignal | undefined;
}

/**
 * Waits between two polls at their pace. After `hurry` the next poll comes at once, wherever the pace has come to, and those
 * after it as at the start. Never throws.
 */
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
    // It came while the last poll was under way.
    if (hurryOnce()) return;
    const wakers = [signal, hurry].filter((one) => one !== undefined && !one.aborted) as AbortSignal[];
    const waitMs = Math.min(pace(seen) * 1000, Math.max(0, longestMs));
    await sleep(clock, waitMs, ...wakers);
    hurryOnce();
  };
}
