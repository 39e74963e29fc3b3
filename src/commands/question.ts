import { type Failure, UserError } from '../errors.ts';
import type { Io } from '../terminal/io.ts';
import { safe } from '../terminal/safe-text.ts';

interface Refusals {
  /** If there is no terminal; `why` says why the question is needed, or is empty. */
  readonly withoutTerminal: Omit<Failure, 'code'>;
  /** If the answer was not yes. */
  readonly refused: Omit<Failure, 'code' | 'why'>;
}

/** Asks the person at the terminal. @throws UserError unless the answer is yes */
export async function requireYes(
  io: Io,
  question: string,
  { withoutTerminal, refused }: Refusals,
): Promise<void> {
  const code = 'not-confirmed';
  if (!io.ask) {
    const why = [withoutTerminal.why, 'there is no terminal to ask on'].filter(Boolean).join(', and ');
    throw new UserError({ code, ...withoutTerminal, why }, { exitStatus: 2 });
  }
  const answer = await io.ask(safe`ssm-keepalive: ${question}: `);
  if (answer.trim().toLowerCase() === 'yes') return;
  throw new UserError({ code, ...refused, why: 'the answer was not yes' });
}
