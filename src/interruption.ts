import { setMaxListeners } from 'node:events';
import { UserError } from './errors.ts';

/** The exit status after Ctrl-C, as shells expect it. */
export const INTERRUPTED = 130;

/** The error of a command that Ctrl-C ended before it had any effect; `what` says so. */
export function makeInterrupted(what: string, cause?: unknown): UserError {
  const failure = { code: 'interrupted', what, why: 'you interrupted it', next: 'run it again' };
  return new UserError(failure, { cause, exitStatus: INTERRUPTED });
}

/** Stops the command if Ctrl-C came before it had any effect. @throws UserError */
export function refuseInterrupted(interruption: Interruption, what: string): void {
  if (interruption.isRequested) throw makeInterrupted(what);
}

/** What the work gives, or the end at an abort: credentials that a call waits for hear of none. @throws AbortError */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let undo = () => {};
  const end = new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    undo = () => signal.removeEventListener('abort', stop);
  });
  return Promise.race([work, end]).finally(undo);
}

/** Ctrl-C. First request: cancel what was sent, wait for what runs, report. Second: leave at once. */
export class Interruption {
  #requests = 0;
  readonly #listeners = new Set<() => void>();
  readonly #ask = new AbortController();
  readonly #leave = new AbortController();

  constructor() {
    // Each call adds a listener; 0 turns off Node's warning from the eleventh on.
    setMaxListeners(0, this.#ask.signal, this.#leave.signal);
  }

  request(): void {
    this.#requests += 1;
    if (this.#requests > 1) {
      this.leave();
      return;
    }
    // A copy: a listener may make a call, which listens too.
    for (const listener of [...this.#listeners]) listener();
    this.#ask.abort();
  }

  /** Leaves at once, as after the second request: the service does not answer any more. */
  leave(): void {
    this.#leave.abort();
  }

  get isRequested(): boolean {
    return this.#requests > 0;
  }

  /** Aborted by the first request. */
  get requestSignal(): AbortSignal {
    return this.#ask.signal;
  }

  /** Aborted by the second request. */
  get leaveSignal(): AbortSignal {
    return this.#leave.signal;
  }

  /** Calls `listener` at the first request, or now if it came before. Returns the function that removes it. */
  onRequest(listener: () => void): () => void {
    if (this.isRequested) listener();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
