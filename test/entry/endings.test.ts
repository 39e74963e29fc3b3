import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ENV, installedSandbox, LIBRARY } from '../support/bundle.ts';
import { ENTRY_SHELLS, type Sandbox, skipUnless } from '../support/sandbox.ts';
import { rotate, TURN, testInTurn } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox');

let sandbox: Sandbox;
before(() => {
  if (!skip) sandbox = installedSandbox();
});
after(() => sandbox?.close());

describe('endings', { concurrency: 4 }, () => {
  for (const [place, { name, executable }] of ENTRY_SHELLS.entries()) {
    testInTurn(place, ENTRY_SHELLS.length)(
      `${name} as sh: a session whose program dies of Ctrl-C in the shell's place is over`,
      {
        skip,
      },
      async () => {
        await sandbox.inSession({ executable, env: { ENV } }, async (session) => {
          await session.relay();
          session.type('exec sleep 1000\r');
          await session.until('the sleep', () =>
            session.processes('sleep').some((pid) => session.commandLine(pid).includes('1000')),
          );
          // Nothing is on its way then: the terminal itself would echo it after the end.
          await session.heartbeats();
          session.type('\x03');
          assert.equal(await session.exited(), 130);
          assert.doesNotMatch(session.screen, /0n/);
        });
      },
    );

    // Line editors may meet a NUL there without us too: they switch the terminal's modes before they read.
    if (name !== 'dash') continue;
    test(`${name} as sh: Ctrl-D typed before the shell was ready ends the session, as without us`, {
      skip,
    }, async () => {
      await sandbox.inSession({ executable, env: { ENV } }, async (session) => {
        session.type('\x04');
        assert.equal(await session.exited(), 0);
      });
    });
  }

  for (const shell of rotate(
    [
      { name: '-bash', executable: '/usr/bin/bash', argv0: '-bash' },
      { name: '-sh (dash)', executable: '/usr/bin/dash', argv0: '-sh' },
    ],
    TURN,
  )) {
    test(`${shell.name}: a profile that says set -e locks nobody out, whatever becomes of the relay`, {
      skip,
    }, async () => {
      const host = installedSandbox();
      try {
        // As administrators do it: strict for all that follows, and back again at the end.
        host.write('etc/profile', `set -e\n${host.read('etc/profile')}\nset +e\n`);
        const version = host.read(`${LIBRARY}/current`).trim();
        const recorded = host.read(`${LIBRARY}/${version}/interpreter`);
        host.write('tmp/broken', '#!/bin/sh\nexit 1\n', 0o755);
        for (const interpreter of ['/tmp/broken\n', recorded]) {
          host.write(`${LIBRARY}/${version}/interpreter`, interpreter);
          await host.inSession(shell, async (session) => {
            await session.see('prompt> ');
            if (interpreter === recorded) {
              process.kill(await session.relay(), 'SIGKILL');
              await session.see('this plain shell');
            }
            session.type('echo "works $((40+2))"; exit 9\r');
            await session.see('works 42');
            assert.equal(await session.exited(), 9);
          });
        }
      } finally {
        host.close();
      }
    });
  }

  test('bash -l in an unkept shell: an answer on its way when it ends is not read by that shell', {
    skip,
  }, async () => {
    await sandbox.inSession({ executable: '/usr/bin/dash', argv0: 'sh' }, async (session) => {
      session.answers = 'never';
      await session.see(/[$>] /);
      session.type('bash -l\r');
      await session.relay();
      await session.until('a query', () => session.queries > 0);
      session.type('exit\r');
      // Not before the inner shell has left, and well within the second that the relay waits.
      await session.until('the logout', () => /logout|exit\r\n/.test(session.screen));
      session.type('\x1b[0n');
      await session.until('the outer prompt', () => session.screen.split('prompt> ').length > 3);
      session.type('echo "outer $((3+4))"; exit 5\r');
      await session.see('outer 7');
      assert.equal(await session.exited(), 5);
      assert.doesNotMatch(session.screen, /\^\[\[0n|0n: not found/);
    });
  });
});
