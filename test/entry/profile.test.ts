import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { installedSandbox } from '../support/bundle.ts';
import { Sandbox, type SessionOptions, skipUnless } from '../support/sandbox.ts';
import { someOf } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'bash', 'dash', 'busybox');

/** Login shells that read /etc/profile. dash and busybox say nothing when they leave; bash says `logout` and reads ~/.bash_logout. */
const LOGIN_SHELLS = [
  { name: 'bash -l', executable: '/usr/bin/bash', argv0: 'bash', args: ['-l'] },
  { name: '-bash (su -)', executable: '/usr/bin/bash', argv0: '-bash', args: [] },
  { name: 'dash -l', executable: '/usr/bin/dash', argv0: 'dash', args: ['-l'] },
  { name: '-sh (busybox)', executable: '/usr/bin/busybox', argv0: '-sh', args: [] },
];

let kept: Sandbox;
let plain: Sandbox;
before(() => {
  if (skip) return;
  kept = installedSandbox();
  plain = new Sandbox();
  for (const sandbox of [kept, plain]) {
    sandbox.write('etc/profile.d/01-motd.sh', 'echo "message of the day"\n');
    sandbox.write('etc/profile.d/50-site.sh', 'PATH=$PATH:/opt/site/bin\numask 027\nSITE=yes\nexport SITE\n');
    sandbox.write('etc/profile.d/zzz-last.sh', 'echo "last words of the profile"\n');
    sandbox.write('home/ssm-user/.profile', 'echo "the user\'s own profile"\n');
    sandbox.write('home/ssm-user/.bash_logout', 'echo "logout script ran"\n');
  }
});
after(() => {
  kept?.close();
  plain?.close();
});

const QUESTIONS =
  'echo "PATH=$PATH"; umask; echo "0=$0 flags=$- args=$#"; env | grep -v -e "^_=" -e "^OLDPWD" | sort; set | grep -a ssmka; ulimit -a; pwd; exit 21\r';

/** The session's text from its first byte to its last, heartbeats and terminal control left out. */
async function converse(sandbox: Sandbox, options: SessionOptions, expectsRelay: boolean) {
  return sandbox.inSession(options, async (session) => {
    await session.see('prompt> ');
    if (expectsRelay) await session.relay();
    session.type(QUESTIONS);
    const status = await session.exited();
    return {
      status,
      screen: session.screen.replaceAll('\x1b[5n', '').replaceAll(/\x1b\[\?2004[hl]|\x1b\[6n/g, ''),
    };
  });
}

describe('login shells', { concurrency: 4 }, () => {
  for (const { name, ...shell } of someOf(LOGIN_SHELLS, 2)) {
    test(`${name}: text, PATH, umask, environment, flags and exit status are as without us, each once`, {
      skip,
    }, async () => {
      const here = await converse(kept, shell, true);
      const there = await converse(plain, shell, false);
      // busybox greets before it reads any profile, so its greeting is the one text that comes from both shells.
      const greeting = /\r\n\r\nBusyBox[^\n]*\r\nEnter 'help'[^\n]*\r\n\r\n/g;
      assert.equal(here.screen.replaceAll(greeting, ''), there.screen.replaceAll(greeting, ''));
      assert.equal(here.status, 21);
    });
  }

  test('su - and sudo -i from a kept session start no second relay', { skip }, async () => {
    await kept.inSession(
      { executable: '/usr/bin/bash', argv0: 'bash', args: ['-l'], uid: 0 },
      async (session) => {
        await session.relay();
        // What sudo -i does to the environment: nothing of it is left but TERM.
        session.type('env -i TERM=xterm HOME=/root bash -l\r');
        await session.until('the second login', () => session.screen.split('last words').length > 2);
        session.type('echo "inner $((3+4))"\r');
        await session.see('inner 7');
        assert.equal(session.processes('ssm-keepalive').length, 1);
      },
    );
  });

  test('a login that is no session of the service is left alone under scope ssm', { skip }, async () => {
    await kept.inSession(
      {
        executable: '/usr/bin/bash',
        argv0: '-bash',
        parent: 'sshd',
        env: { SSH_CONNECTION: '203.0.113.7 5022 10.0.0.2 22' },
      },
      async (session) => {
        await session.see('prompt> ');
        assert.equal(session.processes('ssm-keepalive').length, 0);
      },
    );
  });

  for (const address of someOf(['127.0.0.1', '::1', '::ffff:127.0.0.1'], 1)) {
    test(`ssh over Session Manager, client address ${address}, is kept`, { skip }, async () => {
      await kept.inSession(
        {
          executable: '/usr/bin/bash',
          argv0: '-bash',
          parent: 'sshd',
          env: { SSH_CONNECTION: `${address} 5022 ${address} 22` },
        },
        async (session) => {
          await session.relay();
        },
      );
    });
  }

  test('SSH_TTY names the terminal that the shell reads, if it named the one outside, and only then', {
    skip,
  }, async () => {
    for (const [given, isOurs] of [
      ['/dev/pts/0', true],
      ['/dev/pts/77', false],
    ] as const) {
      const ask = (sandbox: Sandbox) =>
        sandbox.inSession(
          {
            executable: '/usr/bin/bash',
            argv0: '-bash',
            parent: 'sshd',
            env: { SSH_CONNECTION: '127.0.0.1 5022 127.0.0.1 22', SSH_TTY: given, OTHER: '/dev/pts/078' },
          },
          async (session) => {
            await session.see('prompt> ');
            session.type('echo "is $SSH_TTY on $(tty) beside $OTHER"; exit\r');
            await session.exited();
            return /is (\S+) on (\S+) beside (\S+)\r/.exec(session.screen)?.slice(1);
          },
        );
      assert.deepEqual(await ask(plain), [given, '/dev/pts/0', '/dev/pts/078']);
      const [named, inner, other] = (await ask(kept)) ?? [];
      assert.notEqual(inner, '/dev/pts/0');
      assert.equal(named, isOurs ? inner : given);
      assert.equal(other, '/dev/pts/078');
    }
  });

  test('scope all keeps any interactive login, but none inside a multiplexer', { skip }, async () => {
    const all = installedSandbox({ scope: 'all' });
    try {
      const login = all.open({ executable: '/usr/bin/bash', argv0: '-bash', parent: 'sshd' });
      await login.relay();
      login.close();
      const pane = all.open({ executable: '/usr/bin/bash', argv0: '-bash', parent: 'tmux: server' });
      await pane.see('prompt> ');
      assert.equal(pane.processes('ssm-keepalive').length, 0);
    } finally {
      all.close();
    }
  });
});
