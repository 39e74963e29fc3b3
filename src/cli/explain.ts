import { hidePasswords, UserError } from '../errors.ts';
import type { Io } from '../terminal/io.ts';
import { safe } from '../terminal/safe-text.ts';

/** How to print a failure: the values of --output and --debug, as far as they were read before it. */
export interface Manner {
  output: string;
  isDebug: boolean;
}

/** Returns the exit status. Any error but a UserError is printed as a bug of ours. */
export function explain(failure: unknown, io: Io, { output, isDebug }: Manner): number {
  if (output !== 'table') io.out(describeAsJson(failure, output));
  if (failure instanceof UserError) {
    io.err(safe`ssm-keepalive: ${failure.what}\n  why:  ${failure.why}\n  next: ${failure.next}\n`);
    if (isDebug) io.err(describeStack(failure));
    return failure.exitStatus;
  }
  const why = (failure as Error | undefined)?.message ?? String(failure);
  io.err(
    safe`ssm-keepalive: this is a bug in ssm-keepalive, not in what you did\n  why:  ${hidePasswords(why)}\n  next: run it again with --debug and report what it prints\n`,
  );
  if (isDebug) io.err(describeStack(failure));
  return 1;
}

function describeAsJson(failure: unknown, output: string): string {
  const {
    code = 'bug',
    what = 'this is a bug in ssm-keepalive',
    why = hidePasswords(String(failure)),
    next = 'report it',
  } = failure as Partial<UserError>;
  const facts = { error: { code, what, why, next } };
  return output === 'json'
    ? `${JSON.stringify(facts, null, 2)}\n`
    : `${JSON.stringify({ type: 'error', ...facts })}\n`;
}

/** Indents the stack and keeps each message on one line. */
function describeStack(error: unknown): string {
  const { name, message, stack = '', cause } = error as Error;
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const lines = [`    ${name}: ${hidePasswords(message)}`, ...frames].map((line) => safe`${line}\n`);
  return lines.join('') + (cause ? '  caused by:\n' + describeStack(cause) : '');
}
