/** Restores a broken connection: asks for a new token again and again, with growing pauses. */
import { type Clock, sleep } from '../clock.ts';
import type { SessionAddress } from './link.ts';

/** Asks for a new token. Undefined: the session is over. Every error but ResumeRefusedError leads to another attempt. */
export type Resume = (sessionId: string, signal: AbortSignal) => Promise<SessionAddress | undefined>;

/** Another attempt would not help: expired credentials, a missing permission. The message is for people. */
export class ResumeRefusedError extends Error {}

/** The pause doubles from the first to the last; the plugin starts with 100 to 200 ms and ends with 5 s. */
const FIRST_DELAY_MS = 100;
const LAST_DELAY_MS = 5000;
const CALL_LIMIT_MS = 10_000;

/** `over`: the session has ended. `lost`: the service was not reached. `stopped`: by the signal. */
export interface Outcome {
  readonly result: 'back' | 'over' | 'lost' | 'stopped';
  readonly reason: string;
}

export interface Attempt {
  readonly sessionId: string;
  readonly resume: Resume;
  /** Connects. Resolves with undefined when the connection works, else with the reason. */
  readonly connect: (address: SessionAddress) => Promise<string | undefined>;
  /** Why the last connection broke. */
  readonly reason: string;
  readonly clock: Clock;
  /** Time of `clock`. */
  readonly giveUpAt: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
}

export async function recover(attempt: Attempt): Promise<Outcome> {
  const { clock, signal, giveUpAt } = attempt;
  let { reason } = attempt;
  // The first pause is short: users should not notice the hourly reconnect. Jitter keeps clients from trying in step.
  for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * 2, LAST_DELAY_MS)) {
    await sleep(clock, delay * Math.random(), signal);
    if (signal.aborted) return { result: 'stopped', reason };
    const limit = limitCall(clock, giveUpAt);
    try {
      const address = await attempt.resume(attempt.sessionId, AbortSignal.any([signal, limit.signal]));
      // For a session that has timed out, the service answers without a token [plugin, ResumeSessionHandler].
      if (!address?.TokenValue) return { result: 'over', reason };
      const failure = await attempt.connect(address);
      if (failure === undefined) return { result: 'back', reason: '' };
      reason = failure;
    } catch (error) {
      if (error instanceof ResumeRefusedError) return { result: 'lost', reason: error.message };
      reason = (error as Error).message;
    } finally {
      limit.cancel();
    }
    if (signal.aborted) return { result: 'stopped', reason };
    if (clock.now() >= giveUpAt) return { result: 'lost', reason };
  }
}

/** Ends a call when the time is over; each call gets at least one second. */
function limitCall(clock: Clock, giveUpAt: number): { readonly signal: AbortSignal; cancel(): void } {
  const stop = new AbortController();
  const limitMs = Math.min(CALL_LIMIT_MS, Math.max(1000, giveUpAt - clock.now()));
  const cancel = clock.after(limitMs, () => stop.abort(new Error('the service did not answer in time')));
  return { signal: stop.signal, cancel };
}
