/**
 * Where several runs wait for each other and are then let go together: once every one of them has joined or left,
 * `decide` is asked once with what those that joined brought. When it refuses, all of them are refused with that error.
 */
export class CommonDecision<T> {
  readonly #decide: (brought: readonly T[]) => Promise<void>;
  readonly #brought: T[] = [];
  #missing: number;
  #open: (decision: Promise<void>) => void = () => {};
  readonly #decision = new Promise<void>((resolve) => {
    this.#open = resolve;
  });
  /** What `decide` refused with. */
  refusal: unknown;

  constructor(count: number, decide: (brought: readonly T[]) => Promise<void>) {
    this.#missing = count;
    this.#decide = decide;
  }

  /** Resolves once all may go on. */
  async join(what: T): Promise<void> {
    this.#brought.push(what);
    this.#count();
    await this.#decision;
  }

  /** For a run that will not join, because it failed before or has nothing to ask. */
  leave(): void {
    this.#count();
  }

  #count(): void {
    this.#missing -= 1;
    if (this.#missing > 0 || this.#brought.length === 0) return;
    const decision = this.#decide(this.#brought).catch((error: unknown) => {
      this.refusal = error;
      throw error;
    });
    this.#open(decision);
  }
}
