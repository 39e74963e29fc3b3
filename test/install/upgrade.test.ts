// Every release is kept as it was sent, in test/releases: this version looks at it, installs over it and takes it off, while
// sessions of that release run.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bundleOf, DROP_IN, ENV, LIBRARY } from '../support/bundle.ts';
import { Sandbox, shellsInTurn, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh', 'tmux');
const RELEASES = new URL('../releases/', import.meta.url);
const ROOTED = { env: { SSM_KEEPALIVE_ROOT: '/.' } };
const PLACES = ['etc', 'usr/local', 'opt'];
const wanted = bundleOf({ intervalSeconds: 1, wrap: 'tmux', entries: ['env', 'profile', 'rc'] });

/** A session below the agent's worker, once it has its keeper. */
async function openKept(sandbox: Sandbox) {
  const session = sandbox.open({ executable: '/usr/bin/dash', env: { ENV } });
  await session.until('an answered query', () => session.answered > 0);
  await assertWorks(session);
  return session;
}

/** What is typed runs, and nothing of an answer is in it. */
async function assertWorks(session: Awaited<ReturnType<Sandbox['open']>>) {
  const mark = `${Math.random().toString(36).slice(2)}`;
  session.type(`printf '%s-%s\\n' alive ${mark}\r`);
  await session.see(`alive-${mark}`);
  assert.doesNotMatch(session.screen, /\[0n/);
}

const versions = readdirSync(RELEASES);

test('upgrade: there is a release to start from', () => {
  assert.ok(versions.includes('0.1.0'));
});

for (const version of versions) {
  const old = (name: string) => readFileSync(new URL(`${version}/${name}.sh`, RELEASES), 'utf8');
  for (const { name, argv } of shellsInTurn(3)) {
    test(`${name}: over ${version}, with its sessions running: looked at, updated, taken off`, {
      skip,
    }, async () => {
      const sandbox = new Sandbox();
      const sessions: Awaited<ReturnType<typeof openKept>>[] = [];
      try {
        const before = sandbox.snapshot(...PLACES);
        const run = (script: string) => sandbox.runScript(script, { ...ROOTED, shell: argv });
        assert.equal(run(old('install')).verdict['verdict'], 'installed');
        const oldDigest = sandbox.read(`${LIBRARY}/current`).trim();
        const oldEnvironment = sandbox.read(DROP_IN);
        const first = await openKept(sandbox);
        sessions.push(first);

        const seen = run(wanted.status).verdict;
        assert.deepEqual([seen['state'], seen['digest'], seen['drifted']], ['installed', oldDigest, []]);

        assert.equal(run(wanted.installer).verdict['verdict'], 'updated');
        // The same environment: no agent restarts for it.
        assert.equal(sandbox.read(DROP_IN), oldEnvironment);
        await assertWorks(first);
        sessions.push(await openKept(sandbox));
        const after = run(wanted.status).verdict;
        assert.deepEqual(
          [after['state'], after['digest'], after['drifted']],
          ['installed', wanted.digest, []],
        );

        assert.equal(run(wanted.uninstaller).verdict['verdict'], 'removed');
        for (const session of sessions) await assertWorks(session);
        assert.equal(sandbox.snapshot(...PLACES), before);
      } finally {
        for (const session of sessions) session.close();
        sandbox.close();
      }
    });
  }

  for (const { name, argv } of shellsInTurn(4)) {
    test(`${name}: ${version} is taken off as it is, with a session running, and again is nothing to do`, {
      skip,
    }, async () => {
      const sandbox = new Sandbox();
      try {
        const before = sandbox.snapshot(...PLACES);
        const run = (script: string) => sandbox.runScript(script, { ...ROOTED, shell: argv });
        run(old('install'));
        const session = await openKept(sandbox);
        assert.equal(run(wanted.uninstaller).verdict['verdict'], 'removed');
        await assertWorks(session);
        session.close();
        assert.equal(sandbox.snapshot(...PLACES), before);
        // The way back: what the old release says of a host that this one was taken off.
        assert.equal(run(wanted.installer).verdict['verdict'], 'installed');
        const newer = await openKept(sandbox);
        assert.equal(run(old('status')).verdict['state'], 'installed');
        assert.equal(run(old('install')).verdict['verdict'], 'updated');
        await assertWorks(newer);
        assert.equal(run(old('uninstall')).verdict['verdict'], 'removed');
        await assertWorks(newer);
        newer.close();
        assert.equal(sandbox.snapshot(...PLACES), before);
      } finally {
        sandbox.close();
      }
    });
  }
}
