import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { after, before, describe } from 'node:test';
import { ENV, installedSandbox } from '../support/bundle.ts';
import { ENTRY_SHELLS, Sandbox, type SessionOptions, skipUnless } from '../support/sandbox.ts';
import { testInTurn } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh', 'strace');

let kept: Sandbox;
let plain: Sandbox;
before(() => {
  if (skip) return;
  kept = installedSandbox();
  plain = new Sandbox();
  for (const sandbox of [kept, plain]) {
    sandbox.write('home/ssm-user/.kshrc', 'echo "kshrc of the user"\n');
    sandbox.write('home/ssm-user/.mkshrc', 'echo "mkshrc of the user"\n');
    sandbox.write('home/off/.config/ssm-keepalive/off', '');
    sandbox.write('etc/profile.d/50-site.sh', 'echo "site profile"\nPATH=$PATH:/opt/site/bin\n');
  }
});
after(() => {
  kept?.close();
  plain?.close();
});

/** What a session shows until it ends by itself, or after `input`. Line ends and pids aside, the same with and without us. */
async function transcript(
  sandbox: Sandbox,
  options: SessionOptions,
  input: string,
): Promise<{ screen: string; relays: number }> {
  return sandbox.inSession(options, async (session) => {
    let relays = 0;
    if (input !== '') {
      // ksh93 draws its prompt again once it reads keys, and types in what came before that a second time.
      await session.see(/ksh93$/.test(options.executable) ? /\x08$/ : /[$#>%] /);
      relays += session.processes('ssm-keepalive').length;
      session.type(input);
    }
    await session.until('the session to end', () => {
      relays += session.processes('ssm-keepalive').length;
      return session.exitStatus !== undefined;
    });
    return { screen: session.screen, relays };
  });
}

/** The same session on a host without us sees the same, and here no relay was ever up. */
async function assertNothingHappens(
  options: SessionOptions,
  input = '',
  env: Record<string, string> = { ENV },
) {
  const here = await transcript(kept, { ...options, env: { ...options.env, ...env } }, input);
  const { ENV: _, ...others } = env;
  const there = await transcript(plain, { ...options, env: { ...options.env, ...others } }, input);
  assert.equal(here.screen, there.screen);
  assert.equal(here.relays, 0);
}

const leave = 'echo "ENV=${ENV-unset}"; set | grep -a ssmka; exit 3\r';

describe('guards', { concurrency: 4 }, () => {
  for (const [place, { name, executable }] of ENTRY_SHELLS.entries()) {
    // Half of the rows a day, each in one shell.
    const testRow = testInTurn(place, 2 * ENTRY_SHELLS.length);
    testRow(`${name} as sh: sh -ic CMD is left alone`, { skip }, () =>
      assertNothingHappens({ executable, args: ['-ic', 'echo x "${ENV-unset}"'] }),
    );

    testRow(`${name} as sh: a script, and what scp and rsync start, are left alone`, { skip }, () =>
      assertNothingHappens({ executable, args: ['-c', 'echo ok'] }),
    );

    testRow(`${name} as sh: a shell that is not the agent's is left alone`, { skip }, () =>
      assertNothingHappens({ executable, parent: 'some-terminal' }, leave),
    );

    testRow(`${name} as sh: another command line than plain sh is left alone`, { skip }, () =>
      assertNothingHappens({ executable, args: ['-i'] }, leave),
    );

    testRow(
      `${name} as sh: /bin/sh as its own first word, as ECS Exec starts it, is kept below the agent alone`,
      {
        skip,
      },
      async () => {
        await assertNothingHappens({ executable, argv0: '/bin/sh', parent: 'some-terminal' }, leave);
        await kept.inSession(
          { executable, argv0: '/bin/sh', uid: 0, env: { ENV, HOME: '/root' } },
          async (session) => {
            await session.relay();
            session.type(leave);
            assert.equal(await session.exited(), 3);
            assert.match(session.screen, /ENV=unset/);
          },
        );
      },
    );

    testRow(
      `${name} as sh: a shell that was started from outside the container is left alone`,
      { skip },
      () =>
        assertNothingHappens(
          {
            executable: '/usr/bin/unshare',
            argv0: 'unshare',
            args: ['--pid', '--fork', '--mount-proc', 'sh'],
            uid: 0,
            extra: ['--cap-add', 'CAP_SYS_ADMIN', '--ro-bind', executable, '/tmp/bin/sh'],
            env: { PATH: '/tmp/bin:/usr/bin:/bin', HOME: '/root' },
          },
          leave,
        ),
    );

    testRow(`${name} as sh: a dumb terminal is left alone`, { skip }, () =>
      assertNothingHappens({ executable, env: { TERM: 'dumb' } }, leave),
    );

    testRow(
      `${name} as sh: SSM_KEEPALIVE=off and the user's own off file switch it off`,
      { skip },
      async () => {
        await assertNothingHappens({ executable, env: { SSM_KEEPALIVE: 'off' } }, leave);
        await assertNothingHappens({ executable, env: { HOME: '/home/off' } }, leave);
      },
    );

    testRow(`${name} as sh: /etc/ssm-keepalive/off switches it off for everybody`, { skip }, async () => {
      const off = installedSandbox();
      try {
        off.write('etc/ssm-keepalive/off', '');
        const { relays } = await transcript(off, { executable, env: { ENV } }, leave);
        assert.equal(relays, 0);
      } finally {
        off.close();
      }
    });

    testRow(`${name} as sh: out of scope it forks nothing and starts nothing`, { skip }, async () => {
      await kept.inSession(
        {
          executable: '/usr/bin/strace',
          argv0: 'strace',
          args: [
            '-f',
            '-o',
            `/tmp/trace.${name}`,
            '-e',
            'trace=fork,vfork,clone,clone3,execve',
            '-E',
            `ENV=${ENV}`,
            'sh',
            '-i',
          ],
          extra: ['--ro-bind', executable, '/tmp/bin/sh'],
          env: { PATH: '/tmp/bin:/usr/bin:/bin' },
        },
        async (session) => {
          await session.see('prompt> ');
          session.type('exit 4\r');
          assert.equal(await session.exited(), 4);
          const calls = kept
            .read(`tmp/trace.${name}`)
            .split('\n')
            .filter((line) => /fork\(|clone|execve\(/.test(line));
          assert.equal(calls.length, 1, `${calls.join('\n')}\n${session.screen}`);
        },
      );
    });

    testRow(
      `${name} as sh: hidepid=2 hides the parent, and the session is kept all the same`,
      {
        skip,
      },
      async () => {
        await kept.inSession(
          {
            executable,
            env: { ENV },
            extra: ['--cap-add', 'CAP_SYS_ADMIN'],
            prefix: ['/usr/bin/dash', '-c', 'mount -o remount,hidepid=2 /proc && exec "$@"', 'dash'],
          },
          async (session) => {
            await session.see('prompt> ');
            await session.relay();
            session.type('cat /proc/1/comm; exit 5\r');
            assert.equal(await session.exited(), 5);
            assert.match(session.screen, /No such file/);
          },
        );
      },
    );

    testRow(
      `${name} as sh: inside a kept session nothing of ours is to be seen, and a login shell starts no second relay`,
      {
        skip,
      },
      async () => {
        await kept.inSession({ executable, env: { ENV } }, async (session) => {
          await session.see('prompt> ');
          await session.relay();
          session.type(
            `echo "ENV=\${ENV-unset}"; set | grep -c ssmka; env | grep -ci -e ssmka -e keepalive; ls -l /proc/$$/fd >/tmp/fds.${name}; grep -c pipe /tmp/fds.${name}\r`,
          );
          await session.see(/ENV=unset\r\n0\r\n0\r\n0\r\n/);
          session.type('bash -l\r');
          await session.see('site profile');
          session.type('echo "in $((1+1))"\r');
          await session.see('in 2');
          assert.equal(session.processes('ssm-keepalive').length, 1);
        });
      },
    );
  }

  const testHalf = testInTurn(0, 2);
  for (const name of ['ksh', 'mksh'] as const) {
    testHalf(
      `${name}, also as sh: reads the rc file that it reads without us, and is left alone`,
      {
        skip,
      },
      async () => {
        await assertNothingHappens({ executable: realpathSync(`/usr/bin/${name}`), argv0: 'sh' }, leave);
        // Below a session no ENV of ours is left, so this is what a user who types `ksh` gets.
        await assertNothingHappens({ executable: realpathSync(`/usr/bin/${name}`), argv0: name }, leave, {});
      },
    );

    testHalf(`${name} -l is left alone`, { skip }, () =>
      assertNothingHappens(
        { executable: realpathSync(`/usr/bin/${name}`), argv0: name, args: ['-l'] },
        'echo "$PATH"; exit 3\r',
        {},
      ),
    );
  }

  testHalf('bash -lic CMD and bash -lc CMD are left alone', { skip }, async () => {
    const clean = 'env | grep -v -e "^_=" -e SHLVL | sort';
    await assertNothingHappens({ executable: '/usr/bin/bash', argv0: 'bash', args: ['-lic', clean] }, '', {});
    await assertNothingHappens({ executable: '/usr/bin/bash', argv0: 'bash', args: ['-lc', clean] }, '', {});
  });

  // Seconds in it, or a relay would come and go between two looks.
  testHalf('bash -lic CMD that takes its time is left alone', { skip }, () =>
    assertNothingHappens({ executable: '/usr/bin/bash', argv0: 'bash', args: ['-lic', 'sleep 1'] }, '', {}),
  );

  testHalf(
    'a login script with job control, and a login shell without it, are left alone',
    {
      skip,
    },
    async () => {
      for (const sandbox of [kept, plain]) sandbox.write('tmp/script', 'sleep 1; echo "script $-"\n');
      await assertNothingHappens(
        { executable: '/usr/bin/bash', argv0: 'bash', args: ['-lm', '/tmp/script'] },
        '',
        {},
      );
      // bash turns it on again for a shell with a prompt.
      const input = 'sleep 1; exit 3\r';
      await assertNothingHappens(
        { executable: '/usr/bin/dash', argv0: 'dash', args: ['-l', '+m'] },
        input,
        {},
      );
    },
  );

  testHalf('dash -lic CMD is left alone', { skip }, () =>
    assertNothingHappens(
      { executable: '/usr/bin/dash', argv0: 'dash', args: ['-lic', 'echo "$PATH"'] },
      '',
      {},
    ),
  );

  testHalf('bash -l in the background is left alone', { skip }, async () => {
    return kept.inSession({ executable: '/usr/bin/bash', argv0: 'bash' }, async (session) => {
      await session.see('prompt> ');
      session.type('bash -l </dev/tty >/dev/tty 2>&1 &\r');
      await session.see(/\[1\] \d+/);
      await session.until('the background shell to have been stopped or gone', () => {
        session.type('jobs\r');
        return /\[1\]\+? *(Stopped|Exit|Done)/.test(session.screen);
      });
      assert.equal(session.processes('ssm-keepalive').length, 0);
      session.type('kill -9 %1; exit\r');
    });
  });

  testHalf('a shell whose output or errors go elsewhere is left alone', { skip }, async () => {
    for (const where of ['>/dev/null', '2>/dev/null']) {
      await kept.inSession({ executable: '/usr/bin/bash', argv0: 'bash' }, async (session) => {
        await session.see('prompt> ');
        session.type(`bash -l ${where}\r`);
        await session.until('the login shell to read', () => session.commandLines().includes('bash -l'));
        session.type(`echo "level $SHLVL" >/dev/tty\r`);
        await session.see(/level \d/);
        assert.equal(session.processes('ssm-keepalive').length, 0);
      });
    }
  });

  testHalf('a shell whose output goes to another terminal is left alone', { skip }, async () => {
    await kept.inSession({ executable: '/usr/bin/bash', argv0: 'bash' }, async (session) => {
      await session.see('prompt> ');
      session.type(
        "setsid script -qc 'tty >/tmp/other; exec sleep 60' /dev/null </dev/null >/dev/null 2>&1 &\r",
      );
      await session.until(
        'the other terminal',
        () => kept.has('tmp/other') && /pts/.test(kept.read('tmp/other')),
      );
      session.type('bash -l >"$(cat /tmp/other)"\r');
      await session.until('the login shell to read', () => session.commandLines().includes('bash -l'));
      session.type('echo "level $SHLVL" >/dev/tty\r');
      await session.see(/level \d/);
      assert.equal(session.processes('ssm-keepalive').length, 0);
    });
  });

  testHalf('cron, and anything else without a terminal, is left alone', { skip }, () => {
    for (const { name, executable } of ENTRY_SHELLS) {
      const shell = name === 'busybox' ? [executable, 'sh'] : [executable];
      for (const args of [['-c', 'echo ok'], ['-i'], ['-s']]) {
        const here = kept.run([...shell, ...args], { env: { ENV, TERM: 'xterm' }, input: 'echo ok\n' });
        const there = plain.run([...shell, ...args], { env: { TERM: 'xterm' }, input: 'echo ok\n' });
        assert.equal(here.stdout, there.stdout, name);
        assert.equal(here.status, there.status, name);
      }
    }
  });
});
