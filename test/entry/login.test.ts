import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { copyHost, ENV, installedSandbox } from '../support/bundle.ts';
import { ENTRY_SHELLS, type Sandbox, type SessionOptions, skipUnless } from '../support/sandbox.ts';
import { rotate, TURN, testInTurn } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'zsh', 'timeout');

let kept: Sandbox;
let prompted: Sandbox;
before(() => {
  if (skip) return;
  kept = installedSandbox({ shell: 'login' });
  prompted = installedSandbox({ shell: 'login', keeper: 'prompt' });
  for (const host of [kept, prompted]) {
    host.write(
      'etc/shells',
      '# a comment\n/bin/sh\n/bin/bash\n/usr/bin/zsh\n/home/gone\n/home/not-executable\n/usr/sbin/nologin\n/bin/false\n',
    );
    host.write('etc/profile.d/50-site.sh', 'echo "site profile"\n');
    host.write('home/not-executable', '#!/bin/sh\necho never\n', 0o644);
    host.write('usr/sbin/nologin', '#!/bin/sh\necho never\n', 0o755);
    host.write('bin/false', '#!/bin/sh\necho never\n', 0o755);
    host.write('home/of user/.hushlogin', '');
  }
});
after(() => {
  kept?.close();
  prompted?.close();
});

/** The line of /etc/passwd with this shell; another user's line above it. */
const passwd = (shell: string, home = '/home/of user') =>
  `root:x:0:0::/root:/bin/sh\nother:x:10011:1001::/home/other:/usr/bin/zsh\nssm-user:x:1001:1001:a name:${home}:${shell}\n`;

const QUESTIONS = 'echo "<$0|$HOME|$SHELL|$USER|$LOGNAME|$PWD|${ENV-unset}>"; set | grep -c ssmka; exit 21\r';

interface Host {
  readonly passwd: string;
  /** What its getent is, a script. */
  readonly getent?: string;
}

/** What a session of such a host answers, and how often the profile greeted it. */
async function ask(
  { passwd: users, getent }: Host,
  options: SessionOptions,
): Promise<{ said: string; greetings: number }> {
  const host = copyHost(kept);
  host.write('etc/passwd', users);
  if (getent) {
    host.write('tmp/getent', getent, 0o755);
    host.extra = ['--ro-bind', host.path('tmp/getent'), '/usr/bin/getent'];
  }
  const session = host.open({ ...options, env: { ENV, ...options.env } });
  try {
    await session.see('prompt> ');
    await session.relay();
    session.type(QUESTIONS);
    await session.see(/<[^$]*>\r\n\d+\r\n/);
    assert.equal(await session.exited(), 21);
    const [, said = '', left] = /(<[^$]*>)\r\n(\d+)\r\n/.exec(session.screen) ?? [];
    assert.equal(left, '0');
    return { said, greetings: session.screen.split('site profile').length - 1 };
  } finally {
    session.close();
    host.close();
  }
}

const DIRECTORY = `#!/bin/sh\n[ "$*" = 'passwd 1001' ] && echo 'ssm-user:*:1001:1001::/home/of user:/bin/bash'\n`;
const IS_LOGIN = '<-bash|/home/of user|/bin/bash|ssm-user|ssm-user|/home/of user|unset>';
// bash as sh sets SHELL by itself where it has none.
const isPlain = /^<sh\|\/home\/ssm-user\|[^|]*\|\|\|\/usr\/bin\|unset>$/;

describe('--shell login', { concurrency: 4 }, () => {
  for (const [place, { name, executable }] of ENTRY_SHELLS.entries()) {
    // Half of the rows a day, each in one shell.
    const testRow = testInTurn(place, 2 * ENTRY_SHELLS.length);
    testRow(
      `${name} as sh: a session is the user's login shell, at home, greeted once`,
      { skip },
      async () => {
        assert.deepEqual(await ask({ passwd: passwd('/bin/bash') }, { executable }), {
          said: IS_LOGIN,
          greetings: 1,
        });
      },
    );

    for (const shell of [
      '',
      '/home/gone',
      '/home/not-executable',
      '/usr/sbin/nologin',
      '/bin/false',
      '/usr/bin/bash',
    ])
      testRow(
        `${name} as sh: ${shell || 'no shell'}, which no login would start, leaves plain sh, kept`,
        {
          skip,
        },
        async () => {
          const { said, greetings } = await ask({ passwd: passwd(shell) }, { executable });
          assert.match(said, isPlain);
          assert.equal(greetings, 0);
        },
      );

    for (const [what, getent, expected] of [
      ['asked for with getent', DIRECTORY, IS_LOGIN],
      ['not waited for longer than two seconds', '#!/bin/sh\nexec sleep 1000\n', isPlain],
    ] as const)
      testRow(`${name} as sh: a user of a directory service is ${what}`, { skip }, async () => {
        const { said } = await ask({ passwd: 'root:x:0:0::/root:/bin/sh\n', getent }, { executable });
        if (typeof expected === 'string') assert.equal(said, expected);
        else assert.match(said, expected);
      });
  }

  test('a home that is not there: the login shell starts where the session did', { skip }, async () => {
    const { said } = await ask(
      { passwd: passwd('/bin/bash', '/home/nowhere') },
      { executable: '/usr/bin/dash' },
    );
    assert.equal(said, '<-bash|/home/nowhere|/bin/bash|ssm-user|ssm-user|/usr/bin|unset>');
  });

  test('a login that names its shell keeps that shell', { skip }, async () => {
    const { said } = await ask(
      { passwd: passwd('/usr/bin/zsh') },
      { executable: '/usr/bin/bash', argv0: '-bash', env: { ENV: '' } },
    );
    assert.match(said, /^<-bash\|\/home\/ssm-user\|/);
  });

  test('without a relay the login shell takes the place of sh, and its profile entry starts the keeper', {
    skip,
  }, async () => {
    prompted.write('etc/passwd', passwd('/bin/bash'));
    for (const { executable } of rotate(ENTRY_SHELLS, TURN)) {
      const session = prompted.open({ executable, env: { ENV } });
      try {
        await session.until('a heartbeat', () => session.answered > 0);
        session.type('echo "<$HOME|$SHELL|$USER|$PWD>"; shopt login_shell; exit 21\r');
        await session.see('</home/of user|/bin/bash|ssm-user|/home/of user>\r\nlogin_shell    \ton\r\n');
        assert.equal(await session.exited(), 21);
        assert.equal(session.screen.split('site profile').length, 2);
      } finally {
        session.close();
      }
    }
  });
});
