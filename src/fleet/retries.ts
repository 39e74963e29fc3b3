import { AsyncLocalStorage } from 'node:async_hooks';
import type { SSMClient } from '@aws-sdk/client-ssm';

/** What this module needs of the SDK's retry strategies; it exports no type of its own for them. */
interface Strategy<Token> {
  acquireInitialRetryToken(scope: string): Promise<Token>;
  refreshRetryTokenForRetry(token: Token, failure: RetryFailure): Promise<Token>;
  recordSuccess(token: Token): void;
}

interface RetryFailure {
  readonly error?: unknown;
  readonly errorType: string;
}

/** Set while a call is under way that must not be made a second time unless the first was surely refused. */
const isOnce = new AsyncLocalStorage<true>();

/**
 * The SDK's own retries with two changes: an answer that is no JSON is asked for again, as one that broke off is;
 * and a call made through `callOnce` is repeated only where the service refused it, as when it throttles.
 */
export function adaptRetries(client: SSMClient): void {
  const makeStrategy = client.config.retryStrategy as () => Promise<unknown>;
  const adapted = async () => adapt((await makeStrategy()) as Strategy<unknown>);
  Object.assign(client.config, { retryStrategy: adapted });
}

function adapt<Token>(strategy: Strategy<Token>): Strategy<Token> {
  return {
    acquireInitialRetryToken: (scope) => strategy.acquireInitialRetryToken(scope),
    recordSuccess: (token) => strategy.recordSuccess(token),
    refreshRetryTokenForRetry: async (token, failure) => {
      if (isOnce.getStore() && isOutcomeUnknown(failure.error)) throw new Error('not to be repeated');
      const isGarbled = failure.error instanceof SyntaxError;
      return strategy.refreshRetryTokenForRetry(
        token,
        isGarbled ? { ...failure, errorType: 'TRANSIENT' } : failure,
      );
    },
  };
}

/** Makes a call that the service gives no token for to tell a repetition by, such as SendCommand. */
export function callOnce<T>(call: () => Promise<T>): Promise<T> {
  return isOnce.run(true, call);
}

/**
 * Whether a call may have been heard although it failed: the connection broke, the answer was garbled, or the service
 * failed inside. A refusal by name was not carried out, and an address that nobody listens on heard nothing.
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
