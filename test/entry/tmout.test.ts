import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ENV, installedSandbox } from '../support/bundle.ts';
import { ENTRY_SHELLS, type Sandbox, skipUnless } from '../support/sandbox.ts';
import { rotate, TURN, testInTurn } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'zsh');

const testHalf = testInTurn(0, 2);

let host: Sandbox;
before(() => {
  if (!skip) host = installedSandbox();
});
after(() => host?.close());

const PROFILE = 'for i in /etc/profile.d/*.sh; do [ ! -r "$i" ] || . "$i"; done\n';

// An array, one that is exported, one that is readonly: whatever we did to a hook would show in one of them.
for (const [what, hook] of [
  ['no PROMPT_COMMAND', ''],
  ['an exported PROMPT_COMMAND', 'export PROMPT_COMMAND="true audit"\n'],
  ['a readonly PROMPT_COMMAND', 'readonly PROMPT_COMMAND="true audit"\n'],
] as const) {
  testHalf(`bash: TMOUT and ${what} are in a kept login what a login without us has`, { skip }, async () => {
    const looked: string[] = [];
    for (const env of [{}, { SSM_KEEPALIVE: 'off' }]) {
      host.write('etc/profile', `TMOUT=3000\n${hook}${PROFILE}`);
      await host.inSession({ executable: '/usr/bin/bash', argv0: '-bash', env }, async (session) => {
        await session.see('prompt> ');
        session.type(
          'echo "<$TMOUT|$(declare -p PROMPT_COMMAND 2>&1)|$(trap -p)|$(set | grep -c ^__ssmka)>"; exit 5\r',
        );
        assert.equal(await session.exited(), 5);
        assert.doesNotMatch(session.screen, /cannot unset|command not found|readonly variable/);
        looked.push(/^<3000[^>]*>/m.exec(session.screen)?.[0] ?? session.screen);
      });
    }
    assert.equal(looked[0], looked[1]);
    assert.match(looked[0]!, /\|0>$/);
  });
}

testHalf('zsh: TMOUT and precmd_functions stay as a login sets them', { skip }, async () => {
  host.write('home/ssm-user/.zshrc', 'TMOUT=3000\nprecmd_functions+=(true)\n');
  await host.inSession({ executable: '/usr/bin/zsh', argv0: '-zsh' }, async (session) => {
    await session.see('prompt> ');
    session.type('echo "<$TMOUT|$precmd_functions|$(typeset | grep -c ssmka)>"; exit 5\r');
    assert.equal(await session.exited(), 5);
    assert.match(session.screen, /^<3000\|true\|0>\r$/m);
  });
});

for (const { name, executable } of rotate(ENTRY_SHELLS, TURN)) {
  test(`${name} as sh: a TMOUT of the agent's environment is there inside`, { skip }, async () => {
    await host.inSession({ executable, env: { ENV, TMOUT: '3000' } }, async (session) => {
      await session.see('prompt> ');
      session.type('echo "<${TMOUT-unset}>"; exit 5\r');
      assert.equal(await session.exited(), 5);
      assert.ok(session.screen.includes('<3000>'), session.screen);
    });
  });
}

test('bash: a TMOUT of three seconds ends a kept login', { skip }, async () => {
  host.write('etc/profile', `${PROFILE}TMOUT=3\n`);
  await host.inSession({ executable: '/usr/bin/bash', argv0: '-bash' }, async (session) => {
    await session.see('prompt> ');
    await session.exited();
    assert.match(session.screen, /timed out waiting for input/);
  });
});
