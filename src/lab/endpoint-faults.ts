/** Faults of the service and the network, for tests alone. */
import type { OrganizationOperation } from './organization.ts';
import type { OperationName } from './shapes.ts';

/**
 * `lost`: the connection breaks before the call has an effect; `cut`: after it, within the answer. `silent`: no answer.
 * `truncated`: the call has its effect, the answer is no JSON. `looped`: a first page whose token leads back to it.
 */
export type WireFault = 'lost' | 'silent' | 'cut' | 'truncated' | 'looped';

/** By operation name or `*`; each for the next `times` calls. */
export interface EndpointFaults {
  /** Fails with this error name, e.g. ThrottlingException, before the call has an effect. */
  failNext(operation: OperationName | OrganizationOperation | '*', errorName: string, times?: number): void;
  breakNext(operation: OperationName | OrganizationOperation | '*', fault: WireFault, times?: number): void;
  /** Throttles this share of all calls, 0..1; the same calls for the same seed. */
  throttle(share: number, seed?: number): void;
  /** Sets the service's clock ahead. `isHidden`: answers have no date, so clients cannot correct their clock. */
  skewClock(seconds: number, options?: { isHidden?: boolean }): void;
}

/** The endpoint asks this before each call. */
export interface FaultSource extends EndpointFaults {
  takeError(operation: string): string | undefined;
  takeWireFault(operation: string): WireFault | undefined;
  /** Epoch milliseconds by the service's clock. */
  now(): number;
  readonly isClockHidden: boolean;
}

export function makeFaults(): FaultSource {
  const errors = new Queue<string>();
  const wire = new Queue<WireFault>();
  let share = 0;
  let state = 1;
  let skewMs = 0;
  let isClockHidden = false;
  const random = (): number => {
    // Park and Miller: small, and the same everywhere.
    state = (state * 48_271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
  return {
    failNext: (operation, errorName, times = 1) => errors.add(operation, errorName, times),
    breakNext: (operation, fault, times = 1) => wire.add(operation, fault, times),
    throttle: (newShare, seed = 1) => {
      share = newShare;
      state = seed;
    },
    takeError: (operation) =>
      errors.take(operation) ?? (share > 0 && random() < share ? 'ThrottlingException' : undefined),
    takeWireFault: (operation) => wire.take(operation),
    skewClock: (seconds, { isHidden = false } = {}) => {
      skewMs = seconds * 1000;
      isClockHidden = isHidden;
    },
    get isClockHidden() {
      return isClockHidden;
    },
    now: () => Date.now() + skewMs,
  };
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
