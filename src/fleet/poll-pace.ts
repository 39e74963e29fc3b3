/** Below this the service throttles [observed by users of the service]. */
export const LEAST_POLL_SECONDS = 2;
export const LONGEST_POLL_SECONDS = 15;

export interface PaceOptions {
  readonly leastSeconds?: number | undefined;
  readonly longestSeconds?: number | undefined;
  /** 0 to 1, as Math.random gives it. */
  readonly random?: () => number;
}

/** The random part of each pause, so that many runs of this tool do not poll in step. */
const JITTER = 0.2;
const GROWTH = 1.5;

/** Seconds until the next poll: `leastSeconds` after a change, then half as long again each time, at most `longestSeconds`. */
export function makePollPace({
  leastSeconds = LEAST_POLL_SECONDS,
  longestSeconds = LONGEST_POLL_SECONDS,
  random = Math.random,
}: PaceOptions = {}): (seen: string) => number {
  const longestBase = Math.max(leastSeconds, longestSeconds / (1 + JITTER));
  let base = leastSeconds;
  let last: string | undefined;
  return (seen) => {
    base = seen === last ? Math.min(longestBase, base * GROWTH) : leastSeconds;
    last = seen;
    return Math.min(longestSeconds, base * (1 + JITTER * random()));
  };
}
