import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ENV, installedSandbox } from '../support/bundle.ts';
import { ENTRY_SHELLS, type Sandbox, skipUnless } from '../support/sandbox.ts';
import { rotate, TURN, testInTurn } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'zsh');

const testHalf = testInTurn(0, 2);

let host: Sandbox;
let bashrc = '';
before(() => {
  if (skip) return;
  host = installedSandbox({ entries: ['env', 'profile', 'rc'] });
  bashrc = host.read('etc/bash.bashrc');
});
after(() => host?.close());

const PROFILE = 'for i in /etc/profile.d/*.sh; do [ ! -r "$i" ] || . "$i"; done\n';

// Exported: child shells have it. Readonly: nobody can unset it. Whatever we did to a hook would show in one of them.
const HOOKS = [
  ['no PROMPT_COMMAND', '', /^<3000\|[^|]*PROMPT_COMMAND: not found\|0\|/],
  [
    'an exported PROMPT_COMMAND',
    'export PROMPT_COMMAND="true audit"\n',
    /^<3000\|declare -x PROMPT_COMMAND="true audit"\|1\|/,
  ],
  [
    'a readonly PROMPT_COMMAND',
    'readonly PROMPT_COMMAND="true audit"\n',
    /^<3000\|declare -r PROMPT_COMMAND="true audit"\|0\|/,
  ],
] as const;
/** How bash starts, and which file sets the hook, before it leads to us. */
const STARTS = [
  ['a login', '-bash', 'etc/profile', () => PROFILE],
  ['a shell by its rc', 'bash', 'etc/bash.bashrc', () => bashrc],
] as const;
for (const [what, hook, expected] of HOOKS)
  for (const [start, argv0, file, leadsToUs] of STARTS)
    testHalf(
      `bash: TMOUT and ${what} are in ${start} that is kept what they are without us`,
      { skip },
      async () => {
        const looked: string[] = [];
        for (const env of [{}, { SSM_KEEPALIVE: 'off' }]) {
          host.write(file, `TMOUT=3000\n${hook}${leadsToUs()}`);
          await host.inSession({ executable: '/usr/bin/bash', argv0, env }, async (session) => {
            await session.see('prompt> ');
            session.type(
              'echo "<$TMOUT|$(declare -p PROMPT_COMMAND 2>&1)|$(env | grep -c ^PROMPT_COMMAND=true)|$(trap -p)|$(set | grep -c ^__ssmka)>"; read -r comm </proc/$PPID/comm; echo "below $comm"; exit 5\r',
            );
            assert.equal(await session.exited(), 5);
            assert.doesNotMatch(session.screen, /cannot unset|command not found|readonly variable/);
            assert.equal(
              /^below ssm-keepalive/m.test(session.screen),
              !('SSM_KEEPALIVE' in env),
              session.screen,
            );
            looked.push(/^<3000[^>]*>/m.exec(session.screen)?.[0] ?? session.screen);
          });
        }
        assert.equal(looked[0], looked[1]);
        assert.match(looked[0]!, expected);
        assert.match(looked[0]!, /\|0>$/);
      },
    );

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
