// The keeper starts in whatever state profiles have left the shell in, and changes nothing of it.
import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { findHelpers } from '../support/processes.ts';
import type { PromptFile } from './support/render.ts';
import { isBash, isFish, isZsh, type Shell, shells, testInTurns, testWith } from './support/shells.ts';
import { inTerminal, type Terminal } from './support/terminal.ts';

interface State {
  readonly name: string;
  /** Absent: every shell but fish, whose syntax is another. */
  readonly only?: (shell: Shell) => boolean;
  readonly before: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What must still hold with the keeper running. */
  readonly holds?: (t: Terminal, shell: Shell) => Promise<void>;
}

const isPosix = (shell: Shell) => !isFish(shell);
const isShOrBash = (shell: Shell) => isPosix(shell) && !isZsh(shell);
/** ksh sets IFS back by itself after its startup file. */
const keepsIfs = (shell: Shell) => shell.name !== 'ksh' && isPosix(shell);
const prints = (words: string, expected: string) => async (t: Terminal) =>
  assert.equal(await t.ask(words), expected);

const states: readonly State[] = [
  { name: 'set -u', before: 'set -u', holds: prints('"${-##*u*}"', '') },
  {
    name: 'set -e',
    before: 'set -e',
    only: (shell) => shell.name !== 'mksh' && isPosix(shell),
    holds: prints('"${-##*e*}"', ''),
  },
  { name: 'set -f', only: isShOrBash, before: 'set -f', holds: prints('*', '*') },
  { name: 'noclobber', before: 'set -C' },
  {
    name: 'set -a, without exporting a name of its own',
    only: (shell) => isBash(shell) || isZsh(shell),
    before: 'set -a',
    holds: prints('"$(sh -c "echo \\${__ssmka_kept-none}")"', 'none'),
  },
  { name: 'an odd IFS', only: keepsIfs, before: "IFS='/ -1s'", holds: prints('"$IFS"', '/ -1s') },
  { name: 'a readonly IFS', only: keepsIfs, before: 'IFS=:; readonly IFS', holds: prints('"$IFS"', ':') },
  // zsh with TMOUT: idle.test.ts.
  {
    name: 'a readonly TMOUT',
    only: isShOrBash,
    before: 'TMOUT=600; readonly TMOUT',
    holds: prints('"$TMOUT"', '600'),
  },
  { name: 'no HOME and no PATH', before: 'unset HOME; OLD=$PATH; PATH=/nowhere' },
  {
    name: 'functions of the same names as commands',
    before: ['read', 'printf', 'stty', 'sleep', 'ls', 'env', 'kill']
      .map((name) => `${name}() { echo BAD; }`)
      .join('\n'),
    holds: async (t) => assert.doesNotMatch(t.screen, /BAD/),
  },
  {
    name: 'aliases of the same names as commands',
    before: ['read', 'unset', 'bind', 'export', 'env', 'sh', 'stty', 'sleep']
      .map((name) => `alias ${name}='echo BAD'`)
      .join('\n'),
    holds: async (t) => assert.doesNotMatch(t.screen, /BAD/),
  },
  {
    name: 'exported functions',
    only: isBash,
    before: 'for f in read printf stty sleep cd trap; do eval "$f() { echo BAD; }; export -f $f"; done',
    holds: async (t) => assert.doesNotMatch(t.screen, /BAD/),
  },
  {
    name: 'an EXIT and an INT trap',
    before: "trap 'echo BYE' EXIT; trap 'echo INT' INT",
    holds: async (t) => {
      assert.doesNotMatch(t.screen, /BYE|INT/);
      t.type('exit\r');
      await t.exited();
      assert.equal(t.screen.match(/BYE/g)?.length, 1);
    },
  },
  {
    name: 'DEBUG and ERR traps',
    only: isBash,
    before: "set -T; trap 'last=$BASH_COMMAND' DEBUG; trap 'echo ERR' ERR",
    holds: async (t) => {
      assert.doesNotMatch(t.screen, /ERR/);
      assert.match(await t.ask('"$(trap -p DEBUG ERR)"'), /last=\$BASH_COMMAND.*echo ERR/s);
    },
  },
  {
    name: 'PROMPT_COMMAND as a string',
    only: isBash,
    before: "PROMPT_COMMAND='prompts=$((prompts + 1))'",
    holds: async (t) => {
      assert.equal(await t.ask('"$prompts $PROMPT_COMMAND"'), '1 prompts=$((prompts + 1))');
      await t.heartbeats(2);
      assert.equal(await t.ask('"$prompts"'), '2', 'an answer is no prompt');
    },
  },
  {
    name: 'PROMPT_COMMAND as an array',
    only: isBash,
    before: 'PROMPT_COMMAND=("first=1" "second=2")',
    holds: prints('"$first$second ${#PROMPT_COMMAND[@]}"', '12 2'),
  },
  // Audit hooks. Child shells have one that is exported; nobody can unset one that is readonly.
  ...(
    [
      ['exported', 'export', 'x', 1],
      ['readonly', 'readonly', 'r', 0],
    ] as const
  ).map(([kind, builtin, flag, inherited]) => ({
    name: `a PROMPT_COMMAND that is ${kind}`,
    only: isBash,
    before: `${builtin} PROMPT_COMMAND='prompts=$((prompts + 1))'`,
    holds: async (t: Terminal) => {
      assert.equal(
        await t.ask('"$prompts $(declare -p PROMPT_COMMAND) $(env | grep -c ^PROMPT_COMMAND=prompts=)"'),
        `1 declare -${flag} PROMPT_COMMAND="prompts=\\$((prompts + 1))" ${inherited}`,
      );
      assert.doesNotMatch(t.screen, /cannot unset|command not found/);
    },
  })),
  {
    name: 'HISTCONTROL, HISTIGNORE and a history that each prompt appends to',
    only: isBash,
    before: `HISTCONTROL=ignoreboth HISTIGNORE='ls*'; shopt -s histappend; PROMPT_COMMAND='history -a'`,
    holds: async (t) => {
      t.type(' : hidden\r: once');
      await t.heartbeats(1);
      t.type('\r: once\rls -d /\r');
      await t.heartbeats(1);
      assert.equal(await t.ask('"$(tr "\\n" ";" <"$HISTFILE")"'), ': once;');
    },
  },
  {
    name: 'an IFS, PATH and TMOUT in the environment',
    only: isShOrBash,
    before: ':',
    env: { IFS: 'abc', TMOUT: '600', BASH_ENV: '/nowhere' },
  },
  {
    name: 'a background job of the user',
    before: 'sleep 1000 & job=$!',
    holds: prints('"$((job - $!))$(kill $job; kill -KILL $job)"', '0'),
  },
  {
    name: 'ZERR and DEBUG traps, options and hooks of zsh',
    only: isZsh,
    before: `setopt errreturn ksharrays shwordsplit noclobber
      trap 'echo ERR' ZERR; trap ': "$ZSH_DEBUG_CMD"' DEBUG; alias -g G=BAD; alias local=BAD builtin=BAD
      precmd() { prompts=$((prompts + 1)); }`,
    holds: async (t) => {
      await t.heartbeats(2);
      assert.equal(await t.ask('"$prompts"'), '1', 'an answer is no prompt');
      assert.doesNotMatch(t.screen, /ERR|BAD/);
    },
  },
  {
    name: 'functions and aliases of fish',
    only: isFish,
    before: ['true', 'env', 'sh', 'stty', 'sleep', 'cat']
      .map((name) => `function ${name}; echo BAD; end`)
      .join('\n'),
    holds: async (t) => assert.doesNotMatch(t.screen, /BAD/),
  },
  {
    name: 'event handlers and a prompt with a status in fish',
    only: isFish,
    before: 'function each --on-event fish_prompt; set -g prompts (math 0$prompts + 1); end; false',
    holds: async (t) => {
      await t.heartbeats(2);
      assert.equal(await t.ask('"$prompts"'), '1', 'an answer is no prompt');
    },
  },
  {
    name: 'no HOME and no PATH in fish',
    only: isFish,
    before: 'set -e HOME; set -g PATH /nowhere',
  },
  { name: 'a folder that is gone', before: 'mkdir gone; cd gone; rmdir "$PWD"' },
  {
    name: 'an exit status, and that of the keeper is 0',
    before: 'false',
    holds: async (t) => assert.doesNotMatch(t.screen, /error|not found/),
  },
];

const breakHelper = (file: PromptFile, text: string) =>
  file === 'prompt-helper.sh' ? 'echo BROKEN >&2; exit 3\n' : text;

const testRow = testInTurns('startup.test.ts', 4);

suite('prompt keeper: start', { concurrency: 16 }, () => {
  for (const { name, only, before, env = {}, holds } of states) {
    for (const shell of shells.filter(only ?? isPosix)) {
      testRow([shell.command], `${shell.name}: starts and prints nothing under ${name}`, () =>
        inTerminal({ shell, before, env }, async (t) => {
          await t.outputs(2);
          assert.doesNotMatch(t.screen, /unbound|parameter|readonly|denied|restricted|ssmka/);
          await holds?.(t, shell);
        }),
      );
    }
  }

  for (const shell of shells) {
    // Whatever breaks, the user gets a working shell.
    testRow(
      [shell.command],
      `${shell.name}: a helper that fails leaves a plain shell, also under set -e`,
      () =>
        inTerminal({ shell, before: isFish(shell) ? '' : 'set -e', edit: breakHelper }, async (t) => {
          assert.equal(await t.ask('fine'), 'fine');
          assert.equal(t.queries, 0);
        }),
    );
  }

  testWith(['zsh'], 'zsh: under set -x the trace of a prompt shows its name and nothing it does', () =>
    inTerminal({ shell: shells.find(isZsh)! }, async (t) => {
      assert.equal(await t.ask('on; set -x'), 'on');
      const from = t.screen.length;
      assert.equal(await t.ask('ok'), 'ok');
      await t.heartbeats(2);
      assert.doesNotMatch(t.screen.slice(from), /bindkey|zle -|sysopen/);
    }),
  );

  for (const shell of shells) {
    // fish has neither a restricted mode nor a way to go without its line editor.
    if (isFish(shell)) continue;
    testRow([shell.command], `${shell.name}: starts in a restricted shell`, () =>
      inTerminal({ shell, wrap: (argv) => [...argv, '-r'] }, async (t) => {
        await t.heartbeats(2);
        t.type('cd /\r');
        await t.see('restricted');
      }),
    );

    testRow([shell.command], `${shell.name}: without a line editor there is no keeper`, () =>
      inTerminal(
        { shell, wrap: ([name = '', ...rest]) => [name, isZsh(shell) ? '+Z' : '--noediting', ...rest] },
        async (t) => {
          assert.equal(await t.ask('there'), 'there');
          assert.deepEqual([t.queries, findHelpers(t.pid)], [0, []]);
          assert.doesNotMatch(t.screen, /warning/);
        },
      ),
    );
  }
});
