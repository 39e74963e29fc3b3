// How the prompt keeper behaves as a guest: seen by nobody, and gone with its shell.
import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { suite } from 'node:test';
import { childrenOf, commandLine, findHelpers, findHelpersOf, stateOf } from './support/processes.ts';
import { type Shell, shells, testWith } from './support/shells.ts';
import { inTerminal, Terminal, type TerminalOptions } from './support/terminal.ts';

const inShell = (shell: Shell, name: string, body: (t: Terminal) => Promise<void>, more = {}) =>
  testWith([shell.command], `${shell.name}: ${name}`, () =>
    inTerminal({ shell, ...more } as TerminalOptions, body),
  );

function holdsOnly(pid: number, path: string): boolean {
  try {
    return ['0', '1', '2'].every((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === path);
  } catch {
    // It has ended meanwhile; the next one will do.
    return false;
  }
}

/** How a shell's life ends, and what the helper must then do. */
const ends: Readonly<Record<string, (t: Terminal) => void>> = {
  'the shell exits': (t) => t.type('exit\r'),
  'the shell is killed': (t) => process.kill(t.pid, 'SIGKILL'),
  'the shell becomes another program': (t) => t.type('exec sleep 1000\r'),
  'the shell becomes another shell': (t) => t.type('exec dash\r'),
};

suite('prompt keeper: manners', { concurrency: 40 }, () => {
  for (const shell of shells) {
    inShell(shell, `gets ${shell.keeper === 'query' ? 'queries' : 'NUL bytes and no query'}`, async (t) => {
      await t.outputs(shell.keeper, 3);
      assert.equal(shell.keeper === 'query' ? t.nuls : t.queries, 0);
    });

    inShell(shell, 'prints nothing, leaves one private name, no job and no $!', async (t) => {
      await t.outputs(shell.keeper, 1);
      // busybox greets on its own; ksh draws its prompt twice.
      const shown = t.screen.replace(/^\s*BusyBox .*\nEnter .*\n\n/, '').replace(/[\s\x08]+/g, ' ');
      assert.match(shown, /^(@> ?){1,2}$/);
      assert.equal(await t.ask('"$(jobs)${!-}$?"'), '0');
      assert.equal(
        await t.ask('"$(set | grep -c "^__ssmka_")"'),
        '2',
        '__ssmka_dir of the entry, __ssmka_kept',
      );
      assert.equal(await t.ask('"$(env | grep -c __ssmka_)"'), '0');
    });

    inShell(shell, 'a bare wait returns and exit warns of nothing', async (t) => {
      await t.outputs(shell.keeper, 1);
      t.type('wait; exit 7\r');
      assert.equal(await t.exited(), 7);
      assert.doesNotMatch(t.screen, /job|stopped|running/i);
    });

    inShell(shell, 'a second source changes nothing', async (t) => {
      const first = await t.helper();
      t.type(`. "$__ssmka_dir/${shell.template}"; echo do''ne\r`);
      await t.see('done');
      await t.ticks(2);
      assert.deepEqual(findHelpers(t.pid), [first]);
    });

    for (const [what, end] of Object.entries(ends)) {
      inShell(shell, `no helper is left when ${what}`, async (t) => {
        const helper = await t.helper();
        await t.outputs(shell.keeper, 1);
        end(t);
        await t.helperGone(helper);
      });
    }

    inShell(shell, 'no helper is left when the terminal closes', async (t) => {
      const helper = await t.helper();
      (t.pty as unknown as { destroy(): void }).destroy();
      await t.helperGone(helper);
    });

    testWith(
      [shell.command],
      `${shell.name}: a killed shell that nobody has reaped counts as gone`,
      async () => {
        // The outer sh is stopped, so the inner shell stays a zombie.
        const wrap = (argv: readonly string[]) => ['sh', '-c', '"$@"; :', 'sh', ...argv];
        const t = new Terminal({ shell, wrap });
        try {
          await t.ready();
          const inner = childrenOf(t.pid)[0]!;
          await t.until('helper of the inner shell', () => findHelpers(inner).length === 1);
          const helper = findHelpers(inner)[0]!;
          process.kill(t.pid, 'SIGSTOP');
          await t.until('a stopped parent', () => stateOf(t.pid) === 'T');
          process.kill(inner, 'SIGKILL');
          await t.helperGone(helper);
          assert.equal(stateOf(inner), 'Z');
        } finally {
          await t.close();
        }
      },
    );

    inShell(
      shell,
      'the helper can be recognised, holds no folder, no file and none of the environment',
      async (t) => {
        const helper = await t.helper();
        assert.deepEqual(commandLine(helper).slice(0, 5), [
          '/bin/sh',
          `${t.folder}/prompt-helper.sh`,
          String(t.pid),
          '1',
          '28800',
        ]);
        assert.equal(readlinkSync(`/proc/${helper}/cwd`), '/');
        await t.until('its sleep, which does not hold the terminal', () =>
          childrenOf(helper).some((pid) => holdsOnly(pid, '/dev/null')),
        );
        assert.doesNotMatch(readFileSync(`/proc/${helper}/environ`, 'utf8'), /SECRET|HOME|ENV=/);
        assert.throws(() => readlinkSync(`/proc/${helper}/fd/9`), 'a lock or pipe of the shell');
      },
      { before: 'exec 9</dev/zero', env: { SECRET: 'SECRET' } },
    );

    inShell(shell, 'Ctrl-C, Ctrl-\\ and Ctrl-Z at the prompt do not end it', async (t) => {
      const helper = await t.helper();
      for (const key of ['\x03', '\x1c', '\x1a']) t.type(key);
      await t.outputs(shell.keeper, 2);
      assert.deepEqual(findHelpers(t.pid), [helper]);
    });

    // Started by hand the helper is in a group of its own, in the background, where tostop counts.
    inShell(
      shell,
      'works under stty tostop',
      async (t) => {
        t.type(`unset __ssmka_kept; stty tostop; . "$__ssmka_dir/${shell.template}"\r`);
        await t.outputs(shell.keeper, 3);
      },
      { before: '__ssmka_kept=$$' },
    );

    if (process.getuid?.() === 0) {
      inShell(
        shell,
        'works for a user who may not open the terminal by name',
        async (t) => {
          await t.outputs(shell.keeper, 3);
          assert.equal(await t.ask('"$( (true >"$(tty)") 2>/dev/null || echo denied)"'), 'denied');
        },
        {
          wrap: (argv: readonly string[]) => [
            'setpriv',
            '--reuid=65534',
            '--regid=65534',
            '--clear-groups',
            ...argv,
          ],
        },
      );
    }
  }

  for (const shell of shells) {
    inShell(shell, 'sourced without a terminal or without a person it starts nothing', async (t) => {
      const first = await t.helper();
      const source = `unset __ssmka_kept; . "$__ssmka_dir/${shell.template}"`;
      assert.equal(await t.ask(`"$(${source})"`), '', 'output is a pipe');
      // A helper without a terminal would go by itself, a second later: none must be there now.
      t.type(`(${source}) >/dev/null; echo do''ne\r`);
      await t.see('done');
      assert.deepEqual(findHelpersOf(t.folder), [first]);
      t.type(`(${source}) </dev/null\r`);
      const start = `${shell.command === 'busybox' ? 'busybox sh' : shell.command} -c`;
      t.type(`${start} '__ssmka_dir=$0; ${source}; cat; :' "$__ssmka_dir"\r`);
      await t.ticks(2);
      assert.deepEqual(findHelpersOf(t.folder), [first]);
      t.type('\x04');
      assert.equal(await t.ask('"$__ssmka_kept"'), String(t.pid));
    });

    inShell(
      shell,
      'goes when the terminal closes, though the shell lives on',
      async (t) => {
        const helper = await t.helper();
        t.type("printf 'start%s ' ed; sleep 1000\r");
        await t.see('started ');
        const children = childrenOf(t.pid);
        (t.pty as unknown as { destroy(): void }).destroy();
        await t.helperGone(helper);
        for (const child of children) process.kill(child, 'SIGKILL');
      },
      { before: "trap '' HUP" },
    );
  }
});
