import { setImmediate } from 'node:timers/promises';
import { type Clock, systemClock } from '../../src/clock.ts';
import { PATIENCE_MS } from '../../src/fleet/interruptible.ts';

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  #timers: { readonly at: number; readonly call: () => void }[] = [];

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, call: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, milliseconds), call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  keepAliveAfter(milliseconds: number, call: () => void): () => void {
    return this.after(milliseconds, call);
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next timer; undefined where none waits. */
  get nextInMilliseconds(): number | undefined {
    const times = this.#timers.map(({ at }) => at - this.#now);
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times));
  }

  /** Moves on, timer by timer in order; what a timer starts runs before the next one is looked for. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.at);
      due.call();
      await setImmediate();
    }
    this.#now = end;
  }
}

/** The machine's clock, in which everything happens `times` as fast: waits of seconds take a fraction, and count as seconds. */
export class HurriedClock implements Clock {
  readonly #startedAt = Date.now();

  constructor(readonly times: number) {}

  now(): number {
    return this.#startedAt + (Date.now() - this.#startedAt) * this.times;
  }

  after(milliseconds: number, call: () => void): () => void {
    return systemClock.after(milliseconds / this.times, call);
  }

  keepAliveAfter(milliseconds: number, call: () => void): () => void {
    return systemClock.keepAliveAfter(milliseconds / this.times, call);
  }
}

/**
 * The machine's time, by which whoever sleeps wakes `times` sooner. Deadlines stay as long as they are: a real host takes its
 * time, and on a busy machine more of it.
 */
export class EagerClock implements Clock {
  constructor(readonly times: number) {}

  now(): number {
    return systemClock.now();
  }

  after(milliseconds: number, call: () => void): () => void {
    return systemClock.after(milliseconds / this.times, call);
  }

  /** What the service may still take after Ctrl-C stays as long as it is. */
  keepAliveAfter(milliseconds: number, call: () => void): () => void {
    return systemClock.keepAliveAfter(
      milliseconds === PATIENCE_MS ? milliseconds : milliseconds / this.times,
      call,
    );
  }
}
