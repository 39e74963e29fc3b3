import { setMaxListeners } from 'node:events';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import { INTERRUPTED, type Interruption, makeInterrupted, orAbort } from '../interruption.ts';
import { clockOf } from './client.ts';

/**
 * At Ctrl-C a `read` ends at once; a `change` after PATIENCE_MS without an answer, because it may have an effect;
 * a `clean-up` as a `change`, and it may also start after the user has left.
 */
export type CallKind = 'read' | 'change' | 'clean-up';

export interface InterruptibleOptions {
  /** Called at Ctrl-C and for every later call. */
  readonly kind: () => CallKind;
  /** The error's `what` after a `read` was ended, e.g. `nothing was sent`. */
  readonly whatAfterRead: string;
  /** The error's `next` after any other call: how to see its result. */
  readonly nextAfterChange: string;
}

/** How long a call that may have an effect may still take after Ctrl-C. */
export const PATIENCE_MS = 10_000;

/** Calls end at Ctrl-C, even if the service never answers: UserError `interrupted`, exit status 130. */
export function makeInterruptible(
  client: SSMClient,
  interruption: Interruption,
  { kind, whatAfterRead, nextAfterChange }: InterruptibleOptions,
): SSMClient {
  async function send(command: never, options: object = {}): Promise<unknown> {
    const end = new AbortController();
    // Each attempt adds a listener; 0 turns off Node's warning about many.
    setMaxListeners(0, end.signal);
    const endNow = () => end.abort();
    const isCleanUp = kind() === 'clean-up';
    let forget = () => {};
    const undo = interruption.onRequest(() => {
      if (kind() === 'read') endNow();
      else
        forget = clockOf(client).keepAliveAfter(PATIENCE_MS, () => {
          interruption.leave();
          endNow();
        });
    });
    if (!isCleanUp) interruption.leaveSignal.addEventListener('abort', endNow);
    if (!isCleanUp && interruption.leaveSignal.aborted) endNow();
    try {
      return await orAbort(client.send(command, { abortSignal: end.signal, ...options }), end.signal);
    } catch (error) {
      if (!end.signal.aborted || (error as Error).name !== 'AbortError') throw error;
      throw kind() === 'read' ? makeInterrupted(whatAfterRead, error) : unanswered(nextAfterChange, error);
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
