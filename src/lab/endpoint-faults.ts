/** Faults of the service and the network, for tests alone. */
import type { OrganizationOperation } from './organization.ts';
import type { OperationName } from './shapes.ts';

/**
 * `lost`: the connection breaks before the call has an effect; `cut`: after it, within the answer. `silent`: no answer.
 * `truncated`: the call has its effect, the answer is no JSON. `looped`: a first page whose token leads back to it.
 */
export type WireFault = 'lost' | 'silent' | 'cut' | 'truncated' | 'looped';

type Operation = OperationName | OrganizationOperation | '*';

/** By operation name or `*`; each for the next `times` calls. */
export class EndpointFaults {
  readonly #errors = new Queue<string>();
  readonly #wire = new Queue<WireFault>();
  #share = 0;
  #state = 1;
  #skewMs = 0;
  isClockHidden = false;

  /** Fails with this error name, e.g. ThrottlingException, before the call has an effect. */
  failNext(operation: Operation, errorName: string, times = 1): void {
    this.#errors.add(operation, errorName, times);
  }

  breakNext(operation: Operation, fault: WireFault, times = 1): void {
    this.#wire.add(operation, fault, times);
  }

  /** Throttles this share of all calls, 0..1; the same calls for the same seed. */
  throttle(share: number, seed = 1): void {
    this.#share = share;
    this.#state = seed;
  }

  /** Sets the service's clock ahead. `isHidden`: answers have no date, so clients cannot correct their clock. */
  skewClock(seconds: number, { isHidden = false } = {}): void {
    this.#skewMs = seconds * 1000;
    this.isClockHidden = isHidden;
  }

  takeError(operation: string): string | undefined {
    const error = this.#errors.take(operation);
    if (error !== undefined || this.#share === 0) return error;
    // Park and Miller: small, and the same everywhere.
    this.#state = (this.#state * 48_271) % 0x7fffffff;
    return this.#state / 0x7fffffff < this.#share ? 'ThrottlingException' : undefined;
  }

  takeWireFault(operation: string): WireFault | undefined {
    return this.#wire.take(operation);
  }

  /** Epoch milliseconds by the service's clock. */
  now(): number {
    return Date.now() + this.#skewMs;
  }
}

class Queue<T> {
  readonly #entries: { readonly operation: string; readonly fault: T }[] = [];

  add(operation: string, fault: T, times: number): void {
    for (let i = 0; i < times; i += 1) this.#entries.push({ operation, fault });
  }

  take(operation: string): T | undefined {
    const at = this.#entries.findIndex((entry) => entry.operation === operation || entry.operation === '*');
    return at < 0 ? undefined : this.#entries.splice(at, 1)[0]?.fault;
  }
}
