// Sessions that begin badly: a key that interrupts, a relay that cannot be read, hardly any descriptors. Each is a shell that works.
import assert from 'node:assert/strict';
import { chmodSync, renameSync } from 'node:fs';
import { describe, test } from 'node:test';
import { installedSandbox, LIBRARY } from '../support/bundle.ts';
import {
  lacksShell,
  type PtySession,
  type Sandbox,
  skipUnless,
  WAYS_IN,
  type WayIn,
} from '../support/sandbox.ts';
import { isLong, rotate, someOf, TURN } from '../support/turns.ts';

const missing = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'zsh');

/** By turns: the agent's plain sh and fish, whose entry is its own, meet every second row, the others every fourth. */
const testRow = ({ name }: WayIn, row: number): typeof test | (() => void) => {
  const place = WAYS_IN.findIndex((way) => way.name === name);
  const every = ['dash as sh', '-fish'].includes(name) ? 2 : 4;
  return isLong || (TURN + place + row) % every === 0 ? test : () => {};
};

/** Of the shells it alone makes files of here-documents. */
const ZSH = rotate(
  WAYS_IN.filter(({ executable }) => executable.endsWith('/zsh')),
  TURN,
);

const SHM = ['--perms', '1777', '--tmpfs', '/dev/shm'];
const FILL = ['/usr/bin/dash', '-c', '(head -c 9999 /dev/zero >/tmp/all) 2>/dev/null; exec "$@"', 'dash'];

/** Each is done without by the shells that are asked. The first two ended the session. */
const REFUSED = [
  ['kill', 'setsid'],
  ['errno', 'pipe,pipe2'],
  ['kill', 'memfd_create'],
  ['errno', 'setsid'],
  ['errno', 'readlink,readlinkat'],
  ['errno', 'getrandom'],
] as const;

describe('hard starts', { concurrency: 4 }, () => {
  for (const way of WAYS_IN) testWay(way);
  testFewShells();
});

/** Limits that concern some shells alone. */
function testFewShells() {
  // bash waits fifteen seconds for a process; fish needs one itself.
  for (const [name, uid] of [
    ['dash as sh', 41_001],
    ['-bash', 41_002],
  ] as const)
    test(`${name}: where no process is to be had Ctrl-C is not held up for good`, {
      skip: missing || (process.getuid?.() === 0 ? false : 'needs root to be somebody who has such a limit'),
    }, async () => {
      const host = installedSandbox({ entries: ['env', 'profile'] });
      try {
        const way = WAYS_IN.find((known) => known.name === name)!;
        const prefix = ['/usr/bin/bash', '-c', 'ulimit -u 1; exec "$@"', 'bash'];
        // A user of its own: processes of other tests count too.
        await host.inSession({ ...way, uid, prefix }, async (session) => {
          await session.see('$ ');
          await assertCanInterrupt(session);
        });
      } finally {
        host.close();
      }
    });

  test('zsh: where no file may have a byte the shell works', { skip: missing }, async () => {
    const host = installedSandbox({ entries: ['profile', 'rc'] });
    const prefix = ['/usr/bin/dash', '-c', 'ulimit -f 0; exec "$@"', 'dash'];
    try {
      for (const way of ZSH)
        await host.inSession({ ...way, prefix }, async (session) => {
          await session.see('prompt> ');
          await assertShellWorks(session);
        });
    } finally {
      host.close();
    }
  });

  test('zsh: where /tmp is full or cannot be written the session has the relay all the same, and TMPPREFIX as before', {
    skip: missing,
  }, async () => {
    const host = installedSandbox({ entries: ['profile', 'rc'] });
    try {
      for (const extra of [
        ['--ro-bind', '/var', '/tmp'],
        ['--size', '4096', '--tmpfs', '/tmp'],
      ])
        for (const way of ZSH)
          await host.inSession({ ...way, extra: [...SHM, ...extra], prefix: [...FILL] }, async (session) => {
            await session.relay();
            session.type('echo "<$TMPPREFIX>"\r');
            await session.see('</tmp/zsh>');
            await assertShellWorks(session);
          });
    } finally {
      host.close();
    }
  });

  test('where the kernel refuses a system call the shell works', { skip: missing }, async () => {
    const host = installedSandbox({ entries: ['env'] });
    try {
      for (const [mode, calls] of [...REFUSED.slice(0, 2), ...someOf(REFUSED.slice(2), 1)])
        await Promise.all(
          WAYS_IN.filter(({ name }) => ['dash as sh', 'bash as sh'].includes(name)).map((way) => {
            const args = ['-IS', '/support/refuse-calls.py', mode, calls, way.executable, way.argv0];
            const { env = {} } = way;
            return host.inSession({ executable: '/usr/bin/python3', args, env }, async (session) => {
              await session.see(/[$>] /);
              await assertCanInterrupt(session);
              await assertPlainCommandWorks(session);
            });
          }),
        );
    } finally {
      host.close();
    }
  });
}

/** Ctrl-C is not ignored. Asked with a builtin and the shell's own file. */
async function assertCanInterrupt(session: PtySession) {
  session.type(
    'while read -r key value; do [ "$key" = SigIgn: ] && echo "<$value>"; done </proc/$$/status\r',
  );
  const [, ignored = ''] = await session.see(/<([0-9a-f]+)>/);
  assert.equal(Number.parseInt(ignored, 16) & 2, 0, ignored);
}

/** A command runs, nothing of ours is left in the shell, and its status arrives. */
async function assertShellWorks(session: PtySession) {
  session.type('printf "works %d\\n" 42; set | command grep -c ssmka; exit 9\r');
  await session.see(/works 42\r\n0\r\n/);
  assert.equal(await session.exited(), 9);
}

/** The same with whatever keeper is left, which may have names of its own. */
async function assertPlainCommandWorks(session: PtySession) {
  session.type('printf "works %d\\n" 42; exit 9\r');
  await session.see('works 42');
  assert.equal(await session.exited(), 9);
}

function testWay(way: WayIn) {
  const { name } = way;
  const skip = missing || lacksShell(way);
  const inHost = async (body: (host: Sandbox, version: string) => Promise<void>) => {
    const host = installedSandbox({ entries: ['env', 'profile', 'rc'] });
    try {
      await body(host, `${LIBRARY}/${host.read(`${LIBRARY}/current`).trim()}`);
    } finally {
      host.close();
    }
  };

  testRow(way, 0)(
    `${name}: Ctrl-C while the relay is starting ends nothing, and interrupts programs afterwards`,
    {
      skip,
    },
    () =>
      inHost(async (host, version) => {
        host.write('tmp/slow', '#!/bin/sh\n: >/tmp/begun\nsleep 1\nexec /usr/bin/python3 "$@"\n', 0o755);
        host.write(`${version}/interpreter`, '/tmp/slow\n');
        await host.inSession(way, async (session) => {
          await session.until('the interpreter to be starting', () => host.has('tmp/begun'));
          session.type('\x03');
          await session.relay();
          // The interrupt may reach the shell only now, and takes with it what was typed after it.
          await session.until('the shell to read', () => {
            session.type('echo re"ad"\r');
            return session.screen.includes('read\r\n');
          });
          session.type('sleep 1000\r');
          const isAsleep = () =>
            session.processes('sleep').some((pid) => session.commandLine(pid).includes('1000'));
          await session.until('the sleep', isAsleep);
          session.type('\x03');
          await session.until('the sleep to be interrupted', () => !isAsleep());
          await assertShellWorks(session);
        });
      }),
  );

  testRow(way, 1)(
    `${name}: a relay.py that is missing or may not be read leaves a shell that works`,
    {
      skip,
    },
    () =>
      inHost(async (host, version) => {
        const path = host.path(`${version}/relay.py`);
        for (const [spoil, mend] of [
          [() => chmodSync(path, 0), () => chmodSync(path, 0o644)],
          [() => renameSync(path, `${path}.away`), () => renameSync(`${path}.away`, path)],
        ] as const) {
          spoil();
          const session = host.open(way);
          try {
            await session.see('prompt> ');
            assert.ok(!session.commandLines().some((line) => line.includes('import relay')));
            await assertPlainCommandWorks(session);
            assert.doesNotMatch(session.screen, /relay|ssm-keepalive|denied|No such file/);
          } finally {
            session.close();
            mend();
          }
        }
      }),
  );

  // With fewer some shells cannot read a startup file at all, whoever wrote it.
  const fewest = way.executable === '/usr/bin/bash' ? 10 : 20;
  testRow(way, 2)(`${name}: where ${fewest} descriptors are the limit the shell works`, { skip }, () =>
    inHost((host) => {
      const prefix = ['/usr/bin/dash', '-c', `ulimit -n ${fewest}; exec "$@"`, 'dash'];
      return host.inSession({ ...way, prefix }, async (session) => {
        await session.see(/[$>] /);
        await assertPlainCommandWorks(session);
      });
    }),
  );
}
