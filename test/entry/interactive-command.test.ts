// Sessions of AWS-StartInteractiveCommand: the agent runs `sh -c COMMAND` on a terminal, with its own environment, so with our ENV.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ENV, installedSandbox, LIBRARY } from '../support/bundle.ts';
import { ENTRY_SHELLS, type Sandbox, type SessionOptions, skipUnless } from '../support/sandbox.ts';
import { someOf } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'zsh');

/** Shells that such a command starts; each meets an entry of its own. A script among them is a login shell that nobody types into. */
const KEPT = ['bash -l', 'bash', 'zsh -l', 'zsh', 'dash -l', 'fish -l'];
const PLAIN = [
  "bash -lc 'echo ENV=${ENV-unset}'",
  "dash -lc 'echo ENV=${ENV-unset}'",
  "zsh -lc 'echo ENV=${ENV-unset}'",
];
const absent = (command: string) => {
  const name = command.split(' ')[0]!;
  return !existsSync(`/usr/bin/${name}`) && `absent: ${name}`;
};
/** `sh -c` as the agent starts it. */
const commandOf = (command: string, executable = '/usr/bin/dash'): SessionOptions => ({
  executable,
  args: ['-c', command],
  env: { ENV },
});

let kept: Sandbox;
let withOwn: Sandbox;
before(() => {
  if (skip) return;
  kept = installedSandbox({ entries: ['env', 'profile', 'rc'] });
  withOwn = installedSandbox({ entries: ['env', 'profile', 'rc'] });
  withOwn.write(`${LIBRARY}/env-before`, '/etc/site.env\n');
});
after(() => {
  kept?.close();
  withOwn?.close();
});

describe('AWS-StartInteractiveCommand', { concurrency: 4 }, () => {
  for (const { name, executable } of someOf(ENTRY_SHELLS, 1))
    test(`${name} as sh: a command sees our ENV, has no keeper and keeps its exit status`, { skip }, () =>
      kept.inSession(
        commandOf('echo "ENV=${ENV-unset}"; read -r line; exit 5', executable),
        async (session) => {
          await session.see(`ENV=${ENV}\r`);
          assert.equal(session.processes('ssm-keepalive').length, 0);
          session.type('x\r');
          assert.equal(await session.exited(), 5);
          assert.equal(session.queries, 0);
        },
      ),
    );

  for (const command of someOf(KEPT, 3))
    test(`${command}: is kept, and nothing below it sees our ENV`, { skip: skip || absent(command) }, () =>
      kept.inSession(commandOf(command), async (session) => {
        await session.relay();
        session.type('sh -c \'echo "is ${ENV-unset}"\'; exit 6\r');
        assert.equal(await session.exited(), 6);
        assert.match(session.screen, /is unset\r/);
      }),
    );

  for (const command of someOf(PLAIN, 1))
    test(`${command}: a login shell without a person has no ENV of ours either`, { skip }, async () => {
      for (const [host, expected] of [
        [kept, 'unset'],
        [withOwn, '/etc/site.env'],
      ] as const)
        await host.inSession(commandOf(command), async (session) => {
          assert.equal(await session.exited(), 0);
          assert.equal(session.screen, `ENV=${expected}\r\n`);
        });
    });

  test('sh: the sh that a command becomes is kept like a plain session', { skip }, () =>
    kept.inSession(commandOf('exec sh'), async (session) => {
      await session.relay();
      session.type('echo "is ${ENV-unset}"; exit 7\r');
      assert.equal(await session.exited(), 7);
      assert.match(session.screen, /is unset\r/);
    }),
  );
});
