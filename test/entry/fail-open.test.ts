import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ENV, installedSandbox, LIBRARY } from '../support/bundle.ts';
import { ENTRY_SHELLS, type PtySession, type Sandbox, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox');

let sandbox: Sandbox;
before(() => {
  if (!skip) sandbox = installedSandbox();
});
after(() => sandbox?.close());

/** Puts another program where the interpreter was recorded; the entry has no way to know it is none. */
function pretendInterpreter(text: string) {
  const version = sandbox.read(`${LIBRARY}/current`).trim();
  sandbox.write('tmp/pretender', text, 0o755);
  sandbox.write(`${LIBRARY}/${version}/interpreter`, '/tmp/pretender\n');
}

const open = (executable: string) => sandbox.open({ executable, env: { ENV } });

/** What everybody does next: a command runs, terminal modes are a shell's own, nothing is left in `jobs`, the status arrives. */
async function assertShellWorks(session: PtySession) {
  session.type(
    'echo "works $((40+2))"; jobs; stty -a | tr " ;" "\\n" | grep -x -e icanon -e opost -e echo; exit 9\r',
  );
  await session.shows('works 42');
  assert.equal(await session.ends(), 9);
  const said = session.screen.slice(session.screen.indexOf('works 42'));
  assert.match(said, /works 42\r\nicanon\r\necho\r\nopost|works 42\r\nopost\r\nicanon\r\necho/);
  assert.doesNotMatch(session.screen, /Killed|Stopped|become_relay/);
  await session.until('no relay to be left', () => session.processes('ssm-keepalive').length === 0);
}

const sentence = 'ssm-keepalive: the relay is gone; this is the plain shell, and it can time out';
const times = (text: string, part: string) => text.split(part).length - 1;

for (const { name, executable } of ENTRY_SHELLS) {
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    test(`${name} as sh: the session goes on as the plain shell after ${signal} of a running relay, with one line of text`, {
      skip,
    }, async () => {
      pretendInterpreter('#!/bin/sh\nexec /usr/bin/python3 "$@"\n');
      const session = open(executable);
      try {
        await session.shows('prompt> ');
        await session.until('a heartbeat', () => session.answered > 0);
        process.kill(session.processes('ssm-keepalive')[0]!, signal);
        await session.shows(sentence);
        // busybox sets its modes, and drops what was typed, before it prompts.
        await session.until('the prompt after it', () =>
          session.screen.slice(session.screen.indexOf(sentence)).includes('prompt> '),
        );
        await assertShellWorks(session);
        assert.equal(times(session.screen, 'ssm-keepalive'), 1);
      } finally {
        session.close();
      }
    });

    test(`${name} as sh: an answer on its way at the ${signal} of a relay is not read by the plain shell`, {
      skip,
    }, async () => {
      pretendInterpreter('#!/bin/sh\nexec /usr/bin/python3 "$@"\n');
      const session = open(executable);
      try {
        session.answers = false;
        await session.until('a query', () => session.screen.includes('\x1b[5n'));
        process.kill(session.processes('ssm-keepalive')[0]!, signal);
        session.type('\x1b[0n');
        await session.shows(sentence);
        await session.until('the prompt after it', () =>
          session.screen.slice(session.screen.indexOf(sentence)).includes('prompt> '),
        );
        await assertShellWorks(session);
      } finally {
        session.close();
      }
    });

    test(`${name} as sh: the session is the plain shell after ${signal} of a relay that had not started, and nothing is said`, {
      skip,
    }, async () => {
      pretendInterpreter('#!/bin/sh\nexec sleep 1000\n');
      const session = open(executable);
      try {
        await session.until('the relay to be starting', () => session.processes('sleep').length > 0);
        // The watcher sleeps one second at a time; the pretender is the one with a thousand.
        const pretender = session.processes('sleep').find((pid) => session.commandLine(pid).includes('1000'));
        process.kill(pretender ?? session.processes('pretender')[0]!, signal);
        await session.shows('prompt> ');
        await assertShellWorks(session);
        assert.equal(times(session.screen, 'ssm-keepalive'), 0);
      } finally {
        session.close();
      }
    });
  }

  test(`${name} as sh: an interpreter that never comes up is given up on, and a line typed meanwhile runs once`, {
    skip,
  }, async () => {
    pretendInterpreter('#!/bin/sh\nexec sleep 1000\n');
    const session = open(executable);
    try {
      session.type('echo "typed $((20+3)) early"\r');
      await session.shows('typed 23 early');
      assert.equal(times(session.screen, 'typed 23 early'), 1);
      await assertShellWorks(session);
    } finally {
      session.close();
    }
  });

  for (const [what, text] of [
    ['is not there any more', '#!/nonexistent/python3\n'],
    ['meets a syntax error', '#!/bin/sh\necho "SyntaxError: invalid syntax" >&2\nexit 1\n'],
    ['ends without a word', '#!/bin/sh\nexit 0\n'],
  ] as const) {
    test(`${name} as sh: an interpreter that ${what} leaves the plain shell`, { skip }, async () => {
      pretendInterpreter(text);
      const session = open(executable);
      try {
        await session.shows('prompt> ');
        await assertShellWorks(session);
      } finally {
        session.close();
      }
    });
  }

  test(`${name} as sh: the exit status of the shell inside is the session's`, { skip }, async () => {
    pretendInterpreter('#!/bin/sh\nexec /usr/bin/python3 "$@"\n');
    const session = open(executable);
    try {
      await session.shows('prompt> ');
      await session.until('a heartbeat', () => session.answered > 0);
      session.type('exit 77\r');
      assert.equal(await session.ends(), 77);
      assert.equal(times(session.screen, 'exit\r\n'), executable.endsWith('bash') ? 1 : 0);
    } finally {
      session.close();
    }
  });
}
