// A session's raw log holds our queries: what docs/troubleshooting.md says of it, and the command that takes them out.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { makeClient, sandboxMissing, until } from '../lab/test-lab.ts';
import { installedSandbox } from '../support/bundle.ts';
import { ENTRY_SHELLS, Sandbox, skipUnless } from '../support/sandbox.ts';
import { startSession } from './dialogue.ts';
import { useKeptLab } from './kept-host.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'less', 'script', 'sed');
const [DASH] = ENTRY_SHELLS;
const ANSWERED = '^[[0n';
const QUERY = '\x1b[5n';

const HOST = { name: 'logged', id: 'i-0fffffffffffffe20', tags: {} };
const lab = await useKeptLab(sandboxMissing() || skip ? [] : [{ spec: HOST, settings: {} }], {
  preferences: { s3BucketName: 'logs' },
});

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

test('a recording: the agent’s log, with session logging on, has each query as it is, and no answer', {
  skip: sandboxMissing() || skip,
}, async () => {
  const talk = await startSession(makeClient(lab), HOST.id, { terminal: 'answers' });
  await until('three heartbeats', () => talk.printed().split(QUERY).length > 4);
  const name = `/var/lib/amazon/ssm/${HOST.id}/session/orchestration/*/Standard_Stream/*.log`;
  const modes = await lab.host(HOST.name).exec(['sh', '-c', `stat -c %U:%a ${name}`]);
  assert.equal(modes.stdout, 'root:600\n');
  talk.session.write('exit\r');
  await talk.session.ended;
  const logged = await lab.host(HOST.name).exec(['sh', '-c', `cat ${name}`]);
  assert.equal(logged.stdout, Buffer.from(talk.printed(), 'latin1').toString());
  assert.ok(!logged.stdout.includes('\x1b[0n'), JSON.stringify(logged.stdout));
});
