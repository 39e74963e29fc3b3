import { setMaxListeners } from 'node:events';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import { INTERRUPTED, type Interruption, makeInterrupted } from '../interruption.ts';
import { clockOf } from './client.ts';

/**
 * What depends on a call by the time that Ctrl-C comes. `nothing`: it ends at once. `effect`: the service may be doing something,
 * so it may answer for a while yet; silence for so long is leaving. `clean-up`: the same, also for whoever has left already.
 */
export type Weight = 'nothing' | 'effect' | 'clean-up';

export interface InterruptibleOptions {
  /** Asked when Ctrl-C comes, and of every later call. */
  readonly weight: () => Weight;
  /** What is true when a call of no weight was ended, e.g. `nothing was sent`. */
  readonly nothing: string;
  /** How to see what became of a call that was not answered. */
  readonly look: string;
  /** How long the service may take to answer after Ctrl-C, call by call. Default 10 s. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 10_000;

/**
 * The same client, whose calls end when the user wants out, also where the service accepts them and never answers.
 * A call that ended so throws UserError `interrupted`, with exit status 130.
 */
export function makeInterruptible(
  client: SSMClient,
  interruption: Interruption,
  { weight, nothing, look, patienceMs = PATIENCE_MS }: InterruptibleOptions,
): SSMClient {
  async function send(command: never, options: object = {}): Promise<unknown> {
    const end = new AbortController();
    // Every attempt at the call listens to it.
    setMaxListeners(0, end.signal);
    const endNow = () => end.abort();
    const isCleanUp = weight() === 'clean-up';
    let forget = () => {};
    const undo = interruption.onRequest(() => {
      if (weight() === 'nothing') endNow();
      else
        forget = clockOf(client).keepAliveAfter(patienceMs, () => {
          interruption.leave();
          endNow();
        });
    });
    if (!isCleanUp) interruption.leaveSignal.addEventListener('abort', endNow);
    if (!isCleanUp && interruption.leaveSignal.aborted) endNow();
    try {
      return await client.send(command, { abortSignal: end.signal, ...options });
    } catch (error) {
      if (!end.signal.aborted || (error as Error).name !== 'AbortError') throw error;
      throw weight() === 'nothing' ? makeInterrupted(nothing, error) : unanswered(look, error);
    } finally {
      undo();
      forget();
      interruption.leaveSignal.removeEventListener('abort', endNow);
    }
  }
  return Object.create(client, { send: { value: send } }) as SSMClient;
}

function unanswered(next: string, cause: unknown): UserError {
  const why = 'it may have done what it was asked, or not';
  const what = 'the service had not answered when it was left';
  return new UserError({ code: 'interrupted', what, why, next }, { cause, exitStatus: INTERRUPTED });
}
