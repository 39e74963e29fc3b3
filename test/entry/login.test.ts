import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ENV, installedSandbox } from '../support/bundle.ts';
import { ENTRY_SHELLS, type Sandbox, type SessionOptions, skipUnless } from '../support/sandbox.ts';

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

/** What a session of this host answers, and how often the profile greeted it. */
async function ask(options: SessionOptions): Promise<{ said: string; greetings: number }> {
  const session = kept.open({ ...options, env: { ENV, ...options.env } });
  try {
    await session.shows('prompt> ');
    // A child that is about to become the logger has the relay's name for a moment.
    await session.until('one relay', () => session.processes('ssm-keepalive').length === 1);
    session.type(QUESTIONS);
    await session.shows(/<[^$]*>\r\n\d+\r\n/);
    assert.equal(await session.ends(), 21);
    const [, said = '', left] = /(<[^$]*>)\r\n(\d+)\r\n/.exec(session.screen) ?? [];
    assert.equal(left, '0');
    return { said, greetings: session.screen.split('site profile').length - 1 };
  } finally {
    session.close();
  }
}

const IS_LOGIN = '<-bash|/home/of user|/bin/bash|ssm-user|ssm-user|/home/of user|unset>';
// bash as sh sets SHELL by itself where it has none.
const isPlain = /^<sh\|\/home\/ssm-user\|[^|]*\|\|\|\/usr\/bin\|unset>$/;

for (const { name, executable } of ENTRY_SHELLS) {
  test(`${name} as sh: a session is the user's login shell, at home, greeted once`, { skip }, async () => {
    kept.write('etc/passwd', passwd('/bin/bash'));
    assert.deepEqual(await ask({ executable }), { said: IS_LOGIN, greetings: 1 });
  });

  test(`${name} as sh: what no login would start leaves plain sh, kept`, { skip }, async () => {
    for (const shell of [
      '',
      '/home/gone',
      '/home/not-executable',
      '/usr/sbin/nologin',
      '/bin/false',
      '/usr/bin/bash',
    ]) {
      kept.write('etc/passwd', passwd(shell));
      const { said, greetings } = await ask({ executable });
      assert.match(said, isPlain, shell);
      assert.equal(greetings, 0);
    }
  });

  test(`${name} as sh: a user of a directory service is asked for with getent, for two seconds at most`, {
    skip,
  }, async () => {
    kept.write('etc/passwd', 'root:x:0:0::/root:/bin/sh\n');
    kept.write(
      'tmp/getent',
      `#!/bin/sh\n[ "$*" = 'passwd 1001' ] && echo 'ssm-user:*:1001:1001::/home/of user:/bin/bash'\n`,
      0o755,
    );
    const extra = ['--ro-bind', kept.path('tmp/getent'), '/usr/bin/getent'];
    assert.equal((await ask({ executable, extra })).said, IS_LOGIN);
    kept.write('tmp/getent', '#!/bin/sh\nexec sleep 1000\n', 0o755);
    const { said } = await ask({ executable, extra });
    assert.match(said, isPlain);
  });
}

test('a home that is not there: the login shell starts where the session did', { skip }, async () => {
  kept.write('etc/passwd', passwd('/bin/bash', '/home/nowhere'));
  const { said } = await ask({ executable: '/usr/bin/dash' });
  assert.equal(said, '<-bash|/home/nowhere|/bin/bash|ssm-user|ssm-user|/usr/bin|unset>');
});

test('a login that names its shell keeps that shell', { skip }, async () => {
  kept.write('etc/passwd', passwd('/usr/bin/zsh'));
  const { said } = await ask({ executable: '/usr/bin/bash', argv0: '-bash', env: { ENV: '' } });
  assert.match(said, /^<-bash\|\/home\/ssm-user\|/);
});

test('without a relay the login shell takes the place of sh, and its profile entry starts the keeper', {
  skip,
}, async () => {
  prompted.write('etc/passwd', passwd('/bin/bash'));
  for (const { executable } of ENTRY_SHELLS) {
    const session = prompted.open({ executable, env: { ENV } });
    try {
      await session.until('a heartbeat', () => session.answered > 0);
      session.type('echo "<$HOME|$SHELL|$USER|$PWD>"; shopt login_shell; exit 21\r');
      await session.shows('</home/of user|/bin/bash|ssm-user|/home/of user>\r\nlogin_shell    \ton\r\n');
      assert.equal(await session.ends(), 21);
      assert.equal(session.screen.split('site profile').length, 2);
    } finally {
      session.close();
    }
  }
});
