import { setMaxListeners } from 'node:events';
import { UserError } from './errors.ts';

/** The exit status after Ctrl-C, as shells expect it. */
export const INTERRUPTED = 130;

/** What a command ends with where Ctrl-C came before it had any effect; `what` says so. */
export function makeInterrupted(what: string, cause?: unknown): UserError {
  const failure = { code: 'interrupted', what, why: 'you interrupted it', next: 'run it again' };
  return new UserError(failure, { cause, exitStatus: INTERRUPTED });
}

/** Ctrl-C while nothing has any effect yet: nothing shall have. @throws UserError */
export function refuseInterrupted(interruption: Interruption, what: string): void {
  if (interruption.isRequested) throw makeInterrupted(what);
}

/**
 * Ctrl-C as a state that deliveries look at. Asked once: cancel what was sent, wait for what runs, report.
 * Asked twice: leave at once.
 */
export class Interruption {
  #requests = 0;
  readonly #listeners = new Set<() => void>();
  readonly #ask = new AbortController();
  readonly #leave = new AbortController();

  constructor() {
    // Every call under way listens: Node would warn of a leak from the eleventh on.
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

  /** As if the user had asked twice, where nothing answers any more. */
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

  /** Aborted when the user wants out at once. */
  get leaveSignal(): AbortSignal {
    return this.#leave.signal;
  }

  /** Calls back on the first request, also when it came before; returns the undo. */
  onRequest(listener: () => void): () => void {
    if (this.isRequested) listener();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
