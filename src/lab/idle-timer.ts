/** Ends a session after a time without the traffic that the policy counts. The service has this timer, not the agent. */
import type { Clock } from '../clock.ts';
import type { IdlePolicy } from './options.ts';

export class IdleTimer {
  private last: number;
  private cancel: () => void = () => {};

  constructor(
    private readonly policy: IdlePolicy,
    private readonly limitMs: number,
    private readonly clock: Clock,
    private readonly expire: () => void,
  ) {
    this.last = clock.now();
    this.arm(limitMs);
  }

  count(direction: 'input' | 'output'): void {
    if (this.policy === 'any' || this.policy === direction) this.last = this.clock.now();
  }

  stop(): void {
    this.cancel();
  }

  /** One timer for each session, checked again when it fires; not one for each key. */
  private arm(ms: number): void {
    this.cancel = this.clock.after(ms, () => {
      const left = this.limitMs - (this.clock.now() - this.last);
      if (left <= 0) this.expire();
      else this.arm(left);
    });
  }
}
