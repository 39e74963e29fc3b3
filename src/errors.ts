/** The failures that a user can meet. Any other error is a bug of ours, and the command line says so. */

/** What a user needs after a failure. `code` is stable and documented; the others are sentences without a full stop. */
export interface Failure {
  /** Stable name for programs, e.g. `bad-setting`. */
  code: string;
  /** What happened. */
  what: string;
  /** The reason, in words of the user. */
  why: string;
  /** The next thing to do or type. */
  next: string;
}

/**
 * For messages. Any word may hold an address with a password: one that was typed in the wrong place, or one in a service's
 * message. A password may hold any character, so the last `@` before a next flag counts. Without a scheme it is one word
 * without `/`, which an ARN with an `@` has, and without `=` and `,`, which targets have.
 */
export const hidePasswords = (text: string) =>
  text
    .split(/(?= --)/)
    .map(hideInPart)
    .join('');

function hideInPart(text: string): string {
  // Nothing behind the last `@` can match, and each look there would take as long as the text.
  const end = text.lastIndexOf('@') + 1;
  const hidden = text
    .slice(0, end)
    .replace(/(?<!\w)(\w+:\/\/?).*@/s, '$1…@')
    .replace(/(?<![\w.:@+-])[\w.%+-]{1,128}:[^\s'"`/=,]{1,128}@/g, '…@');
  return hidden + text.slice(end);
}

/** A failure with its exit status: 2 for bad usage (nothing was sent), 130 for Ctrl-C at a question, 1 for the rest. */
export class UserError extends Error implements Failure {
  readonly code: string;
  readonly what: string;
  readonly why: string;
  next: string;
  readonly exitStatus: 1 | 2 | 130;

  constructor(failure: Failure, options: { cause?: unknown; exitStatus?: 1 | 2 | 130 } = {}) {
    const [what, why, next] = [failure.what, failure.why, failure.next].map(hidePasswords) as [
      string,
      string,
      string,
    ];
    super(`${what}: ${why}`, { cause: options.cause });
    this.name = new.target.name;
    this.code = failure.code;
    this.what = what;
    this.why = why;
    this.next = next;
    this.exitStatus = options.exitStatus ?? 1;
  }

  /** Changes `next` once it is known in which account the failure was. */
  changeNext(complete: (next: string) => string): this {
    this.next = hidePasswords(complete(this.next));
    return this;
  }
}

/** A flag, variable or argument that cannot be used; always raised before anything is sent. */
export class UsageError extends UserError {
  constructor(failure: Omit<Failure, 'code'> & { code?: string }, options: { cause?: unknown } = {}) {
    super({ code: 'bad-usage', ...failure }, { ...options, exitStatus: 2 });
  }
}

/** @throws UsageError with this text if `isBroken` */
export function refuse(isBroken: boolean, failure: ConstructorParameters<typeof UsageError>[0]): void {
  if (isBroken) throw new UsageError(failure);
}

/** A missing permission: the action and its resource. */
export interface Denial {
  readonly action: string;
  readonly resource: string;
}
