import { type Failure, UserError } from '../errors.ts';
import type { Io } from '../terminal/io.ts';
import { say } from '../terminal/safe-text.ts';

interface Refusals {
  /** If there is no terminal; `why` says why the question is needed, or is empty. */
  readonly unasked: Omit<Failure, 'code'>;
  /** If the answer was not yes. */
  readonly refused: Omit<Failure, 'code' | 'why'>;
}

/** Asks the person at the terminal. @throws UserError unless the answer is yes */
export async function requireYes(io: Io, question: string, { unasked, refused }: Refusals): Promise<void> {
  const code = 'not-confirmed';
  if (!io.ask) {
    const why = [unasked.why, 'there is no terminal to ask on'].filter(Boolean).join(', and ');
    throw new UserError({ code, ...unasked, why }, { exitStatus: 2 });
  }
  const answer = await io.ask(say`ssm-keepalive: ${question}: `);
  if (answer.trim().toLowerCase() === 'yes') return;
  throw new UserError({ code, ...refused, why: 'the answer was not yes' });
}
