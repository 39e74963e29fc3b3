import { AsyncLocalStorage } from 'node:async_hooks';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { type Clock, sleep } from '../clock.ts';
import { wordTable } from '../word-table.ts';

/** How often a call is made, by what went wrong. Ten attempts last half a minute. */
const MOST_ATTEMPTS = wordTable<number>({ THROTTLING: 10, TRANSIENT: 8 });
/** The longest wait before the second attempt. Each further wait is twice as long, to 20 s. */
const FIRST_WAIT_MS = 75;
const LONGEST_WAIT_MS = 20_000;

/** How long to wait after attempt `count`, from 1. Undefined: there is no further attempt. */
export function waitAfter(count: number, kind: string): number | undefined {
  if (count >= (MOST_ATTEMPTS[kind] ?? 0)) return undefined;
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (count - 1)) * (0.5 + Math.random() / 2);
}

interface RetryFailure {
  readonly error?: unknown;
  readonly errorType: string;
  /** When the service wants to be asked again. */
  readonly retryAfterHint?: Date;
}

interface Token {
  getRetryCount(): number;
  /** Of what is left to wait: nothing, the strategy has waited. */
  getRetryDelay(): number;
}

/** Set during a call that may be repeated only if the service refused it. */
const isOnce = new AsyncLocalStorage<true>();

/**
 * Makes a refused or broken call again, by its own count alone, on `clock`. The SDK's adaptive mode measures a rate and slows every
 * call down for each one refused: its report of 10,000 instances took 1.7 times as long with a tenth of the calls refused. An
 * answer that is no JSON is asked for again, as one that broke off is; a call made through `callOnce` is repeated only where the
 * service refused it.
 */
export function paceRetries(client: SSMClient, clock: Clock): void {
  const makeToken = (count: number): Token => ({ getRetryCount: () => count, getRetryDelay: () => 0 });
  const strategy = {
    acquireInitialRetryToken: async () => makeToken(0),
    recordSuccess: () => {},
    refreshRetryTokenForRetry: async (token: Token, { error, errorType, retryAfterHint }: RetryFailure) => {
      if (isOnce.getStore() && isOutcomeUnknown(error)) throw new Error('not to be repeated');
      const count = token.getRetryCount() + 1;
      const waitMs = waitAfter(count, error instanceof SyntaxError ? 'TRANSIENT' : errorType);
      if (waitMs === undefined) throw new Error('not repeated any more');
      const hintMs = Math.min(LONGEST_WAIT_MS, (retryAfterHint?.getTime() ?? 0) - clock.now());
      await sleep(clock, Math.max(hintMs, waitMs));
      return makeToken(count);
    },
  };
  Object.assign(client.config, { retryStrategy: async () => strategy });
}

/** Makes a call that would have its effect twice if repeated, such as SendCommand: it takes no idempotency token. */
export function callOnce<T>(call: () => Promise<T>): Promise<T> {
  return isOnce.run(true, call);
}

/**
 * Whether a failed call may have had its effect: the connection broke, the answer was garbled, or the service had
 * an internal error. A named refusal or a refused connection had no effect.
 */
export function isOutcomeUnknown(error: unknown): boolean {
  const { code, name, $metadata } = error as Error & {
    code?: string;
    $metadata?: { httpStatusCode?: number };
  };
  if (error instanceof SyntaxError || name === 'TimeoutError') return true;
  if (code !== undefined && ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(code)) return true;
  return ($metadata?.httpStatusCode ?? 0) >= 500;
}
