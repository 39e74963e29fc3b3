import assert from 'node:assert/strict';
import { lstatSync } from 'node:fs';
import { test } from 'node:test';
import { type Bundle, wireCommands } from '../../src/bundle/index.ts';
import type { ReportLine } from '../../src/fleet/report-line.ts';
import { bundleOf, DROP_IN, installQuietly, LIBRARY, PROFILE_STUB } from '../support/bundle.ts';
import { type Outcome, Sandbox, shellsInTurn, skipUnless } from '../support/sandbox.ts';
import { someOf } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh');
const PLACES = ['etc', 'usr/local', 'opt', 'run'];
const ROOTED = { SSM_KEEPALIVE_ROOT: '/.' };
/** The same again, and other settings, on a host that has `bundle`. */
function assertSecondLooks(sandbox: Sandbox, run: (script: string) => Outcome, bundle: Bundle): void {
  const inodes = () =>
    ['', '/current', '/entry.sh', `/${bundle.digest}`, `/${bundle.digest}/relay.py`].map((path) => {
      const { ino, mtimeMs } = lstatSync(sandbox.path(LIBRARY + path));
      return [ino, mtimeMs];
    });
  const touched = inodes();
  const after = sandbox.snapshot(...PLACES);
  const second = run(bundle.installer);
  assert.equal(second.verdict['verdict'], 'unchanged');
  assert.deepEqual(inodes(), touched);
  assert.equal(sandbox.snapshot(...PLACES), after);

  const other = bundleOf({ intervalSeconds: 30 });
  const third = run(other.installer);
  assert.deepEqual(
    [
      third.verdict['verdict'],
      third.verdict['digest'],
      third.verdict['previous'],
      third.verdict['intervalSeconds'],
    ],
    ['updated', other.digest, bundle.digest, 30],
  );
  assert.ok(sandbox.has(`${LIBRARY}/${bundle.digest}/relay.py`), 'the previous version stays one cycle');

  const status = run(other.status);
  assert.deepEqual(
    [status.verdict['state'], status.verdict['intervalSeconds'], status.verdict['drifted']],
    ['installed', 30, []],
  );
}

for (const { name, argv } of shellsInTurn(0)) {
  test(`${name}: install, again, other settings, uninstall, again: each verdict as it should be, and every byte as before`, {
    skip,
  }, () => {
    const sandbox = new Sandbox();
    const run = (script: string) => sandbox.runScript(script, { shell: argv, env: ROOTED });
    try {
      // A setgid parent hands its group to nothing.
      sandbox.run(['/usr/bin/sh', '-c', 'chgrp 50 /etc/profile.d /opt; chmod 2755 /etc/profile.d /opt']);
      const before = sandbox.snapshot(...PLACES);
      const bundle = bundleOf();
      // As it goes over the wire; what comes out of that is compared byte for byte.
      const first = run(wireCommands('install', bundle).join('\n'));
      assert.deepEqual(
        [first.status, first.verdict['verdict'], first.verdict['digest'], first.stderr],
        [0, 'installed', bundle.digest, ''],
      );
      for (const file of bundle.files.filter(({ place }) => place === 'any'))
        assert.equal(sandbox.read(`${LIBRARY}/${bundle.digest}/${file.path}`), file.text, file.path);
      assert.deepEqual(first.verdict['entries'], { env: 'pending', profile: 'live', rc: 'off' });
      if (process.getuid?.() === 0) assert.equal(lstatSync(sandbox.path(PROFILE_STUB)).gid, 0);

      assertSecondLooks(sandbox, run, bundle);

      assert.equal(run(bundleOf({ intervalSeconds: 31 }).installer).verdict['verdict'], 'updated');
      assert.ok(!sandbox.has(`${LIBRARY}/${bundle.digest}`), 'the version before the previous one goes');
      const gone = run(bundle.uninstaller);
      assert.deepEqual(
        [gone.status, gone.verdict['verdict'], gone.verdict['left'], gone.stderr],
        [0, 'removed', [], ''],
      );
      assert.equal(sandbox.snapshot(...PLACES), before);
      assert.equal(run(bundle.uninstaller).verdict['verdict'], 'unchanged');
      assert.equal(run(bundle.status).verdict['state'], 'absent');
      assert.equal(sandbox.snapshot(...PLACES), before);
    } finally {
      sandbox.close();
    }
  });
}

test('a file edited by hand: status names it, install repairs it, uninstall leaves it alone and says so', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf();
    const run = (script: string) => sandbox.runScript(script, { env: ROOTED });
    installQuietly(sandbox, bundle);
    const edited = [`${LIBRARY}/${bundle.digest}/relay.py`, `${LIBRARY}/entry.sh`, PROFILE_STUB, DROP_IN];
    const texts = edited.map((path) => sandbox.read(path));
    const edit = () => {
      for (const [index, path] of edited.entries()) sandbox.write(path, `${texts[index]}# edited\n`);
    };
    const paths = edited.map((path) => `/${path}`).sort();
    edit();
    const { state, drifted, kinds } = run(bundle.status).verdict as Partial<ReportLine>;
    assert.deepEqual([state, [...drifted!].sort(), kinds], ['drifted', paths, 'eeee']);
    // A link to the very bytes is not what was installed.
    for (const [how, kind] of [
      // Inside the tree, and not last: what is written here afterwards would follow it.
      [`cp FILE FILE.same; ln -sf relay.py.same FILE`, 'm'],
      [`rm FILE FILE.same`, 'g'],
      [`chmod 600 FILE`, 'm'],
    ] as const) {
      assert.equal(run(bundle.installer).verdict['verdict'], 'updated');
      const command = how.replaceAll('FILE', `/${edited[0]}`);
      sandbox.run(['/usr/bin/dash', '-c', `${command}; echo >>/${LIBRARY}/entry.sh`]);
      const seen = run(bundle.status).verdict as Partial<ReportLine>;
      const letters = Object.fromEntries(seen.drifted!.map((path, at) => [path, seen.kinds![at]]));
      assert.deepEqual(letters, { [`/${edited[0]}`]: kind, [`/${LIBRARY}/entry.sh`]: 'e' }, how);
    }
    edit();
    assert.equal(run(bundle.installer).verdict['verdict'], 'updated');
    assert.deepEqual(
      edited.map((path) => sandbox.read(path)),
      texts,
    );
    sandbox.run(['/usr/bin/chmod', '666', `/${PROFILE_STUB}`]);
    assert.deepEqual(run(bundle.status).verdict['drifted'], [`/${PROFILE_STUB}`], 'a mode is drift too');
    edit();
    const gone = run(bundle.uninstaller);
    assert.equal(gone.verdict['verdict'], 'removed');
    assert.deepEqual([...gone.verdict.left!].sort(), paths);
    for (const path of edited) assert.match(sandbox.read(path), /# edited\n$/);
    assert.ok(!sandbox.has(`${LIBRARY}/current`));
  } finally {
    sandbox.close();
  }
});

/** Runs a script as it is run on an instance, and counts the programs that it starts. */
function runCounted(sandbox: Sandbox, script: string): Outcome & { readonly programs: number } {
  sandbox.write('tmp/script.sh', script);
  const options = ['-f', '--seccomp-bpf', '-e', 'trace=execve', '-e', 'signal=none', '-o', '/tmp/trace'];
  const outcome = sandbox.run(['/usr/bin/strace', ...options, '/usr/bin/dash', '/tmp/script.sh']);
  const started = sandbox.read('tmp/trace').split('\n');
  return { ...outcome, programs: started.filter((line) => / = 0$/.test(line)).length };
}

test('the real installer proves itself with a session of an unprivileged user, and a leak stops it; few programs are started, since each costs a small host ten milliseconds', {
  skip: skip || skipUnless('strace'),
}, () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf();
    const before = sandbox.snapshot(...PLACES);
    // The one fault that matters: answers that reach the program, from the second on.
    const leaky = bundle.installer.replace('is_ours(at < start, now)', '$& and self.answered < 2');
    assert.notEqual(leaky, bundle.installer);
    const refused = sandbox.runScript(leaky.replace('broken=$drifted', 'broken='));
    assert.deepEqual([refused.status, refused.verdict['step']], [1, 'selftest']);
    assert.match(String(refused.verdict['why']), /leaked/);
    assert.equal(sandbox.snapshot(...PLACES), before);

    const first = runCounted(sandbox, bundle.installer);
    assert.deepEqual(
      [first.status, first.verdict['verdict'], first.verdict['keeper'], first.verdict['interpreter']],
      [0, 'installed', 'relay', '/usr/bin/python3'],
    );
    assert.ok(sandbox.has(`${LIBRARY}/${bundle.digest}/__pycache__`), 'compiled once, not at every login');
    const again = runCounted(sandbox, bundle.installer);
    assert.equal(again.verdict['verdict'], 'unchanged');
    const look = runCounted(sandbox, bundle.status);
    assert.equal(look.verdict['state'], 'installed');
    const gone = runCounted(sandbox, bundle.uninstaller);
    assert.equal(gone.verdict['verdict'], 'removed');
    assert.equal(sandbox.snapshot(...PLACES), before);
    for (const [{ programs }, most] of [
      [first, 95],
      [again, 43],
      [look, 30],
      [gone, 50],
    ] as const)
      assert.ok(programs > 15 && programs <= most, `${programs} programs, at most ${most}`);
  } finally {
    sandbox.close();
  }
});

test('a host without Python is limited, and says what is kept and what is not; --keeper prompt asked for that; --keeper relay is refused', {
  skip,
}, () => {
  const hosts = [
    ['/usr/bin/bash', 'prompt'],
    ['/usr/bin/dash', 'none'],
  ] as const;
  for (const [sh, keeper] of someOf(hosts, 1)) {
    const sandbox = new Sandbox({ sh, hasPython: false });
    try {
      const outcome = sandbox.runScript(bundleOf().installer);
      assert.deepEqual(
        [outcome.verdict['verdict'], outcome.verdict['keeper'], outcome.verdict['interpreter']],
        ['limited', keeper, ''],
      );
      assert.equal(outcome.verdict['state'], 'installed');
      assert.equal(outcome.verdict['class'], 'limited keeper');
      assert.match(
        String(outcome.verdict['why']),
        /^no Python here(; sh is bash)?\. .*(in plain sh is not kept; a login in bash|waits at its prompt, not while)/,
      );
      assert.match(String(outcome.verdict['next']), /^install Python 3 on this instance/);
      const refused = sandbox.runScript(bundleOf({ keeper: 'relay' }).installer);
      assert.deepEqual([refused.status, refused.verdict['step']], [1, 'platform']);
      const look = sandbox.runScript(bundleOf().status).verdict;
      assert.deepEqual(
        [look['state'], look['class'], look['why'], look['next']],
        ['limited', ...['class', 'why', 'next'].map((name) => outcome.verdict[name])],
      );
      // Who asks for less is not told that it is less.
      const asked = sandbox.runScript(bundleOf({ keeper: 'prompt' }).installer).verdict;
      assert.deepEqual([asked['verdict'], asked['class']], ['updated', '']);
      assert.equal(sandbox.runScript(bundleOf().status).verdict['state'], 'installed');
      assert.equal(sandbox.runScript(bundleOf().uninstaller).verdict['verdict'], 'removed');
    } finally {
      sandbox.close();
    }
  }
});
