// Takes every guard of the entry out in turn, and sees the test fail that is named for it and passes with the guard.
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

interface Guard {
  readonly line: number;
  readonly within: string;
  readonly text: string;
}

/** The lines that turn a session away, with the functions that hold them. */
function findGuards(): Guard[] {
  let within = '';
  return entry.flatMap((text, line) => {
    const opened = /^(\w+)\(\) \{$/.exec(text);
    if (opened) within = opened[1]!;
    if (text === '}') within = '';
    const isGuard = guarded.includes(within) && !/^\s*#/.test(text) && withoutGuard(text) !== text;
    return isGuard ? [{ line, within, text: text.trim() }] : [];
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

/** Who misses each of the others: the guard (some are told apart by their function alone), a file, and a part of a test's name. */
const noticed: readonly (readonly [within: string, text: string, file: string, name: string])[] = [
  ['is_session_sh', 'case $__ssmka_line in', 'guards', 'another command line than plain sh'],
  ['is_session_sh', '[ "$__ssmka_parent" != 0 ]', 'guards', 'started from outside the container'],
  ['is_session_sh', 'return 1', 'guards', "a shell that is not the agent's"],
  ['is_login_in_scope', 'return 1', 'guards', 'inside a kept session nothing of ours'],
  ['is_login_in_scope', '[ "$__ssmka_scope" = all ]', 'profile', 'left alone under scope ssm'],
  ['is_login_in_scope', '[ -z "$__ssmka_start" ]', 'locking-tmux', 'starts it below sshd'],
  ['is_left_to_tmux', 'return 1', 'profile', 'ssh over Session Manager, client address'],
  ['reads_keys', 'case $- in *m*)', 'guards', 'a login script with job control'],
  ['reads_keys', 'case $- in *c*)', 'guards', 'bash -lic CMD'],
  ['reads_keys', '[ -n "${BASH_VERSION-}${ZSH_VERSION-}" ]', 'guards', 'dash -lic CMD'],
  ['reads_keys', '[ -z "${ZSH_EXECUTION_STRING-}', 'other-shells', 'zsh -lic COMMAND'],
  ['is_wanted', '[ "$__ssmka_entry" = fish ]', 'guards', 'bash -lic CMD'],
  ['is_wanted', '[ "${__ssmka_tried-}" != $$ ]', 'other-shells', 'a relay that fails is tried once'],
  ['is_wanted', '[ "${SSM_KEEPALIVE-}" != off ]', 'guards', 'SSM_KEEPALIVE=off'],
  ['is_wanted', '[ -z "${VSCODE_IPC_HOOK_CLI-}" ]', 'other-shells', "a terminal of VS Code's"],
  ['is_wanted', 'case ${TERM-} in', 'guards', 'a dumb terminal'],
  ['is_wanted', '[ /proc/self/fd/0 -ef', 'guards', 'output goes to another terminal'],
  ['is_wanted', '! __ssmka_is_limited', 'hard-starts', 'are the limit the shell works'],
  ['is_wanted', 'env) __ssmka_is_session_sh', 'guards', "a shell that is not the agent's"],
  ['is_wanted', '*) __ssmka_is_login_in_scope', 'guards', 'inside a kept session nothing of ours'],
  ['is_wanted', '[ ! -e /etc/ssm-keepalive/off ]', 'guards', 'ssm-keepalive/off switches it off'],
];

suite('entry: faults', { concurrency: 2 }, () => {
  for (const { line, within, text } of findGuards()) {
    const found = noticed.find(([where, start]) => within === `__ssmka_${where}` && text.startsWith(start));
    const [, , name = '', pattern = ''] = found ?? [];
    test(`without \`${text}\` a test fails`, { skip: unseen[text] ?? false }, async () => {
      assert.ok(found, `no test is named for this guard of ${within}`);
      const file = new URL(`${name}.test.ts`, import.meta.url);
      const whole = { SSM_KEEPALIVE_TEST_LONG: '1' };
      const sound = await runTests(file, pattern, whole);
      assert.ok(sound.passed > 0 && sound.failed === 0, `with the guard:\n${sound.output}`);
      // Short patience: what does not come within seconds will not come.
      const env = {
        ...whole,
        SSM_KEEPALIVE_TEST_ENTRY_FAULT: String(line),
        SSM_KEEPALIVE_TEST_PATIENCE_MS: '12000',
      };
      const broken = await runTests(file, pattern, env, { untilFailure: true });
      assert.ok(broken.failed > 0, `nobody noticed:\n${broken.output}`);
    });
  }

  test('each test that is named has its guard', () => {
    const guards = findGuards();
    const idle = noticed.filter(
      ([where, start]) =>
        !guards.some(({ within, text }) => within === `__ssmka_${where}` && text.startsWith(start)),
    );
    assert.deepEqual(idle, []);
  });
});
