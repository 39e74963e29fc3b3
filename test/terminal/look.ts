/** A command in the test's own process, before a terminal and before a pipe: whatever it says is text. */
import assert from 'node:assert/strict';
import { run } from '../../src/cli/run.ts';
import { makeEnvironment, makeIo, USER_ENV, variablesOfRun } from '../support/cli.ts';
import { HurriedClock } from '../support/clock.ts';
import { checkRows, checkShown } from './hostile.ts';

interface Seen {
  readonly words: readonly string[];
  readonly variables: Record<string, string>;
  readonly folder: string;
}

/** What stands before the command line. */
export const WAYS = ['terminal', 'pipe'] as const;

/** What is for programs, to be copied, or of the lab's own user: no line of it is cut. */
const WHOLE = ['ndjson', 'render', 'policy', '__complete', 'lab', '--no-wait'];

/** As in a terminal of 80 columns with somebody who says no, and as in a pipe, 70 columns wide; all that was said, and checked. */
export async function look(
  { words, variables, folder }: Seen,
  where: string,
  ways: readonly (typeof WAYS)[number][] = WAYS,
  maySayNothing = false,
): Promise<string> {
  let all = '';
  for (const isTerminal of ways.map((way) => way === 'terminal')) {
    const said = { out: '', err: '' };
    const io = makeIo({
      clock: new HurriedClock(1000),
      hasColor: isTerminal,
      columns: isTerminal ? 80 : 70,
      ...(isTerminal ? { outColumns: 80, errColumns: 80 } : {}),
      out: (text) => {
        said.out += text;
      },
      err: (text) => {
        said.err += text;
      },
      ...(isTerminal
        ? {
            ask: async (question: string) => {
              // The newline is that of whoever answers.
              said.err += `${question}no\n`;
              return 'no';
            },
          }
        : {}),
    });
    const env = { ...USER_ENV, ...variables };
    await variablesOfRun.run(env, () => run(words, io, makeEnvironment({ variables: env, folder })));
    const shown = said.out + said.err;
    assert.ok(maySayNothing || shown !== '', `${where}: nothing was said`);
    checkShown(shown, where, isTerminal);
    if (isTerminal && !words.some((word) => WHOLE.includes(word))) checkRows(shown, where);
    all += shown;
  }
  return all;
}
