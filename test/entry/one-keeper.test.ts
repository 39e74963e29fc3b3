// One keeper to a terminal, with every entry in place: one shell inside the other, as people stack them, and one relay above all of them.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { copyHost, installedSandbox } from '../support/bundle.ts';
import { type PtySession, type Sandbox, skipUnless, WAYS_IN, type WayIn } from '../support/sandbox.ts';
import { rotate, TURN } from '../support/turns.ts';

const skip =
  skipUnless('bwrap', 'python3', 'dash', 'bash', 'zsh', 'script', 'tmux', 'su') ||
  (process.getuid?.() !== 0 && 'su needs root here');

/** Each is typed into the shell of the one before. `tool` may be missing on a machine that tests. */
const STEPS = [
  { typed: 'bash -l' },
  { typed: 'exec bash' },
  { typed: 'zsh -l', tool: 'zsh' },
  { typed: 'exec zsh', tool: 'zsh' },
  { typed: 'fish -l', tool: 'fish' },
  { typed: 'sudo -i', tool: 'sudo' },
  { typed: 'script -q /dev/null', tool: 'script' },
  { typed: 'su -' },
  { typed: 'bash' },
  // Last: their own screens, and their own answers to queries.
  { typed: 'tmux -L own -f /dev/null new bash -l', tool: 'tmux' },
] as const;
const SCREEN = { typed: 'screen bash -l', tool: 'screen' } as const;

/** What is started inside one is the way in of the others: the agent's plain sh is always there, of those others one by turns. */
const [SH = [], OTHERS = []] = [['dash as sh'], ['-bash', 'bash, by its rc', '-zsh']].map((names) =>
  WAYS_IN.filter(({ name }) => names.includes(name)),
);
const WAYS = [...SH, ...rotate(OTHERS, TURN)];

let model: Sandbox;
before(() => {
  if (skip) return;
  const host = installedSandbox({ entries: ['env', 'profile', 'rc'] });
  host.write('etc/passwd', 'root:x:0:0::/root:/usr/bin/bash\nnobody:x:65534:65534::/nonexistent:/bin/sh\n');
  host.write('etc/sudoers', 'root ALL=(ALL:ALL) NOPASSWD: ALL\n', 0o440);
  const permit = ['auth', 'account', 'session'].map((type) => `${type} required pam_permit.so\n`).join('');
  for (const name of ['su', 'su-l', 'sudo', 'sudo-i', 'other']) host.write(`etc/pam.d/${name}`, permit);
  // Each shell's prompt says which step started it: nothing is typed to one that does not read yet.
  host.write('etc/profile.d/zzz-prompt.sh', 'PS1="$(cat /tmp/step)> "\n');
  host.write('etc/bash.bashrc', `${host.read('etc/bash.bashrc')}\nPS1="$(cat /tmp/step)> "\n`);
  host.write(
    'etc/zsh/zshrc',
    `${host.read('etc/zsh/zshrc')}\nPS1="$(cat /tmp/step)> "\nunsetopt prompt_sp\n`,
  );
  host.write('root/.zshrc', '');
  // Without this folder the first start of fish reads every manual page.
  host.write('root/.local/share/fish/generated_completions/none', '');
  host.write(
    'root/.config/fish/config.fish',
    'set -g step (cat /tmp/step)\nfunction fish_prompt; echo -n "$step> "; end\nfunction fish_greeting; end\n',
  );
  model = host;
});
after(() => model?.close());

function assertOneKeeper(session: PtySession, after: string) {
  const relays = session.processes('ssm-keepalive');
  assert.equal(relays.length, 1, `after ${after}:\n${session.commandLines().join('\n')}`);
}

/** Types a step and waits until the shell that it starts has read its startup files and answers. */
async function take(host: Sandbox, session: PtySession, typed: string, step: string) {
  host.write('tmp/step', step);
  session.type(`${typed}\r`);
  await session.see(`${step}> `);
  session.type(`printf "%s-%s\\n" here ${step}\r`);
  await session.see(`here-${step}`);
}

async function openKept(host: Sandbox, way: WayIn, step: string): Promise<PtySession> {
  host.write('tmp/step', step);
  const session = host.open({
    ...way,
    uid: 0,
    env: { ...way.env, HOME: '/root', PS1: `${step}> `, SHELL: '/usr/bin/bash', SCREENDIR: '/tmp/screens' },
    extra: ['--cap-add', 'ALL'],
  });
  await session.relay();
  await session.see(`${step}> `);
  return session;
}

describe('one keeper', { concurrency: 4 }, () => {
  for (const [number, way] of WAYS.entries()) {
    test(`${way.name}: one relay, whatever is started inside it and inside that`, {
      skip,
    }, async (context) => {
      const host = copyHost(model);
      const session = await openKept(host, way, `way${number}`);
      try {
        assertOneKeeper(session, 'the login');
        for (const [index, step] of STEPS.entries()) {
          if ('tool' in step && !existsSync(`/usr/bin/${step.tool}`)) {
            context.diagnostic(`absent: ${step.tool}`);
            continue;
          }
          await take(host, session, step.typed, `step${number}.${index}`);
          assertOneKeeper(session, step.typed);
        }
        const answered = session.answered;
        await session.until('heartbeats to go on', () => session.answered > answered + 1);
        assertOneKeeper(session, 'a while');
        assert.doesNotMatch(session.screen, /\[0n|0n: (command )?not found/);
      } finally {
        session.close();
        host.close();
      }
    });
  }

  test("one relay outside the user's own screen, and none inside", {
    skip: skip || (!existsSync('/usr/bin/screen') && 'absent: screen'),
  }, async () => {
    const host = copyHost(model);
    const session = await openKept(host, WAYS[0]!, 'outer');
    try {
      await take(host, session, SCREEN.typed, 'in-screen');
      assertOneKeeper(session, SCREEN.typed);
      await take(host, session, 'exec bash -l', 'in-screen-again');
      assertOneKeeper(session, 'exec bash -l');
    } finally {
      session.close();
      host.close();
    }
  });
});
