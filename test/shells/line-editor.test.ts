// What someone is typing must be exactly as without the keeper, whatever the line editor is in the middle of.
import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { swallowingShells, testWith } from './support/shells.ts';
import { inTerminal, show, type Terminal } from './support/terminal.ts';

interface Scenario {
  readonly name: string;
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

const anyMode: readonly Scenario[] = [
  {
    name: 'a half-typed line and its cursor',
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
    keys: async (t, beat) => {
      t.type(`\x1b[200~${show('"p1\rp2')}\x1b[201~`);
      await beat();
      t.type('"\r');
    },
    printed: 'p1\np2',
  },
  {
    name: '$? and PIPESTATUS',
    keys: async (t, beat) => {
      t.type('(exit 5) | true | (exit 3)\r');
      await beat();
      await beat();
      t.type(`${show('"$? ${PIPESTATUS[*]}"')}\r`);
    },
    printed: '3 5 0 3',
  },
  {
    name: '$_ and $!',
    keys: async (t, beat) => {
      t.type(': some word\r');
      await beat();
      t.type(`${show('"$_ ${!-none}"')}\r`);
    },
    printed: 'word none',
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

const vi: readonly Scenario[] = [
  {
    name: 'command mode and its cursor',
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
  ['emacs', [...anyMode, ...emacs]],
  ['vi', [...anyMode, ...vi]],
] as const;

suite('prompt keeper: line editor', { concurrency: 40 }, () => {
  for (const shell of swallowingShells) {
    for (const [mode, scenarios] of modes) {
      for (const answers of ['whole', 'split'] as const) {
        for (const { name, prepare, keys, printed } of scenarios) {
          testWith(
            [shell.command],
            `${shell.name}, ${mode}, ${answers} answers: ${name}: as without the keeper`,
            () =>
              // The mode is chosen after the keeper, as a user's own rc file would.
              inTerminal({ shell, answers, after: `set -o ${mode}` }, async (t) => {
                await prepare?.(t);
                await t.heartbeats();
                const from = t.screen.length;
                await keys(t, () => t.heartbeats());
                assert.equal(await t.answerTo(from), printed);
                assert.equal(t.nuls, 0);
              }),
          );
        }
      }
    }
  }
});
