import { UsageError } from '../../errors.ts';
import { nearestName } from '../../nearest.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import type { Command } from '../command.ts';
import { SCRIPTS } from './scripts.ts';

/** Prints the script that makes a shell complete this program's command lines. */
export const completion: Command = async (_settings, io, { words }) => {
  const [word = ''] = words;
  const shells = Object.keys(SCRIPTS) as (keyof typeof SCRIPTS)[];
  const shell = shells.find((known) => known === word);
  if (shell !== undefined) {
    io.out(SCRIPTS[shell]);
    return 0;
  }
  const nearest = nearestName(word, shells);
  throw new UsageError({
    what: word
      ? `there is no completion for ${JSON.stringify(word)}`
      : 'completion needs to know for which shell',
    why: `expected one of ${shells.join(', ')}`,
    next: nearest
      ? quoteCommand`did you mean  ssm-keepalive completion ${nearest}`
      : 'run  ssm-keepalive completion --help',
  });
};
