/**
 * Ctrl-C as a state that deliveries look at. Asked once: cancel what was sent, wait for what runs, report.
 * Asked twice: leave at once.
 */
export class Interruption {
  #requests = 0;
  readonly #listeners = new Set<() => void>();
  readonly #leave = new AbortController();

  request(): void {
    this.#requests += 1;
    if (this.#requests === 1) for (const listener of this.#listeners) listener();
    else this.#leave.abort();
  }

  get isRequested(): boolean {
    return this.#requests > 0;
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
