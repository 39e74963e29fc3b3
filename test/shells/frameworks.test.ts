// Frameworks beside the keeper: what Debian has is the real thing, what cannot be had is a stand-in that says so.
import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { debianFrameworks } from './support/frameworks.ts';
import { outlive, variants } from './support/outlive.ts';
import { isBash, isFish, shells, testInTurns } from './support/shells.ts';
import { standIns } from './support/stand-ins.ts';
import { inTerminal, show } from './support/terminal.ts';

const testRow = testInTurns('frameworks.test.ts', 13);

suite('prompt keeper: frameworks', { concurrency: 16 }, () => {
  for (const framework of [...debianFrameworks, ...standIns]) {
    for (const shell of shells.filter(framework.only)) {
      for (const variant of variants) {
        const name = `${shell.name}: ${framework.name}, ${variant.name}`;
        testRow([shell.command, ...framework.needs], name, () => outlive(shell, framework, variant));
      }
    }
  }

  for (const shell of shells) {
    if (isBash(shell)) continue;
    testRow(
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
