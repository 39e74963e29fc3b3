/** The source of time. Everything that polls, waits or times out takes a Clock, so that a test can move it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `call` once, not before `milliseconds` have passed. Returns the function that prevents it. Never keeps the process alive by itself. */
  after(milliseconds: number, call: () => void): () => void;
  /** The same, and the process stays alive until then. */
  keepAliveAfter(milliseconds: number, call: () => void): () => void;
}

/** setTimeout fires at once for a longer time. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Node's own timers may fire a millisecond early: then this one waits for the rest. */
function startTimer(milliseconds: number, call: () => void, keepsAlive: boolean): () => void {
  const due = performance.now() + Math.min(milliseconds, LONGEST_TIMER_MS);
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(() => (performance.now() < due ? wait() : call()), due - performance.now());
    if (!keepsAlive) timer.unref();
  };
  wait();
  return () => clearTimeout(timer);
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, call) => startTimer(milliseconds, call, false),
  keepAliveAfter: (milliseconds, call) => startTimer(milliseconds, call, true),
};

/** Calls `call` every `milliseconds` and keeps the process alive. Returns the function that ends it. */
export function repeat(clock: Clock, milliseconds: number, call: () => void): () => void {
  let cancel = clock.keepAliveAfter(milliseconds, again);
  function again(): void {
    cancel = clock.keepAliveAfter(milliseconds, again);
    call();
  }
  return () => cancel();
}

/** For durations: does not count suspended time and ignores corrections of the machine's time. */
export const steadyClock: Clock = {
  ...systemClock,
  now: () => performance.timeOrigin + performance.now(),
};

/** Waits until the time is over or a signal is aborted, and keeps the process alive. Never throws. */
export function sleep(
  clock: Clock,
  milliseconds: number,
  ...signals: (AbortSignal | undefined)[]
): Promise<void> {
  return new Promise((resolve) => {
    const wakers = signals.filter((signal) => signal !== undefined);
    const end = () => {
      cancel();
      for (const signal of wakers) signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.keepAliveAfter(milliseconds, end);
    for (const signal of wakers) signal.addEventListener('abort', end);
    if (wakers.some(({ aborted }) => aborted)) end();
  });
}
