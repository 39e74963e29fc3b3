// One framework, one order, one kind of answer: keeper and framework both go on working, and the shell ends as it should.
import assert from 'node:assert/strict';
import type { Framework } from './frameworks.ts';
import { isFish, isZsh, type Shell } from './shells.ts';
import { show, withoutCrossing } from './terminal.ts';

export interface Variant {
  readonly name: string;
  /** Where the framework stands in the startup file, seen from the keeper. */
  readonly order: 'before' | 'after';
  readonly answers: 'whole' | 'split';
}

export const variants: readonly Variant[] = (['after', 'before'] as const).flatMap((order) =>
  (['whole', 'split'] as const).map((answers) => ({
    name: `loaded ${order} the keeper, answers ${answers}`,
    order,
    answers,
  })),
);

export function outlive(shell: Shell, framework: Framework, { order, answers }: Variant): Promise<void> {
  const load = framework.load(shell);
  const isLate = framework.isLate === true;
  const common = { shell, answers, intervalSeconds: isLate ? 3 : 1 };
  const options =
    order === 'before'
      ? { ...common, before: `${patience(shell)}\n${load}` }
      : { ...common, before: patience(shell), after: load };
  return withoutCrossing(options, async (t) => {
    if (isLate && t.queries > 0) return 'crossed';
    // After the first command at the latest the keys are ours again.
    assert.equal(await t.ask('one'), 'one');
    await t.heartbeats(2);
    const from = t.screen.length;
    t.type(show('half'));
    await t.heartbeats(2);
    t.type('-typed\r');
    assert.equal(await t.answerTo(from), 'half-typed');
    if ((await framework.works(t)) === 'crossed') return 'crossed';
    await t.heartbeats(1);
    t.type('exit 7\r');
    // A job of ours would make the shell ask again.
    assert.equal(await t.exited(), 7);
    return 'shown';
  });
}

/** How long it waits for the next byte of a key: on a busy machine 30 ms may well become a second. */
function patience(shell: Shell): string {
  if (isFish(shell)) return 'set -g fish_escape_delay_ms 3000';
  return isZsh(shell) ? 'KEYTIMEOUT=300' : '';
}
