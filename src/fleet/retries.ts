import { AsyncLocalStorage } from 'node:async_hooks';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { type Clock, sleep } from '../clock.ts';
import { wordTable } from '../word-table.ts';
import { ForeignAnswerError } from './answers.ts';

/** How often a call is attempted, by kind of failure. Ten attempts take half a minute. */
const MOST_ATTEMPTS = wordTable<number>({ THROTTLING: 10, TRANSIENT: 8 });
/** The longest wait before the second attempt. Each further wait is twice as long, to 20 s. */
const FIRST_WAIT_MS = 75;
const LONGEST_WAIT_MS = 20_000;

/** How long to wait after attempt `count`, from 1. Undefined: there is no further attempt. */
export function waitAfter(count: number, kind: string): number | undefined {
  if (count >= (MOST_ATTEMPTS[kind] ?? 0)) return undefined;
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (count - 1)) * (0.5 + Math.random() / 2);
}

/** How often a call is made, if its outcome was not known and a look has shown that it had no effect. */
const MOST_TRIES = 3;

/** Half a second of waits, and what each attempt itself takes. */
const SILENT_ATTEMPTS = 4;

interface RetryFailure {
  readonly error?: unknown;
  readonly errorType: string;
  /** When the service wants the next attempt. */
  readonly retryAfterHint?: Date;
}

interface Token {
  getRetryCount(): number;
  /** No further delay: the strategy has already waited. */
  getRetryDelay(): number;
}

/** Set during a call that may be repeated only if the service refused it. */
const isOnce = new AsyncLocalStorage<true>();

/**
 * Repeats a refused or broken call, on `clock`; each call has its own count. Not the SDK's adaptive mode: after one refused call it
 * slows all calls down, and with a tenth of the calls refused a report of 10,000 instances took 1.7 times as long. An answer that
 * is not JSON counts as broken. A call through `callUntilSeen` is repeated only if the service refused it.
 * `onSilence`: called when a call has failed four times and none has succeeded yet.
 */
export function paceRetries(
  client: SSMClient,
  clock: Clock,
  onSilence: (error: unknown) => void = () => {},
): void {
  let isReached = false;
  const makeToken = (count: number): Token => ({ getRetryCount: () => count, getRetryDelay: () => 0 });
  const strategy = {
    acquireInitialRetryToken: async () => makeToken(0),
    recordSuccess: () => {
      isReached = true;
    },
    refreshRetryTokenForRetry: async (token: Token, { error, errorType, retryAfterHint }: RetryFailure) => {
      if (isOnce.getStore() && isOutcomeUnknown(error)) throw new Error('not to be repeated');
      const count = token.getRetryCount() + 1;
      const waitMs = waitAfter(count, error instanceof SyntaxError ? 'TRANSIENT' : errorType);
      if (waitMs === undefined) throw new Error('not repeated any more');
      if (count === SILENT_ATTEMPTS && !isReached && errorType === 'TRANSIENT') onSilence(error);
      const hintMs = Math.min(LONGEST_WAIT_MS, (retryAfterHint?.getTime() ?? 0) - clock.now());
      await sleep(clock, Math.max(hintMs, waitMs));
      return makeToken(count);
    },
  };
  Object.assign(client.config, { retryStrategy: async () => strategy });
}

/**
 * Makes a call whose repetition would have a second effect, such as SendCommand: it has no idempotency token. If its answer
 * is lost, `look` finds what it did; undefined: nothing, so it is made again.
 */
export async function callUntilSeen<T>(
  call: () => Promise<T>,
  look: () => Promise<T | undefined>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await isOnce.run(true, call);
    } catch (error) {
      const found = isOutcomeUnknown(error) ? await look() : undefined;
      if (found !== undefined) return found;
      if (!isOutcomeUnknown(error) || tries >= MOST_TRIES) throw error;
    }
  }
}

/** True if the connection broke, the answer was unreadable, or the service had an internal error. A refusal has no effect. */
export function isOutcomeUnknown(error: unknown): boolean {
  const { code, name, $metadata } = error as Error & {
    code?: string;
    $metadata?: { httpStatusCode?: number };
  };
  if (error instanceof SyntaxError || name === 'TimeoutError') return true;
  if (code !== undefined && ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code))
    return true;
  const { httpStatusCode = 0 } = $metadata ?? {};
  if (error instanceof ForeignAnswerError && httpStatusCode < 300) return true;
  return httpStatusCode >= 500;
}
