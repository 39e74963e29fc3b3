// Every release is kept as it was sent, in test/releases: this version looks at it, installs over it and takes it off, while
// sessions of that release run.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { bundleOf, copyHost, DROP_IN, ENV, LIBRARY } from '../support/bundle.ts';
import { Sandbox, shellsInTurn, skipUnless } from '../support/sandbox.ts';
import { isLong, TURN } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh', 'tmux');
const RELEASES = new URL('../releases/', import.meta.url);
const ROOTED = { env: { SSM_KEEPALIVE_ROOT: '/.' } };
const PLACES = ['etc', 'usr/local', 'opt'];
const wanted = bundleOf({ intervalSeconds: 1, wrap: 'tmux', entries: ['env', 'profile', 'rc'] });

/** A session below the agent's worker, once it has its keeper. */
async function openKept(sandbox: Sandbox) {
  const session = await sandbox.openKept({ executable: '/usr/bin/dash', env: { ENV } });
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
    test(`${name}: over ${version} and back, with its sessions running: looked at, updated, taken off; ${version} as it is is taken off too`, {
      skip,
    }, async () => {
      const sandbox = new Sandbox();
      const sessions: Awaited<ReturnType<typeof openKept>>[] = [];
      const open = async (host: Sandbox) => {
        const session = await openKept(host);
        sessions.push(session);
        return session;
      };
      const runOn = (host: Sandbox) => (script: string) =>
        host.runScript(script, { ...ROOTED, shell: argv }).verdict;
      const run = runOn(sandbox);
      // Its scripts take several times as long, so in the fastest shell that every host has.
      const runOld = (name: string) => sandbox.runScript(old(name), ROOTED).verdict;
      let other: Sandbox | undefined;
      try {
        const before = sandbox.snapshot(...PLACES);
        assert.equal(runOld('install')['verdict'], 'installed');
        other = copyHost(sandbox);
        const oldDigest = sandbox.read(`${LIBRARY}/current`).trim();
        const oldEnvironment = sandbox.read(DROP_IN);
        const first = await open(sandbox);

        const seen = run(wanted.status);
        assert.deepEqual([seen['state'], seen['digest'], seen['drifted']], ['installed', oldDigest, []]);
        assert.equal(run(wanted.installer)['verdict'], 'updated');
        assert.equal(sandbox.read(`${LIBRARY}/current`).trim(), wanted.digest);
        // The same environment: no agent restarts for it.
        assert.equal(sandbox.read(DROP_IN), oldEnvironment);
        await assertWorks(first);
        await open(sandbox);
        // What the old release says of it, and every second day the way back.
        const after = runOld('status');
        assert.deepEqual(
          [after['state'], after['digest'], after['drifted']],
          ['installed', wanted.digest, []],
        );
        if (isLong || TURN % 2 === 0) {
          assert.equal(runOld('install')['verdict'], 'updated');
          assert.equal(runOld('uninstall')['verdict'], 'removed');
        } else {
          assert.equal(run(wanted.uninstaller)['verdict'], 'removed');
        }
        for (const session of sessions) await assertWorks(session);
        assert.equal(sandbox.snapshot(...PLACES), before);

        const kept = await open(other);
        assert.equal(runOn(other)(wanted.uninstaller)['verdict'], 'removed');
        await assertWorks(kept);
        assert.equal(other.snapshot(...PLACES), before);
      } finally {
        for (const session of sessions) session.close();
        other?.close();
        sandbox.close();
      }
    });
  }
}
