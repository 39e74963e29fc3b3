// The helper under every shell that may be /bin/sh on an instance.
import assert from 'node:assert/strict';
import { suite } from 'node:test';
import type { PromptFile } from './support/render.ts';
import { findCommand, isFish, type Shell, shells, testInTurns } from './support/shells.ts';
import { inTerminal, type Terminal } from './support/terminal.ts';

/** Commands whose link named `sh` behaves as the /bin/sh of some distribution. */
const helperShells = ['dash', 'bash', 'busybox', 'ksh', 'mksh'] as const;

/** The file this shell starts from must exist before the keeper is sourced, so the startup file makes the link. */
const linkTo = (command: string) => `ln -s '${findCommand(command) ?? command}' "$HOME/sh"`;
const useLink = (file: PromptFile, text: string) =>
  file === 'prompt-helper.sh' ? text : text.replace('/bin/sh ', '"$HOME/sh" ');

const kinds = [
  ...new Map(
    shells.filter((shell) => !isFish(shell)).map((shell): [string, Shell] => [shell.template, shell]),
  ).values(),
];

const testRow = testInTurns('helper.test.ts', 6);

suite('prompt helper', { concurrency: 16 }, () => {
  for (const command of helperShells) {
    for (const shell of kinds) {
      const named = `helper in ${command}, shell ${shell.name}`;
      const inShell = (name: string, body: (t: Terminal) => Promise<void>) =>
        testRow([command, shell.command], `${named}: ${name}`, () =>
          inTerminal({ shell, before: linkTo(command), edit: useLink }, body),
        );

      // ksh sleeps without a process, so its waking cannot be seen from outside.
      if (command !== 'ksh')
        inShell('beats at the prompt, not in cat, and is gone after exit', async (t) => {
          const helper = await t.helper();
          await t.outputs(6);
          t.type("printf 'start%s ' ed; cat >caught\r");
          await t.see('started ');
          await t.ticks(1);
          const before = t.queries;
          await t.ticks(2);
          assert.equal(t.queries, before);
          t.type('typed\r\x04');
          assert.equal(await t.ask('"$(cat caught)"'), 'typed');
          await t.outputs(1);
          t.type('exit\r');
          await t.exited();
          await t.helperGone(helper);
        });

      inShell('prints nothing and is one process', async (t) => {
        await t.outputs(2);
        await t.helper();
        assert.match(t.screen.trim(), /^(.*@> ?){1,2}$/s);
        assert.doesNotMatch(t.screen, /\[1\]|error|not found/);
      });
    }
  }
});
