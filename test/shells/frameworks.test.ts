// Frameworks beside the keeper: what Debian has is the real thing, what cannot be had is a stand-in that says so.
import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { rotate } from '../support/turns.ts';
import { debianFrameworks } from './support/frameworks.ts';
import { outlive, variants } from './support/outlive.ts';
import { isBash, isFish, rotateFamilies, shells, testWith } from './support/shells.ts';
import { standIns } from './support/stand-ins.ts';
import { inTerminal, show } from './support/terminal.ts';

suite('prompt keeper: frameworks', { concurrency: 16 }, () => {
  for (const [turn, framework] of [...debianFrameworks, ...standIns].entries()) {
    for (const shell of rotateFamilies(shells.filter(framework.only), turn)) {
      for (const variant of rotate(variants, turn)) {
        const name = `${shell.name}: ${framework.name}, ${variant.name}`;
        testWith([shell.command, ...framework.needs], name, () => outlive(shell, framework, variant));
      }
    }
  }

  for (const shell of shells) {
    if (isBash(shell)) continue;
    testWith(
      [shell.command],
      `${shell.name}: a user who rebinds or erases our key has it back at the next prompt`,
      () =>
        inTerminal({ shell }, async (t) => {
          await t.heartbeats(1);
          const erase = isFish(shell) ? 'bind --erase --all' : "bindkey -r '\\e[0n'; zle -D __ssmka_swallow";
          assert.equal(await t.ask(`gone; ${erase}`), 'gone');
          await t.heartbeats(1);
          const from = t.screen.length;
          t.type(show('half'));
          await t.heartbeats(2);
          t.type('-typed\r');
          assert.equal(await t.answerTo(from), 'half-typed');
        }),
    );
  }
});
