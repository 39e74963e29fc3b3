// What someone is typing must be exactly as without the keeper, whatever the line editor is in the middle of.
import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { isBash, isFish, isZsh, type Shell, shells, testInTurns } from './support/shells.ts';
import { inTerminal, show, type Terminal } from './support/terminal.ts';

interface Scenario {
  readonly name: string;
  /** Absent: every shell whose syntax the keys have, that is all but fish. */
  readonly only?: (shell: Shell) => boolean;
  readonly prepare?: (t: Terminal) => Promise<void>;
  /** What is typed; `beat` waits for a heartbeat and its answer. */
  readonly keys: (t: Terminal, beat: () => Promise<void>) => Promise<void>;
  readonly printed: string;
}

const up = '\x1b[A';
const left = '\x1b[D';

const rememberTwo = async (t: Terminal): Promise<void> => {
  for (const word of ['h1', 'h2']) assert.equal(await t.ask(word), word);
};

const isAny = () => true;

const makeThree = async (t: Terminal): Promise<void> => {
  t.type(`touch beta1 beta2 beta3; ${show('made')}\r`);
  await t.see('=[made]=');
};

const anyMode: readonly Scenario[] = [
  {
    name: 'a half-typed line and its cursor',
    only: isAny,
    keys: async (t, beat) => {
      t.type(`${show('abc')}${left}${left}`);
      await beat();
      t.type('X');
      await beat();
      t.type('Y\r');
    },
    printed: 'aXYbc',
  },
  {
    name: 'a quote left open over two lines',
    only: isAny,
    keys: async (t, beat) => {
      t.type(`${show('"one')}\r`);
      await beat();
      t.type('two"');
      await beat();
      t.type('\r');
    },
    printed: 'one\ntwo',
  },
  {
    name: 'a here-document',
    keys: async (t, beat) => {
      t.type(`x=$(cat <<E\r`);
      await beat();
      t.type(`${'body'}\rE\r)\r${show('"$x"')}\r`);
    },
    printed: 'body',
  },
  {
    name: 'a pasted text of two lines',
    only: isAny,
    keys: async (t, beat) => {
      t.type(`\x1b[200~${show('"p1\rp2')}\x1b[201~`);
      await beat();
      t.type('"\r');
    },
    printed: 'p1\np2',
  },
  {
    name: '$? and PIPESTATUS',
    only: isBash,
    keys: async (t, beat) => {
      t.type('(exit 5) | true | (exit 3)\r');
      await beat();
      await beat();
      t.type(`${show('"$? ${PIPESTATUS[*]}"')}\r`);
    },
    printed: '3 5 0 3',
  },
  {
    name: '$? and pipestatus',
    only: isZsh,
    keys: async (t, beat) => {
      t.type('(exit 5) | true | (exit 3)\r');
      await beat();
      await beat();
      t.type(`${show('"$? ${pipestatus[*]}"')}\r`);
    },
    printed: '3 5 0 3',
  },
  {
    name: '$status and $pipestatus',
    only: isFish,
    keys: async (t, beat) => {
      t.type('sh -c "exit 5" | true | sh -c "exit 3"\r');
      await beat();
      await beat();
      t.type(`${show('"$status $pipestatus"')}\r`);
    },
    printed: '3 5 0 3',
  },
  {
    name: '$last_pid of a job of the user',
    only: isFish,
    keys: async (t, beat) => {
      t.type('/bin/true & set a $last_pid; wait\r');
      await beat();
      t.type(`${show('(math $a - $last_pid)')}\r`);
    },
    printed: '0',
  },
  {
    name: 'a block over three lines',
    only: isFish,
    keys: async (t, beat) => {
      t.type('begin\r');
      await beat();
      t.type(`${show('block')}\r`);
      await beat();
      t.type('end\r');
    },
    printed: 'block',
  },
  {
    name: '$_ and $!',
    keys: async (t, beat) => {
      t.type(': some word\r');
      await beat();
      // No job yet: zsh says 0.
      t.type(`${show('"$_ $((${!:-0}))"')}\r`);
    },
    printed: 'word 0',
  },
  {
    name: '$! of a job of the user',
    keys: async (t, beat) => {
      t.type('true & a=$!; wait\r');
      await beat();
      t.type(`${show('"$((a - $!))"')}\r`);
    },
    printed: '0',
  },
];

const emacs: readonly Scenario[] = [
  {
    name: 'a walk through history',
    only: isAny,
    prepare: rememberTwo,
    keys: async (t, beat) => {
      t.type(up);
      await beat();
      t.type(up);
      await beat();
      t.type('\x05+\r');
    },
    printed: 'h1+',
  },
  {
    name: 'a line edited in history and left again',
    only: isAny,
    keys: async (t, beat) => {
      t.type(`${show('draft')}`);
      await beat();
      t.type(up);
      await beat();
      t.type('\x1b[B\r');
    },
    printed: 'draft',
  },
  {
    name: 'a completion list',
    only: isBash,
    keys: async (t, beat) => {
      t.type('touch alpha1 alpha2; clear\r');
      await beat();
      t.type(`${show('alp')}\t`);
      await t.see(/alpha$/);
      t.type('\t\t');
      await t.see(/alpha1\s+alpha2/);
      await beat();
      t.type('1\r');
    },
    printed: 'alpha1',
  },
  {
    name: 'a chain of M-.',
    only: (shell) => !isFish(shell),
    keys: async (t, beat) => {
      t.type(': a1 a2\r: b1 b2\r');
      await beat();
      t.type(`${show('')}\x1b.`);
      await beat();
      t.type('\x1b.');
      await beat();
      t.type('\r');
    },
    printed: 'a2',
  },
  {
    name: 'killed text',
    only: isAny,
    keys: async (t, beat) => {
      t.type(`${show('')}cut\x17`);
      await beat();
      t.type('\x19');
      await beat();
      t.type('\r');
    },
    printed: 'cut',
  },
];

/** What only the keeper of zsh and of fish can do: in bash these are limits. */
const emacsOnly: readonly Scenario[] = [
  {
    name: 'a completion menu',
    only: isZsh,
    prepare: makeThree,
    keys: async (t, beat) => {
      t.type(`${show('bet')}\t`);
      for (const key of ['\t', '\t', '\t', '\r']) {
        await beat();
        t.type(key);
      }
    },
    printed: 'beta2',
  },
  {
    name: 'a completion pager',
    only: isFish,
    prepare: makeThree,
    keys: async (t, beat) => {
      t.type(`${show('bet')}\t`);
      // Enter takes what is chosen, and the next one runs the line.
      for (const key of ['\t', '\t', '\r', '\r']) {
        await beat();
        t.type(key);
      }
    },
    printed: 'beta2',
  },
  {
    name: 'a search in history, which goes on',
    only: isFish,
    prepare: rememberTwo,
    keys: async (t, beat) => {
      t.type('\x12');
      for (const key of ['h', '1', '\r', '\r']) {
        await beat();
        t.type(key);
      }
    },
    printed: 'h1',
  },
  {
    name: 'a chain of M-., which takes word by word',
    only: isFish,
    keys: async (t, beat) => {
      t.type(': b1 b2\r');
      await beat();
      t.type(`${show('')}\x1b.`);
      await beat();
      t.type('\x1b.');
      await beat();
      t.type('\r');
    },
    printed: 'b1',
  },
  {
    name: 'a numeric argument',
    only: isZsh,
    keys: async (t, beat) => {
      t.type(`${show('')}\x1b3`);
      await beat();
      t.type('x\r');
    },
    printed: 'xxx',
  },
  {
    name: 'a search, which goes on',
    only: isZsh,
    prepare: rememberTwo,
    keys: async (t, beat) => {
      t.type('\x12h');
      await beat();
      t.type('1');
      await beat();
      t.type('\r');
    },
    printed: 'h1',
  },
  {
    name: 'words killed one after the other, which are one text',
    only: (shell) => !isBash(shell),
    keys: async (t, beat) => {
      t.type(`${show('')}one two\x17`);
      await beat();
      await beat();
      t.type('\x17');
      await beat();
      t.type('"\x19"\r');
    },
    printed: 'one two',
  },
  {
    name: 'a paste that stops half way',
    only: isFish,
    keys: async (t, beat) => {
      t.type(`\x1b[200~${show('"a')}`);
      await beat();
      t.type('b"\x1b[201~\r');
    },
    printed: 'ab',
  },
];

const viOnly: readonly Scenario[] = [
  {
    name: 'an operator that waits for its motion',
    only: isZsh,
    keys: async (t, beat) => {
      t.type(`${show('"one two"')}\x1b0f"ld`);
      await beat();
      t.type('w\r');
    },
    printed: 'two',
  },
  {
    name: 'a count',
    only: isZsh,
    keys: async (t, beat) => {
      t.type(`${show('"one two"')}\x1b0f"l2`);
      await beat();
      t.type('x\r');
    },
    printed: 'e two',
  },
];

const vi: readonly Scenario[] = [
  {
    name: 'command mode and its cursor',
    only: isAny,
    keys: async (t, beat) => {
      t.type(`${show('abc')}\x1b`);
      await beat();
      t.type('h');
      await beat();
      t.type('iX\r');
    },
    printed: 'aXbc',
  },
  {
    name: 'a walk through history',
    only: (shell) => !isFish(shell),
    prepare: rememberTwo,
    keys: async (t, beat) => {
      t.type('\x1b');
      await beat();
      t.type('k');
      await beat();
      t.type('k');
      await beat();
      t.type('A+\r');
    },
    printed: 'h1+',
  },
];

const modes = [
  ['emacs', [...anyMode, ...emacs, ...emacsOnly]],
  ['vi', [...anyMode, ...vi, ...viOnly]],
] as const;

const variants = modes.flatMap(([mode, scenarios]) =>
  scenarios.flatMap((scenario) =>
    (['whole', 'split'] as const).map((answers) => ({ mode, answers, scenario })),
  ),
);

/** The mode is chosen after the keeper, as a user's own rc file would. */
function chooseMode(shell: Shell, mode: string, answers: string): string {
  // Bytes further apart than the line editor waits after ESC are a limit, and a busy machine stretches 30 ms: here it waits longer.
  const isSplit = answers === 'split';
  const timeout = isZsh(shell) ? 'KEYTIMEOUT=300' : "bind 'set keyseq-timeout 3000'";
  if (!isFish(shell)) return `set -o ${mode}\n${isSplit ? timeout : ''}`;
  const wait = isSplit ? 'set -g fish_escape_delay_ms 3000\n' : '';
  return `${wait}${mode === 'vi' ? 'fish_vi_key_bindings' : 'fish_default_key_bindings'}`;
}

const testRow = testInTurns('line-editor.test.ts', 25);

suite('prompt keeper: line editor', { concurrency: 16 }, () => {
  for (const { mode, answers, scenario } of variants) {
    const { name, only = (shell: Shell) => !isFish(shell), prepare, keys, printed } = scenario;
    for (const shell of shells.filter(only))
      testRow(
        [shell.command],
        `${shell.name}, ${mode}, ${answers} answers: ${name}: as without the keeper`,
        () =>
          inTerminal({ shell, answers, after: chooseMode(shell, mode, answers) }, async (t) => {
            await prepare?.(t);
            await t.heartbeats();
            const from = t.screen.length;
            await keys(t, () => t.heartbeats());
            assert.equal(await t.answerTo(from), printed);
          }),
      );
  }
});
