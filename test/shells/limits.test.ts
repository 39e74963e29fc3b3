// What a line editor cannot be kept from doing with an answer, each as it is. docs/shells.md names these; a way round would show here.
import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { childrenOf, commandLine } from '../support/processes.ts';
import { isBash, isFish, isZsh, type Shell, shells, testInTurns } from './support/shells.ts';
import { inTerminal, show, type Terminal } from './support/terminal.ts';

interface Limit {
  readonly name: string;
  readonly after: string;
  readonly shows: (t: Terminal) => Promise<void>;
}

const limitsOfBash: readonly Limit[] = [
  {
    name: 'Ctrl-R is ended with the match left in the line',
    after: 'set -o emacs',
    shows: async (t) => {
      assert.equal(await t.ask('found'), 'found');
      await t.heartbeats();
      t.type('\x12foun');
      await t.see(/reverse-i-search.*foun/s);
      await t.heartbeats();
      // The search is over: these are typed into the line that was found, not into the search.
      t.type('\x05X\r');
      await t.see('=[foundX]=');
    },
  },
  {
    name: 'after Ctrl-V the ESC of the answer is inserted and its rest stays in the line',
    after: 'set -o emacs',
    shows: async (t) => {
      await t.heartbeats();
      t.type(`${show("'")}\x16`);
      await t.heartbeats();
      const from = t.screen.length;
      t.type("' | od -c\r");
      await t.see(/033 +\[ +0 +n/, from);
    },
  },
  {
    name: 'a numeric argument is dropped',
    after: 'set -o emacs',
    shows: async (t) => {
      await t.heartbeats();
      t.type(`${show('')}\x1b3`);
      await t.heartbeats();
      t.type('x\r');
      await t.see('=[x]=');
    },
  },
  {
    name: 'in vi mode a pending operator is dropped',
    after: 'set -o vi',
    shows: async (t) => {
      await t.heartbeats();
      t.type(`${show('"one two"')}\x1b0f"ld`);
      await t.heartbeats();
      t.type('w\r');
      await t.see('=[one two]=');
    },
  },
  {
    name: '"Display all possibilities?" is answered no',
    after: 'set -o emacs; bind "set completion-query-items 2"; touch beta1 beta2 beta3',
    shows: async (t) => {
      await t.heartbeats();
      t.type(`${show('bet')}\t\t\t`);
      await t.see('possibilities?');
      await t.heartbeats();
      t.type('1\r');
      await t.see('=[beta1]=');
      assert.doesNotMatch(t.screen, /beta1 +beta2/);
    },
  },
  {
    name: 'an answer inside a bracketed paste that stops half way becomes part of it',
    after: 'set -o emacs',
    shows: async (t) => {
      await t.heartbeats();
      t.type(`\x1b[200~${show("'a")}`);
      await t.heartbeats();
      t.type("b\x1b[201~' | od -c\r");
      await t.see(/033 +\[ +0 +n/);
    },
  },
  {
    name: 'an INPUTRC that is set after the keeper comes too late, since binding a key reads it',
    after: `set -o emacs; printf '"\\\\C-t": "%s"\\n' "=[late]=" >late; export INPUTRC=$PWD/late`,
    shows: async (t) => {
      const from = t.screen.length;
      t.type('\x14');
      t.type(`${show('not-late')}\r`);
      assert.equal(await t.answerTo(from), 'not-late');
    },
  },
];

const insertedByQuote: Limit['shows'] = async (t) => {
  await t.heartbeats();
  t.type(`${show("'")}\x16`);
  await t.heartbeats();
  const from = t.screen.length;
  t.type("' | od -c\r");
  await t.see(/033 +\[ +0 +n/, from);
};

const limitsOfZsh: readonly Limit[] = [
  {
    name: 'after Ctrl-V the ESC of the answer is inserted and its rest stays in the line',
    after: 'bindkey -e',
    shows: insertedByQuote,
  },
  {
    name: 'an answer inside a bracketed paste that stops half way ends it, and its end mark leaves a ~',
    after: 'bindkey -e',
    shows: async (t) => {
      await t.heartbeats();
      const from = t.screen.length;
      t.type(`\x1b[200~${show('"a')}`);
      await t.heartbeats();
      t.type('b\x1b[201~"\r');
      assert.equal(await t.answerTo(from), 'ab~');
    },
  },
  {
    name: 'in vi mode f, t and r that wait for their character are dropped',
    after: 'bindkey -v; KEYTIMEOUT=300',
    shows: async (t) => {
      await t.heartbeats();
      t.type(`${show('abc')}\x1br`);
      await t.heartbeats();
      t.type('X\x1b');
      await t.heartbeats();
      const from = t.screen.length;
      t.type('\r');
      assert.doesNotMatch(await t.answerTo(from), /X/);
    },
  },
];

const limitsOfFish: readonly Limit[] = [
  {
    name: 'an answer whose bytes come further apart than fish_escape_delay_ms leaves its rest in the line',
    after: 'set -g fish_escape_delay_ms 10',
    shows: async (t) => {
      await t.heartbeats();
      t.answers = 'split';
      t.gapMs = 200;
      await t.heartbeats();
      await t.see(/\[0n/);
    },
  },
  {
    name: 'in vi mode a pending operator is dropped',
    after: 'fish_vi_key_bindings',
    shows: async (t) => {
      await t.heartbeats();
      t.type(`${show('"one two"')}\x1b`);
      await t.heartbeats();
      t.type('0f"ld');
      await t.heartbeats();
      t.type('w\r');
      await t.see('=[one two]=');
    },
  },
];

const limitsOf = (shell: Shell) => (isFish(shell) ? limitsOfFish : isZsh(shell) ? limitsOfZsh : limitsOfBash);

const testRow = testInTurns('limits.test.ts', 3);

suite('prompt keeper: limits', { concurrency: 16 }, () => {
  for (const family of [isBash, isZsh, isFish]) {
    const members = shells.filter(family);
    for (const { name, after, shows } of limitsOf(members[0]!)) {
      for (const shell of members)
        testRow([shell.command], `${shell.name}: ${name}`, () => inTerminal({ shell, after }, shows));
    }
  }

  for (const shell of shells) {
    testRow(
      [shell.command],
      `${shell.name}: an answer on its way when Enter starts a program is read by it`,
      () =>
        inTerminal({ shell, answers: 'never' }, async (t) => {
          await t.until('the probe', () => t.queries > 0);
          t.type('cat -v\r');
          await t.until('cat', () => childrenOf(t.pid).some((child) => commandLine(child)[0] === 'cat'));
          t.type('\x1b[0n\r');
          await t.see(/^\^\[\[0n$/m);
        }),
    );

    if (!isBash(shell)) continue;
    // Why those are rare: a heartbeat is due only after two thirds of the interval without a key.
    testRow([shell.command], `${shell.name}: a search goes on as long as someone types in it`, () =>
      inTerminal({ shell, after: 'set -o emacs', intervalSeconds: 3 }, async (t) => {
        await t.heartbeats();
        t.type('\x12');
        const typing = setInterval(() => t.type('y\x7f'), 200);
        await t.ticks(5).finally(() => clearInterval(typing));
        await t.see(/i-search\)`y?': *$/);
        t.type('\x07');
      }),
    );
  }
});
