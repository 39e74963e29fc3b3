// A session's raw log holds our queries: what docs/troubleshooting.md says of it, and the command that takes them out.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { installedSandbox } from '../support/bundle.ts';
import { ENTRY_SHELLS, Sandbox, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'less', 'script', 'sed');
const [DASH] = ENTRY_SHELLS;
const ANSWERED = '^[[0n';
const QUERY = '\x1b[5n';

/** The page's own command. */
const page = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');
const [CLEAN = ''] = /^sed .*session\.log >clean\.log$/m.exec(page) ?? [];

let kept: Sandbox;
let plain: Sandbox;
/** What the client of a kept session was sent. */
let log = '';
before(async () => {
  if (skip) return;
  kept = installedSandbox();
  plain = new Sandbox();
  log = await kept.inSession(
    { ...DASH, env: { ENV: '/usr/local/lib/ssm-keepalive/entry.sh' } },
    async (session) => {
      await session.relay();
      await session.heartbeats();
      session.type("script -qc 'echo begun; sleep 2.5; echo over' /tmp/inside >/dev/null; exit\r");
      await session.exited();
      return session.screen;
    },
  );
  plain.write('tmp/session.log', log);
});
after(() => {
  kept?.close();
  plain?.close();
});

test('a recording: the log of a kept session has queries and no answer; one made inside has neither', {
  skip,
}, () => {
  assert.ok(log.split(QUERY).length > 4, JSON.stringify(log));
  assert.ok(!log.includes(ANSWERED) && !log.includes('\x1b[0n'));
  const inside = kept.read('tmp/inside');
  assert.match(inside, /begun[\s\S]*over/);
  assert.ok(!inside.includes(QUERY) && !inside.includes('\x1b[0n'), inside);
});

test(
  'a recording: cat of it makes the terminal answer, less does not, and the command takes the queries out',
  {
    skip,
  },
  () =>
    plain.inSession({ ...DASH, directory: '/tmp' }, async (session) => {
      await session.see('prompt> ');
      session.type('less session.log\r');
      await session.see('(END)');
      session.type('q');
      assert.equal(session.answered, 0);
      session.type(`${CLEAN}; cat clean.log; echo shown-$((1+1))\r`);
      await session.see('shown-2');
      assert.equal(session.answered, 0);
      assert.equal(readFileSync(plain.path('tmp/clean.log'), 'latin1'), log.replaceAll(QUERY, ''));
      session.type('cat session.log\r');
      await session.see(ANSWERED);
    }),
);
