import assert from 'node:assert/strict';
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
import { isLong, TURN } from '../support/turns.ts';

const missing = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'zsh');

const PYTHON = '#!/bin/sh\nexec /usr/bin/python3 "$@"\n';

/** Puts another program where the interpreter was recorded; the entry has no way to know it is none. */
function pretendInterpreter(sandbox: Sandbox, text: string) {
  const version = sandbox.read(`${LIBRARY}/current`).trim();
  sandbox.write('tmp/pretender', text, 0o755);
  sandbox.write(`${LIBRARY}/${version}/interpreter`, '/tmp/pretender\n');
}

/** What everybody does next: a command runs, terminal modes are a shell's own, nothing is left in `jobs`, the status arrives. */
async function assertShellWorks(session: PtySession) {
  session.type(
    'printf "works %d\\n" 42; jobs; stty -a | tr " ;" "\\n" | command grep -x -e icanon -e opost -e echo; exit 9\r',
  );
  await session.see('works 42');
  assert.equal(await session.exited(), 9);
  const said = session.screen
    .slice(session.screen.indexOf('works 42'))
    .replace('jobs: There are no jobs\r\n', '');
  assert.match(said, /works 42\r\nicanon\r\necho\r\nopost|works 42\r\nopost\r\nicanon\r\necho/);
  // zsh names no job, but says `killed` or `suspended` of it on the terminal itself, wherever its errors go.
  assert.doesNotMatch(session.screen, /Killed|Stopped|become_relay|pretender|SyntaxError/);
  await session.until('no relay to be left', () => session.processes('ssm-keepalive').length === 0);
}

const sentence = 'ssm-keepalive: the relay is gone; this plain shell can time out';
const times = (text: string, part: string) => text.split(part).length - 1;

/** Where the death of a running relay is always looked at: of both signals in the first, of one by turns in the others. */
const ALWAYS = ['dash as sh', '-bash', '-zsh', '-fish'];
/** Every other way to fail in one shell, another for each, by turns; in the long run in all of them. */
const isTurn = (way: WayIn, kind: number): boolean =>
  isLong || (WAYS_IN.indexOf(way) + kind + TURN) % WAYS_IN.length === 0;
const isDeathSeen = ({ name }: WayIn, kind: number): boolean => {
  const place = ALWAYS.indexOf(name);
  return isLong || place === 0 || (place > 0 && (place + kind + TURN) % 2 === 0);
};
/** `test`, or nothing at all. */
const testWhere = (isDue: boolean) => (isDue ? test : () => undefined);

/** One way after another would take minutes, nearly all of it waiting. */
describe('whatever becomes of the relay', { concurrency: 4 }, () => {
  for (const way of WAYS_IN) testWay(way);
});

/** A session whose relay has not started yet. It is given up on after 3 s, which a busy machine can be late for: then another one. */
async function openWhileStarting(
  open: () => PtySession,
): Promise<{ session: PtySession; pretender: number }> {
  for (let left = 4; left > 0; left--) {
    const session = open();
    // The watcher sleeps one second at a time; the pretender is the one with a thousand.
    const pretender = () =>
      session.processes('sleep').find((pid) => session.commandLine(pid).includes('1000'));
    let found: number | undefined;
    await session.until('the relay to be starting, or given up on', () => {
      found = pretender();
      return found !== undefined || session.screen.includes('prompt> ');
    });
    if (found !== undefined) return { session, pretender: found };
    session.close();
  }
  return assert.fail('every relay was given up on before it was seen');
}

function testWay(way: WayIn) {
  const { name } = way;
  const skip = missing || lacksShell(way);
  /** On a host of its own, whose interpreter is this program. No prompt keeper asks so soon: a query could cross the start of a program. */
  const withInterpreter = async (text: string, body: (open: () => PtySession) => Promise<void>) => {
    const intervalSeconds = text === PYTHON ? 1 : 45;
    const host = installedSandbox(
      { entries: ['env', 'profile', 'rc'], intervalSeconds },
      { isPatient: text === PYTHON },
    );
    try {
      pretendInterpreter(host, text);
      await body(() => host.open(way));
    } finally {
      host.close();
    }
  };

  const inSession = (text: string, body: (session: PtySession) => Promise<void>) =>
    withInterpreter(text, async (open) => {
      const session = open();
      try {
        await body(session);
      } finally {
        session.close();
      }
    });

  for (const [turn, signal] of (['SIGKILL', 'SIGSTOP'] as const).entries()) {
    testWhere(isDeathSeen(way, turn))(
      `${name}: the session goes on as the plain shell after ${signal} of a running relay, with one line of text`,
      {
        skip,
      },
      () =>
        inSession(PYTHON, async (session) => {
          await session.see('prompt> ');
          process.kill(await session.relay(), signal);
          await session.see(sentence);
          // busybox sets its modes, and drops what was typed, before it prompts.
          await session.until('the prompt after it', () =>
            session.screen.slice(session.screen.indexOf(sentence)).includes('prompt> '),
          );
          await assertShellWorks(session);
          assert.equal(times(session.screen, 'ssm-keepalive'), 1);
        }),
    );

    testWhere(isTurn(way, 3 + turn))(
      `${name}: an answer on its way at the ${signal} of a relay is not read by the plain shell`,
      {
        skip,
      },
      () =>
        inSession(PYTHON, async (session) => {
          session.answers = 'never';
          await session.until('a query', () => session.queries > 0);
          process.kill(await session.relay(), signal);
          session.type('\x1b[0n');
          await session.see(sentence);
          await session.until('the prompt after it', () =>
            session.screen.slice(session.screen.indexOf(sentence)).includes('prompt> '),
          );
          await assertShellWorks(session);
        }),
    );

    testWhere(isTurn(way, 5 + turn))(
      `${name}: the session is the plain shell after ${signal} of a relay that had not started, and nothing is said`,
      {
        skip,
      },
      () =>
        withInterpreter('#!/bin/sh\nexec sleep 1000\n', async (open) => {
          const { session, pretender } = await openWhileStarting(open);
          try {
            process.kill(pretender, signal);
            await session.see('prompt> ');
            await assertShellWorks(session);
            assert.equal(times(session.screen, 'ssm-keepalive'), 0);
          } finally {
            session.close();
          }
        }),
    );
  }

  testWhere(isTurn(way, 7))(
    `${name}: an interpreter that never comes up is given up on, and a line typed meanwhile runs once`,
    {
      skip,
    },
    () =>
      inSession('#!/bin/sh\nexec sleep 1000\n', async (session) => {
        session.type('printf "typed %d early\\n" 23\r');
        await session.see('typed 23 early');
        assert.equal(times(session.screen, 'typed 23 early'), 1);
        await assertShellWorks(session);
      }),
  );

  for (const [turn, [what, text]] of (
    [
      ['is not there any more', '#!/nonexistent/python3\n'],
      ['meets a syntax error', '#!/bin/sh\necho "SyntaxError: invalid syntax" >&2\nexit 1\n'],
      ['ends without a word', '#!/bin/sh\nexit 0\n'],
    ] as const
  ).entries()) {
    testWhere(isTurn(way, turn))(
      `${name}: an interpreter that ${what} leaves the plain shell`,
      { skip },
      () =>
        inSession(text, async (session) => {
          await session.see('prompt> ');
          await assertShellWorks(session);
        }),
    );
  }

  testWhere(isTurn(way, 3))(`${name}: the exit status of the shell inside is the session's`, { skip }, () =>
    inSession(PYTHON, async (session) => {
      await session.see('prompt> ');
      await session.relay();
      session.type('exit 77\r');
      assert.equal(await session.exited(), 77);
      assert.equal(
        times(session.screen, 'exit\r\n'),
        way.executable.endsWith('bash') && way.argv0 !== '-bash' ? 1 : 0,
      );
    }),
  );
}

/** What stands for stty, and whether a relay starts: uutils before 0.4 does not read what its own `stty -g` prints. */
const STTYS = [
  [
    'one that refuses the words of `stty -g`',
    'case $1 in *:*:*) exit 1 ;; esac\nexec /tmp/stty-of-the-host "$@"\n',
    true,
  ],
  ['none', '', false],
] as const;

for (const [what, text, isKept] of STTYS)
  test(`dash as sh: with an stty that is ${what} nobody is left on a raw terminal`, {
    skip: missing,
  }, async () => {
    const host = installedSandbox({ entries: ['env'], intervalSeconds: 1 }, { isPatient: true });
    try {
      host.write('tmp/stty', text && `#!/bin/sh\n${text}`, text ? 0o755 : 0o644);
      host.extra = [
        '--ro-bind',
        '/usr/bin/stty',
        '/tmp/stty-of-the-host',
        '--ro-bind',
        host.path('tmp/stty'),
        '/usr/bin/stty',
      ];
      const session = host.open(WAYS_IN.find(({ name }) => name === 'dash as sh')!);
      try {
        await session.see('prompt> ');
        if (isKept) {
          process.kill(await session.relay(), 'SIGKILL');
          await session.see(sentence);
          await assertShellWorks(session);
          return;
        }
        assert.equal(session.processes('ssm-keepalive').length, 0);
        session.type('echo works $((40 + 2)); exit 9\r');
        await session.see('works 42');
        assert.equal(await session.exited(), 9);
      } finally {
        session.close();
      }
    } finally {
      host.close();
    }
  });
