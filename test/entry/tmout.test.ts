import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { after, before, test } from 'node:test';
import { ENV, installedSandbox } from '../support/bundle.ts';
import { ENTRY_SHELLS, type Sandbox, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox');

let lifted: Sandbox;
let respected: Sandbox;
before(() => {
  if (skip) return;
  lifted = installedSandbox({ tmout: 'override' });
  respected = installedSandbox();
});
after(() => {
  lifted?.close();
  respected?.close();
});

const LOGIN = { executable: '/usr/bin/bash', argv0: '-bash' };
const PROFILE = 'for i in /etc/profile.d/*.sh; do [ ! -r "$i" ] || . "$i"; done\n';
const NOTE = 'ssm-keepalive: TMOUT is readonly: this shell will log out after 3000 seconds at its prompt';

/** What a login bash of this host says of TMOUT and PROMPT_COMMAND, with these lines in its startup files. */
async function look(host: Sandbox, profile: string, rc = ''): Promise<{ said: string; notes: number }> {
  host.write('etc/profile', profile);
  host.write('home/ssm-user/.bash_profile', rc);
  const session = host.open(LOGIN);
  try {
    await session.shows('prompt> ');
    session.type('echo fi"rst"\r');
    await session.until(
      'the second prompt',
      () => session.screen.includes('first\r\n') && session.screen.split('prompt> ').length > 2,
    );
    session.type(
      'echo "<${TMOUT-unset}|$(trap -p ALRM)${PROMPT_COMMAND[*]-}|$(set | grep -c ssmka)>"; exit 5\r',
    );
    assert.equal(await session.ends(), 5);
    return {
      said: /<[^$]*?>/.exec(session.screen)?.[0] ?? session.screen,
      notes: session.screen.split(NOTE).length - 1,
    };
  } finally {
    session.close();
  }
}

for (const [where, profile, rc] of [
  ['before the profile scripts', `TMOUT=3000\n${PROFILE}`, ''],
  ['after them, exported', `${PROFILE}TMOUT=3000; export TMOUT\n`, ''],
  ['in the user’s own file', PROFILE, 'TMOUT=3000\n'],
] as const) {
  test(`override lifts a TMOUT that was set ${where}`, { skip }, async () => {
    assert.deepEqual(await look(lifted, profile, rc), { said: '<unset||0>', notes: 0 });
  });
}

test('override leaves other uses of PROMPT_COMMAND as they are', { skip }, async () => {
  const uses = 'TMOUT=3000\n[ -z "$PROMPT_COMMAND" ] && PROMPT_COMMAND="echo hooked"\n';
  assert.equal((await look(lifted, PROFILE, uses)).said, '<unset|echo hooked|0>');
});

test('override says so once where TMOUT is readonly, and changes nothing', { skip }, async () => {
  assert.deepEqual(await look(lifted, `${PROFILE}readonly TMOUT=3000\n`), { said: '<3000||0>', notes: 1 });
});

test('respect leaves TMOUT alone', { skip }, async () => {
  assert.equal((await look(respected, `TMOUT=3000\n${PROFILE}`)).said, '<3000||0>');
});

for (const [what, rc, said, notes] of [
  ['lifts what a login zsh sets', 'TMOUT=3000\n', 'unset||0', 0],
  ['leaves the hooks of a login zsh', 'TMOUT=3000\nprecmd_functions+=(true)\n', 'unset|true|0', 0],
  ['leaves a readonly TMOUT of a login zsh, and says so', 'typeset -r TMOUT=3000\n', '3000||0', 1],
] as const) {
  test(`override ${what}`, { skip: skip || skipUnless('zsh') }, async () => {
    lifted.write('home/ssm-user/.zshrc', rc);
    const session = lifted.open({ executable: '/usr/bin/zsh', argv0: '-zsh' });
    try {
      await session.shows('prompt> ');
      session.type('echo "<${TMOUT-unset}|$precmd_functions|$(typeset | grep -c ssmka)>"; exit 5\r');
      assert.equal(await session.ends(), 5);
      assert.match(session.screen, new RegExp(`^<${said.replaceAll('|', '\\|')}>\r$`, 'm'));
      assert.equal(session.screen.split(NOTE).length - 1, notes);
    } finally {
      session.close();
    }
  });
}

for (const { name, executable } of ENTRY_SHELLS) {
  test(`${name} as sh: a TMOUT of the agent's environment is lifted by override alone`, {
    skip,
  }, async () => {
    for (const [host, expected] of [
      [lifted, '<unset>'],
      [respected, '<3000>'],
    ] as const) {
      const session = host.open({ executable, env: { ENV, TMOUT: '3000' } });
      try {
        await session.shows('prompt> ');
        session.type('echo "<${TMOUT-unset}>"; exit 5\r');
        assert.equal(await session.ends(), 5);
        assert.ok(session.screen.includes(expected), session.screen);
      } finally {
        session.close();
      }
    }
  });
}

for (const shell of ['ksh', 'mksh'] as const) {
  test(`${shell} in a kept session: override lifts what the agent gives, and what a startup file sets stays`, {
    skip: skip || skipUnless(shell),
  }, async () => {
    for (const [rc, expected] of [
      ['', /<(unset|0)>/],
      ['TMOUT=3000\n', /<3000>/],
    ] as const) {
      lifted.write(`home/ssm-user/.${shell}rc`, rc);
      const session = lifted.open({ executable: '/usr/bin/dash', env: { ENV, TMOUT: '2000' } });
      try {
        await session.shows('prompt> ');
        // Where the link leads: a sandbox has no /etc/alternatives.
        const path = realpathSync(`/usr/bin/${shell}`);
        session.type(`${path}; exit 6\r`);
        await session.until('the shell', () => session.processes(basename(path)).length > 0);
        session.type('echo "<${TMOUT-unset}>"; exit\r');
        assert.equal(await session.ends(), 6);
        assert.match(session.screen, expected);
      } finally {
        session.close();
      }
    }
  });
}

test('bash: a TMOUT of three seconds ends a kept login under respect, and not under override', {
  skip,
}, async () => {
  for (const host of [respected, lifted]) {
    host.write('etc/profile', `${PROFILE}TMOUT=3\n`);
    host.write('home/ssm-user/.bash_profile', '');
    const session = host.open(LOGIN);
    try {
      await session.shows('prompt> ');
      if (host === respected) {
        await session.ends();
        assert.match(session.screen, /timed out waiting for input/);
      } else {
        const before = session.answered;
        await session.until('five heartbeats', () => session.answered >= before + 5);
        session.type('exit 5\r');
        assert.equal(await session.ends(), 5);
      }
    } finally {
      session.close();
    }
  }
});
