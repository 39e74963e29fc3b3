// Takes every guard of the entry out in turn, and sees a test fail that passes with it.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { bundleOf, withoutGuard } from '../support/bundle.ts';
import { runTests } from '../support/run-tests.ts';

const guarded = [
  '__ssmka_reads_keys',
  '__ssmka_is_session_sh',
  '__ssmka_is_login_in_scope',
  '__ssmka_is_left_to_tmux',
  '__ssmka_is_wanted',
];
const entry = bundleOf()
  .files.find(({ path }) => path === 'entry.sh')!
  .text.split('\n');

/** Numbers of the lines that turn a session away, by the functions that hold them. */
function findGuards(): { line: number; text: string }[] {
  let inside = '';
  return entry.flatMap((text, line) => {
    const opened = /^(\w+)\(\) \{$/.exec(text);
    if (opened) inside = opened[1]!;
    if (text === '}') inside = '';
    const isGuard = guarded.includes(inside) && !/^\s*#/.test(text) && withoutGuard(text) !== text;
    return isGuard ? [{ line, text: text.trim() }] : [];
  });
}

/** Guards that no test can miss, each with the reason. */
const unseen: Readonly<Record<string, string>> = {
  'case $- in *i*) ;; *) return 1 ;; esac':
    'the stub of profile.d and the blocks asks it first, and a shell that is not interactive reads no ENV',
  '[ -t 0 ] && [ -t 1 ] && [ -t 2 ] || return 1':
    'one of the three elsewhere is seen by the line after it; all three, by the one that asks for job control',
  '__ssmka_read_stat "$__ssmka_self" || return 1':
    'it fails without /proc alone, which the line before it has seen',
  '[ "$__ssmka_group" = "$__ssmka_foreground" ] || return 1':
    'a shell with job control waits for the foreground before it reads a profile',
};

const FILES = ['guards', 'profile', 'locking-tmux', 'other-shells', 'fail-open', 'hard-starts'].map(
  (name) => `${name}.test.ts`,
);

suite('entry: faults', { concurrency: 2 }, () => {
  for (const { line, text } of findGuards()) {
    test(`without \`${text}\` a test fails`, { skip: unseen[text] ?? false }, async () => {
      const env = { SSM_KEEPALIVE_TEST_ENTRY_FAULT: String(line) };
      const outputs: string[] = [];
      for (const file of FILES) {
        const { failed, output } = await runTests(new URL(file, import.meta.url), '.', env, {
          untilFailure: true,
        });
        if (failed > 0) return;
        outputs.push(output);
      }
      assert.fail(`nobody noticed:\n${outputs.join('\n')}`);
    });
  }
});
