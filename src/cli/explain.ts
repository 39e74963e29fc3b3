import { UserError } from '../errors.ts';
import type { Io } from '../terminal/io.ts';
import { say } from '../terminal/safe-text.ts';

/** How a failure is told, as far as it is known when it happens. */
export interface Manner {
  output: string;
  isDebug: boolean;
}

/**
 * Words for anything that went wrong: a failure that a user can meet with what, why and next; the rest is our bug and says so.
 * Returns the exit status.
 */
export function explain(failure: unknown, io: Io, { output, isDebug }: Manner): number {
  if (output !== 'table') io.out(describeAsJson(failure, output));
  if (failure instanceof UserError) {
    io.err(say`ssm-keepalive: ${failure.what}\n  why:  ${failure.why}\n  next: ${failure.next}\n`);
    if (isDebug) io.err(describeStack(failure));
    return failure.exitStatus;
  }
  const why = (failure as Error)?.message ?? failure;
  io.err(
    say`ssm-keepalive: this is a bug in ssm-keepalive, not in what you did\n  why:  ${why}\n  next: run it again with --debug and report what it prints\n`,
  );
  if (isDebug) io.err(describeStack(failure));
  return 1;
}

function describeAsJson(failure: unknown, output: string): string {
  const {
    code = 'bug',
    what = 'this is a bug in ssm-keepalive',
    why = String(failure),
    next = 'report it',
  } = failure as Partial<UserError>;
  const told = { error: { code, what, why, next } };
  return output === 'json'
    ? `${JSON.stringify(told, null, 2)}\n`
    : `${JSON.stringify({ type: 'error', ...told })}\n`;
}

/** Indented, and the message in one line, whoever wrote it. */
function describeStack(error: unknown): string {
  const { name, message, stack = '', cause } = error as Error;
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const lines = [`    ${name}: ${message}`, ...frames].map((line) => say`${line}\n`);
  return lines.join('') + (cause ? '  caused by:\n' + describeStack(cause) : '');
}
