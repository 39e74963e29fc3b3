import type { Clock } from '../clock.ts';

/** A clock that can end: pending timers then never fire. Each lab has one, so no timer outlives it. */
export class EndingClock implements Clock {
  hasEnded = false;
  readonly #cancels = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  now(): number {
    return this.clock.now();
  }

  after(milliseconds: number, call: () => void): () => void {
    return this.#wait('after', milliseconds, call);
  }

  keepAliveAfter(milliseconds: number, call: () => void): () => void {
    return this.#wait('keepAliveAfter', milliseconds, call);
  }

  end(): void {
    this.hasEnded = true;
    for (const cancel of [...this.#cancels]) cancel();
  }

  #wait(kind: 'after' | 'keepAliveAfter', milliseconds: number, call: () => void): () => void {
    if (this.hasEnded) return () => {};
    const stop = this.clock[kind](milliseconds, () => {
      this.#cancels.delete(cancel);
      call();
    });
    const cancel = (): void => {
      this.#cancels.delete(cancel);
      stop();
    };
    this.#cancels.add(cancel);
    return cancel;
  }
}
