// zsh, fish and the rc of bash: what guards.test.ts and profile.test.ts ask of sh and of login shells.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { installedSandbox, LIBRARY } from '../support/bundle.ts';
import { QUERY } from '../support/pty.ts';
import {
  lacksShell,
  Sandbox,
  type SessionOptions,
  skipUnless,
  WAYS_IN,
  type WayIn,
} from '../support/sandbox.ts';
import { isLong, someOf, TURN } from '../support/turns.ts';

const missing = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'zsh', 'strace');
const OTHERS = WAYS_IN.filter(({ env }) => !env);
const FISH: WayIn = { name: '-fish', executable: '/usr/bin/fish', argv0: '-fish' };

/** Says how many keepers run here: one that is there shows in nothing else. */
const COUNT = 'cat /proc/*/comm 2>/dev/null | grep -c keepalive';

let kept: Sandbox;
let plain: Sandbox;
before(() => {
  if (missing) return;
  kept = installedSandbox({ entries: ['env', 'profile', 'rc'] });
  plain = new Sandbox();
  for (const host of [kept, plain]) {
    host.write('home/off/.config/ssm-keepalive/off', '');
    host.write('tmp/script', `${COUNT}\n`);
    // Below our lines, as what others add: each says once that it was read.
    for (const path of ['etc/bash.bashrc', 'etc/zsh/zprofile', 'etc/zsh/zshrc'])
      host.write(path, `${host.read(path)}\ncase $- in *i*) echo "${path} was read" ;; esac\n`);
    host.write('etc/fish/conf.d/50-site.fish', 'echo conf.d was read\n');
  }
});
after(() => {
  kept?.close();
  plain?.close();
});

/** What a session shows from its first byte to its last, heartbeats and terminal control left out. */
async function transcript(host: Sandbox, options: SessionOptions, input: string, expectsRelay: boolean) {
  return host.inSession(options, async (session) => {
    let relays = 0;
    if (input !== '') {
      await session.see('prompt> ');
      if (expectsRelay) await session.relay();
      relays = session.processes('ssm-keepalive').length;
      session.type(input);
    }
    const status = await session.exited();
    // A line editor draws what comes while it draws in more than one way; what programs print is the same. The first query stands
    // before their first byte.
    const lines = session.screen.replaceAll(QUERY, '').split('\r\n');
    const said = lines.filter((line) => !/\x1b|prompt> /.test(line));
    return { said, status, relays };
  });
}

const leave = 'command env | command grep -v -e "^_=" -e SHLVL -e OLDPWD | sort; umask; exit 21\r';

describe('other shells', { concurrency: 4 }, () => {
  for (const way of OTHERS) testWay(way);
  testCommands();
});

/** `test`, or nothing at all. */
function testWhere(isDue: boolean) {
  return isDue ? test : () => undefined;
}

function testWay(way: WayIn) {
  const skip = missing || lacksShell(way);

  test(`${way.name}: text, environment, umask and exit status are as without us, each once`, {
    skip,
  }, async () => {
    const here = await transcript(kept, way, leave, true);
    const there = await transcript(plain, way, leave, false);
    assert.deepEqual([here.said, here.status, here.relays], [there.said, 21, 1]);
  });

  const place = OTHERS.indexOf(way);
  /** By turns, in every `count`th of them. */
  const isDue = (row: number, count: number) => isLong || (TURN + row + place) % count === 0;
  // fish has an entry of its own; the others share the guards of one.
  const count = way.argv0 === '-fish' ? 4 : 2 * (OTHERS.length - 1);
  for (const [row, [what, options]] of (
    [
      ['a login that is no session of the service', { parent: 'sshd' }],
      ['SSM_KEEPALIVE=off', { env: { SSM_KEEPALIVE: 'off' } }],
      ["the user's own off file", { env: { HOME: '/home/off', ZDOTDIR: '/home/ssm-user' } }],
      ['a pane of a multiplexer', { parent: 'tmux: server' }],
      [
        "a terminal of VS Code's on this host",
        {
          parent: 'node',
          env: {
            VSCODE_IPC_HOOK_CLI: '/run/user/1001/vscode-ipc-0.sock',
            SSH_CONNECTION: '127.0.0.1 5022 127.0.0.1 22',
          },
        },
      ],
    ] as const
  ).entries()) {
    if (!isDue(row, count)) continue;
    // fish has its prompt from the home that is not this one.
    if (way.argv0 === '-fish' && what.includes('off file')) continue;
    test(`${way.name}: ${what} is left alone`, { skip }, async () => {
      const here = await transcript(kept, { ...way, ...options }, leave, false);
      const there = await transcript(plain, { ...way, ...options }, leave, false);
      assert.deepEqual([here.said, here.status, here.relays], [there.said, 21, 0]);
    });
  }

  testWhere(isDue(0, 2))(`${way.name}: ssh over Session Manager is kept`, { skip }, async () => {
    const env = { SSH_CONNECTION: '127.0.0.1 5022 127.0.0.1 22' };
    assert.equal((await transcript(kept, { ...way, parent: 'sshd', env }, 'exit 3\r', true)).relays, 1);
  });

  testWhere(isDue(1, 2))(
    `${way.name}: out of scope it forks and starts nothing of ours`,
    { skip },
    async () => {
      const count = async (host: Sandbox) => {
        const trace = `/tmp/trace.${way.argv0}`;
        const word = way.argv0.startsWith('-') ? ['-l'] : [];
        return host.inSession(
          {
            executable: '/usr/bin/strace',
            argv0: 'strace',
            args: ['-f', '-o', trace, '-e', 'trace=fork,vfork,clone,clone3,execve', way.executable, ...word],
            parent: 'sshd',
          },
          async (session) => {
            await session.see('prompt> ');
            session.type('exit 4\r');
            assert.equal(await session.exited(), 4);
            // Where two processes call at once strace writes a call as two lines; the second, `resumed`, is no call of its own.
            const calls = host.read(trace.slice(1)).match(/^\d+ +v?(fork|clone3?|execve)\(.*/gm) ?? [];
            return calls.filter((line) => !line.includes('CLONE_THREAD'));
          },
        );
      };
      const [here, there] = [await count(kept), await count(plain)];
      assert.equal(here.length, there.length, [...here, 'in a host without a keeper:', ...there].join('\n'));
    },
  );

  testWhere(isDue(0, 2))(
    `${way.name}: a relay that fails is tried once, whichever other entries this shell reads`,
    {
      skip,
    },
    async () => {
      const host = installedSandbox({ entries: ['env', 'profile', 'rc'] });
      try {
        const version = host.read(`${LIBRARY}/current`).trim();
        host.write('tmp/broken', '#!/bin/sh\necho tried >>/tmp/tries\nexit 1\n', 0o755);
        host.write(`${LIBRARY}/${version}/interpreter`, '/tmp/broken\n');
        host.write('home/ssm-user/.bash_profile', '. /etc/bash.bashrc\n');
        assert.equal((await transcript(host, way, 'exit 5\r', false)).status, 5);
        assert.equal(host.read('tmp/tries'), 'tried\n');
      } finally {
        host.close();
      }
    },
  );
}

function testCommands() {
  for (const [executable, args] of someOf<readonly [string, readonly string[]]>(
    [
      ['dash', ['-lic', COUNT]],
      ['busybox', ['sh', '-lic', COUNT]],
      ['zsh', ['-lic', COUNT]],
      ['zsh', ['-lim', '-c', COUNT]],
      ['zsh', ['-lim', '/tmp/script']],
      ['zsh', ['-ic', COUNT]],
      ['zsh', ['-li', '/tmp/script']],
      ['bash', ['-ic', COUNT]],
      ['fish', ['-lic', COUNT]],
      ['fish', ['-l', '-i', '-c', COUNT]],
      ['fish', ['-li', '/tmp/script']],
    ],
    3,
  )) {
    const options = { executable: `/usr/bin/${executable}`, argv0: executable, args: [...args] };
    test(`${executable} ${args.join(' ').replace(COUNT, 'COMMAND')} is left alone`, {
      skip: missing || lacksShell({ name: '', ...options }),
    }, async () => {
      const here = await transcript(kept, options, '', false);
      assert.deepEqual([here.said.slice(-2), here.status, here.relays], [['0', ''], 1, 0]);
    });
  }

  test('fish -l with its output or errors elsewhere is left alone', {
    skip: missing || lacksShell(FISH),
  }, async () => {
    for (const where of ['>/dev/null', '2>/dev/null']) {
      await kept.inSession({ executable: '/usr/bin/dash', argv0: 'sh' }, async (session) => {
        await session.see(/[$>] /);
        session.type(`fish -l ${where}\r`);
        await session.until('fish to read', () => session.commandLines().includes('fish -l'));
        session.type('echo "in fish" >/dev/tty\r');
        await session.see(/[\r\n]in fish\r\n/);
        assert.equal(session.processes('ssm-keepalive').length, 0);
      });
    }
  });
}
