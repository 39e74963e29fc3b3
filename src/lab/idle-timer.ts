/** Ends a session when nothing that its policy counts has happened for a while; the service decides this, never the agent. */
import type { IdlePolicy } from './options.ts';

/** Longer than setTimeout can count is looked at again after a day. */
const LONGEST_WAIT_MS = 86_400_000;

export class IdleTimer {
  private last = performance.now();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly policy: IdlePolicy,
    private readonly limitMs: number,
    private readonly expire: () => void,
  ) {
    this.arm(limitMs);
  }

  count(direction: 'input' | 'output'): void {
    if (this.policy === 'any' || this.policy === direction) this.last = performance.now();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** One timer that looks again, instead of one per key: 200 sessions cost 200 timers, whatever they do. */
  private arm(ms: number): void {
    this.timer = setTimeout(
      () => {
        const left = this.limitMs - (performance.now() - this.last);
        if (left <= 0) this.expire();
        else this.arm(left);
      },
      Math.min(ms, LONGEST_WAIT_MS),
    );
  }
}

/** The idle timer that nothing restarts: a session's maximum duration. */
export class Countdown extends IdleTimer {
  constructor(limitMs: number, expire: () => void) {
    super('any', limitMs, expire);
  }

  override count(): void {}
}
