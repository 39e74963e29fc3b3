// How the prompt keeper behaves as a guest: seen by nobody, and gone with its shell.
import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { after, suite } from 'node:test';
import {
  childrenOf,
  commandLine,
  findHelpers,
  findHelpersOf,
  isRunning,
  stateOf,
} from '../support/processes.ts';
import { readRecord } from './support/record.ts';
import { isFish, isZsh, type Shell, shells, testInTurns, testWith } from './support/shells.ts';
import { inTerminal, Terminal, type TerminalOptions } from './support/terminal.ts';

const unset = (shell: Shell) => (isFish(shell) ? 'set -e __ssmka_kept' : 'unset __ssmka_kept');

const testRow = testInTurns('manners.test.ts', 8);

const inShell = (shell: Shell, name: string, body: (t: Terminal) => Promise<void>, more = {}) =>
  testRow([shell.command], `${shell.name}: ${name}`, () =>
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

const RECORD = 'v keeper state interval maxidle started lastkey lastanswer sent answered pts inner sid'.split(
  ' ',
);

/** How a shell's life ends, and what the helper must then do. */
const ends: readonly [what: string, end: (t: Terminal) => void][] = [
  ['the shell is killed', (t) => process.kill(t.pid, 'SIGKILL')],
  ['the shell becomes another program', (t) => t.type('exec sleep 1000\r')],
  ['the shell becomes another shell', (t) => t.type('exec dash\r')],
];

suite('prompt keeper: manners', { concurrency: 16 }, () => {
  for (const shell of shells) suite(shell.name, { concurrency: 1 }, () => testGuest(shell));

  for (const shell of shells) {
    for (const [what, end] of ends) {
      inShell(shell, `no helper is left when ${what}`, async (t) => {
        const helper = await t.helper();
        await t.outputs(1);
        end(t);
        await t.helperGone(helper);
      });
    }
  }

  for (const shell of shells) {
    inShell(shell, 'no helper is left when the terminal closes', async (t) => {
      const helper = await t.helper();
      t.hangUp();
      await t.helperGone(helper);
    });

    // Started by hand the helper is in a group of its own, in the background, where tostop counts.
    inShell(
      shell,
      'works under stty tostop',
      async (t) => {
        t.type(`${unset(shell)}; stty tostop; . "$__ssmka_dir/${shell.template}"\r`);
        await t.outputs(3);
      },
      { before: isFish(shell) ? 'set -g __ssmka_kept $fish_pid' : '__ssmka_kept=$$' },
    );
  }

  // The helper alone decides it, and is the same one below every shell.
  for (const shell of shells) {
    testRow(
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
  }

  for (const shell of shells) {
    if (process.getuid?.() === 0) {
      inShell(
        shell,
        'works for a user who may not open the terminal by name',
        async (t) => {
          await t.outputs(3);
          const byName = isFish(shell)
            ? '(sh -c "(true >\\$(tty)) 2>/dev/null || echo denied" <&1)'
            : '"$( (true >"$(tty)") 2>/dev/null || echo denied)"';
          if (!isFish(shell)) assert.equal(await t.ask(byName), 'denied');
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

    inShell(shell, 'sourced without a terminal or without a person it starts nothing', async (t) => {
      const first = await t.helper();
      const source = `${unset(shell)}; . "$__ssmka_dir/${shell.template}"`;
      if (isFish(shell)) {
        assert.equal(
          await t.ask(`(fish -c 'set -g __ssmka_dir $argv; ${source}; echo quiet' "$__ssmka_dir")`),
          'quiet',
        );
        t.type(`${source} >/dev/null; echo do''ne\r`);
        await t.see('done');
        assert.deepEqual(findHelpersOf(t.folder), [first]);
        return;
      }
      assert.equal(await t.ask(`"$(${source})"`), '', 'output is a pipe');
      // A helper without a terminal would go by itself, a second later: none must be there now.
      t.type(`(${source}) >/dev/null; echo do''ne\r`);
      await t.see('done');
      assert.deepEqual(findHelpersOf(t.folder), [first]);
      t.type(`(${source}) </dev/null\r`);
      // Right after a heartbeat: none crosses the start of cat.
      await t.outputs(1);
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
        t.hangUp();
        await t.helperGone(helper);
        // Gone by itself on some occasions: the terminal's end reaches it as well.
        for (const child of children.filter(isRunning)) process.kill(child, 'SIGKILL');
      },
      { before: isFish(shell) ? 'function ignored --on-signal HUP; end' : "trap '' HUP" },
    );
  }
});

/** What one terminal shows of all of it, from its first prompt to its end. */
function testGuest(shell: Shell): void {
  let opened: Terminal | undefined;
  const test = (name: string, body: (t: Terminal) => Promise<void>) =>
    testWith([shell.command], `${shell.name}: ${name}`, async () => {
      opened ??= new Terminal({
        shell,
        before: isFish(shell) ? '' : 'exec 9</dev/zero',
        env: { SECRET: 'SECRET' },
      });
      await opened.ready();
      await body(opened);
    });
  after(() => opened?.close());

  test('prints nothing, leaves one private name, no job and no $!', async (t) => {
    await t.outputs(1);
    // busybox greets on its own; ksh draws its prompt twice; zsh marks a line without an end, to write over it.
    const shown = t.screen.replace(/^\s*BusyBox .*\nEnter .*\n\n|^[#%] +/, '').replace(/[\s\x08]+/g, ' ');
    assert.match(shown, /^(⏎ +⏎ )?(@> ?){1,2}$/);
    if (isFish(shell)) {
      assert.equal(await t.ask('"$last_pid$status"'), '0');
      assert.equal(await t.ask('(jobs -q; or echo none)'), 'none');
    } else assert.equal(await t.ask('"$(jobs)$((${!:-0}))$?"'), '00');
    const names = isFish(shell) ? '(set -n | grep -c "^__ssmka_")' : '"$(set | grep -c "^__ssmka_")"';
    // __ssmka_dir of the entry, __ssmka_kept; zsh: which descriptor says that TMOUT is set, which widget came last.
    assert.equal(await t.ask(names), isZsh(shell) ? '4' : '2');
    assert.equal(
      await t.ask(isFish(shell) ? '(env | grep -c __ssmka_)' : '"$(env | grep -c __ssmka_)"'),
      '0',
    );
  });

  test('gets queries, and no byte that nobody sees', async (t) => {
    await t.outputs(3);
    assert.ok(!t.raw.includes('\0'));
  });

  test('a second source changes nothing', async (t) => {
    const first = await t.helper();
    t.type(`. "$__ssmka_dir/${shell.template}"; echo do''ne\r`);
    await t.see('done');
    await t.ticks(2);
    assert.deepEqual(findHelpers(t.pid), [first]);
  });

  test('the helper has the name of a keeper and keeps the record that status reads', async (t) => {
    const helper = await t.helper();
    assert.equal(readFileSync(`/proc/${helper}/comm`, 'utf8'), 'ssm-keepalive\n');
    let record: Record<string, string> = {};
    await t.until('a record of two heartbeats', () => {
      record = readRecord(helper) ?? record;
      return Number(record['sent']) >= 2 && Number(record['answered']) >= 1;
    });
    assert.deepEqual(Object.keys(record), RECORD);
    const now = Date.now() / 1000;
    for (const name of ['started', 'lastkey'])
      assert.ok(Math.abs(now - Number(record[name])) < 60, `${name}: ${record[name]}`);
    assert.deepEqual(
      [record['keeper'], record['state'], record['inner'], record['pts']],
      ['prompt', 'answering', String(t.pid), readlinkSync(`/proc/${t.pid}/fd/0`)],
    );
  });

  test('the helper can be recognised, holds no folder, no file and none of the environment', async (t) => {
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
      // Not the short one, with which it waits for an answer.
      childrenOf(helper).some((pid) => holdsOnly(pid, '/dev/null') && commandLine(pid)[1] !== '0.3'),
    );
    assert.doesNotMatch(readFileSync(`/proc/${helper}/environ`, 'utf8'), /SECRET|HOME|ENV=/);
    assert.throws(() => readlinkSync(`/proc/${helper}/fd/9`), 'a lock or pipe of the shell');
  });

  test('Ctrl-C, Ctrl-\\ and Ctrl-Z at the prompt do not end it', async (t) => {
    const helper = await t.helper();
    for (const key of ['\x03', '\x1c', '\x1a']) t.type(key);
    await t.outputs(2);
    assert.deepEqual(findHelpers(t.pid), [helper]);
  });

  test('a bare wait returns, exit warns of nothing, and no helper is left', async (t) => {
    const helper = await t.helper();
    const from = t.screen.length;
    t.type('wait; exit 7\r');
    assert.equal(await t.exited(), 7);
    assert.doesNotMatch(t.screen.slice(from), /job|stopped|running/i);
    await t.helperGone(helper);
  });
}
