import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BundleSettings } from '../../src/bundle/index.ts';
import { installedSandbox } from '../support/bundle.ts';
import { type Sandbox, skipUnless } from '../support/sandbox.ts';
import { isLong, someOf, TURN } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'tmux', 'bash', 'dash', 'setpriv');
/** Another tmux than the machine's, with the folder of its libraries: tmux/versions.long.test.ts. */
const { SSM_KEEPALIVE_TEST_TMUX: otherTmux, SSM_KEEPALIVE_TEST_TMUX_TREE: otherTree = '' } = process.env;
const hosts: Sandbox[] = [];
after(() => {
  for (const host of hosts) host.close();
});

/** Plays one case of drive.py on a host of its own: logins of one host share its processes. */
async function play({ name, changes = {}, hasTmux = true }: Play): Promise<void> {
  const host = installedSandbox({ wrap: 'tmux', ...changes });
  hosts.push(host);
  host.extra = ['--ro-bind', fileURLToPath(new URL('.', import.meta.url)), '/drive'];
  if (otherTmux) {
    // bwrap makes the folders on the way for root alone.
    const onTheWay = otherTree.split('/').map((_, index, names) => names.slice(0, index).join('/'));
    for (const folder of onTheWay.filter(Boolean)) host.extra.push('--perms', '0755', '--dir', folder);
    host.extra.push('--ro-bind', otherTree, otherTree, '--ro-bind', otherTmux, '/usr/bin/tmux');
  }
  if (!hasTmux) host.extra.push('--ro-bind', '/dev/null', '/usr/bin/tmux');
  // The last word is room for the session id that the driver gives to itself.
  const words = [name, isLong ? 'all' : String(TURN), '-'.repeat(160)];
  const driver = host.start(
    ['/usr/bin/python3', '-IS', '/drive/drive.py', ...words],
    ['ignore', 'pipe', 'pipe'],
  );
  let said = '';
  for (const stream of [driver.stdout!, driver.stderr!])
    stream.on('data', (data: Buffer) => {
      said += data.toString('latin1');
    });
  const limit = setTimeout(() => driver.kill('SIGKILL'), 120_000);
  const [status] = await once(driver, 'close');
  clearTimeout(limit);
  assert.equal(status, 0, `${said}\nSSM_KEEPALIVE_TEST_SEED=${TURN}`);
}
const sentence = (name: string) => name.replaceAll('_', ' ');

interface Play {
  readonly name: string;
  readonly changes?: Partial<BundleSettings>;
  readonly hasTmux?: boolean;
}

const PLAYS: readonly Play[] = [
  { name: 'a_login_whose_line_is_slow_keeps_its_session', changes: { intervalSeconds: 3 } },
  { name: 'asked_by_another_login_a_relay_asks_its_terminal_at_once', changes: { intervalSeconds: 3300 } },
  { name: 'without_a_usable_tmux_the_shell_is_plain_and_kept', hasTmux: false },
  { name: 'the_job_goes_on_and_the_next_login_is_back_in_it' },
  { name: 'detach_ends_the_login_and_keeps_the_session' },
  { name: 'logins_at_the_same_time_never_share_a_session' },
  { name: 'a_login_whose_line_is_dead_gives_its_session_up' },
  { name: 'nothing_suspends_a_login' },
  { name: 'a_client_that_does_not_answer_gets_a_plain_shell' },
  { name: 'a_terminal_that_comes_late_gets_tmux' },
  { name: 'what_is_typed_ahead_runs_once_in_tmux' },
  { name: 'nothing_of_an_answer_reaches_a_pane_a_prompt_copy_mode_or_a_chooser' },
  { name: 'nothing_is_printed_while_nobody_is_attached' },
  { name: 'the_users_own_tmux_is_left_alone' },
  { name: 'inside_a_multiplexer_there_is_no_wrapper' },
  { name: 'every_person_has_a_socket_and_no_machine_has_one' },
  { name: 'who_is_nobody_gets_a_plain_shell' },
  { name: 'a_folder_of_sockets_that_somebody_else_made_is_not_used' },
  { name: 'a_server_that_dies_leaves_a_plain_shell_that_is_kept' },
  { name: 'the_shell_inside_is_the_one_without' },
];

// Several at a time: they wait for heartbeats of a second most of the time.
describe('sessions in tmux, with the relay outside', { skip, concurrency: 6 }, () => {
  for (const one of [{ name: 'nobody_gets_the_session_of_another' }, ...someOf(PLAYS, 3)])
    test(sentence(one.name), () => play(one));
});
