import { chunk, IDS_PER_COMMAND } from './choose.ts';
import { failed, isGood, type Verdict } from './judge.ts';
import type { Delivery } from './send.ts';
import { addUpCounters, type Counters } from './watch.ts';

/** At most this many commands are watched at once: each costs its own polls. */
const MOST_AT_ONCE = 5;

export interface BatchOptions {
  /** Sends one batch, at most 50 ids, and waits for its verdicts. */
  deliver(batch: Delivery, onCounters: (counters: Counters) => void): Promise<Verdict[]>;
  onCounters(counters: Counters): void;
  isInterrupted(): boolean;
}

/** For more ids than one command takes. `maxConcurrency` and `maxErrors` count over all batches, as for a tag. */
export async function deliverInBatches(delivery: Delivery, options: BatchOptions): Promise<Verdict[]> {
  const ids = delivery.targets.instanceIds;
  const atOnce = Math.max(1, resolveCount(delivery.maxConcurrency, ids.length));
  const mostErrors = resolveCount(delivery.maxErrors, ids.length);
  const batches = chunk(ids, IDS_PER_COMMAND);
  const verdicts: Verdict[] = [];
  const seen = new Map<readonly string[], Counters>();
  let errors = 0;

  async function work(): Promise<void> {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      const stop = options.isInterrupted() ? CANCELLED : errors > mostErrors ? NOT_SENT : undefined;
      if (stop) {
        for (const instanceId of batch) verdicts.push({ instanceId, name: '', report: undefined, ...stop });
        continue;
      }
      const key = batch;
      const found = await options.deliver(
        {
          ...delivery,
          targets: { tags: [], instanceIds: batch },
          maxConcurrency: String(Math.min(IDS_PER_COMMAND, atOnce)),
          maxErrors: String(mostErrors - errors),
        },
        (counters) => {
          seen.set(key, counters);
          options.onCounters({ ...addUpCounters([...seen.values()]), targetCount: ids.length });
        },
      );
      for (const verdict of found) verdicts.push(verdict);
      errors += found.filter((verdict) => !isGood(verdict)).length;
    }
  }

  const workers = Math.min(MOST_AT_ONCE, Math.max(1, Math.floor(atOnce / IDS_PER_COMMAND)));
  await Promise.all(Array.from({ length: workers }, work));
  return verdicts;
}

const NOT_SENT = failed(
  'not sent',
  'others failed first, and --max-errors stopped the sending before this instance',
  'mend the failures above, then run the command again',
);
const CANCELLED = failed(
  'cancelled',
  'you interrupted it before this instance was reached',
  'run the command again',
);

/** Reads `50` or `10%` of `total`. Rounds a percentage down, so that a limit is never exceeded. */
function resolveCount(text: string, total: number): number {
  return text.endsWith('%') ? Math.floor((Number(text.slice(0, -1)) * total) / 100) : Number(text);
}
