import assert from 'node:assert/strict';
import { chmodSync, lstatSync } from 'node:fs';
import { test } from 'node:test';
import { type Bundle, wireCommands } from '../../src/bundle/index.ts';
import { bundleOf, DROP_IN, installQuietly, LIBRARY, PROFILE_STUB } from '../support/bundle.ts';
import { INSTALLER_SHELLS, type Outcome, Sandbox, shellsInTurn, skipUnless } from '../support/sandbox.ts';
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

for (const { name, argv } of someOf(INSTALLER_SHELLS, 2)) {
  test(`${name}: install, again, other settings, uninstall: each verdict as it should be, and every byte as before`, {
    skip,
  }, () => {
    const sandbox = new Sandbox();
    const run = (script: string) => sandbox.runScript(script, { shell: argv, env: ROOTED });
    try {
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

      assertSecondLooks(sandbox, run, bundle);

      const gone = run(bundle.uninstaller);
      assert.deepEqual(
        [gone.status, gone.verdict['verdict'], gone.verdict['left'], gone.stderr],
        [0, 'removed', [], ''],
      );
      assert.equal(sandbox.snapshot(...PLACES), before);
    } finally {
      sandbox.close();
    }
  });
}

for (const { name, argv } of shellsInTurn(0)) {
  test(`${name}: the version before the previous one goes; what is gone is unchanged, and absent`, {
    skip,
  }, () => {
    const sandbox = new Sandbox();
    const run = (script: string) => sandbox.runScript(script, { shell: argv, env: ROOTED }).verdict;
    try {
      const bundle = bundleOf();
      installQuietly(sandbox, bundle);
      for (const intervalSeconds of [30, 31])
        assert.equal(run(bundleOf({ intervalSeconds }).installer)['verdict'], 'updated');
      assert.ok(!sandbox.has(`${LIBRARY}/${bundle.digest}`));
      assert.equal(run(bundle.status)['intervalSeconds'], 31);
      for (const verdict of ['removed', 'unchanged'])
        assert.equal(run(bundle.uninstaller)['verdict'], verdict);
      assert.equal(run(bundle.status)['state'], 'absent');
    } finally {
      sandbox.close();
    }
  });
}

test('each process costs a small host ten milliseconds: an install starts at most 105, a second look 45, an uninstall 55', {
  skip: skip || skipUnless('strace'),
}, () => {
  const sandbox = new Sandbox();
  try {
    const count = (script: string) => {
      sandbox.write('tmp/script.sh', script);
      const traced = [
        '/usr/bin/strace',
        '-f',
        '--seccomp-bpf',
        '-e',
        'trace=execve',
        '-e',
        'signal=none',
        '-o',
        '/tmp/trace',
      ];
      sandbox.run([...traced, '/usr/bin/dash', '/tmp/script.sh']);
      return sandbox
        .read('tmp/trace')
        .split('\n')
        .filter((line) => / = 0$/.test(line)).length;
    };
    const { installer, uninstaller } = bundleOf();
    const counts = [count(installer), count(installer), count(uninstaller)] as const;
    assert.ok(counts[0] <= 105 && counts[1] <= 45 && counts[2] <= 55, counts.join(', '));
    assert.ok(Math.min(...counts) > 20, counts.join(', '));
  } finally {
    sandbox.close();
  }
});

test('a setgid parent directory hands its group to nothing', {
  skip: skip || (process.getuid?.() === 0 ? false : 'needs root'),
}, () => {
  const sandbox = new Sandbox();
  try {
    sandbox.run(['/usr/bin/sh', '-c', 'chgrp 50 /etc/profile.d /opt; chmod 2755 /etc/profile.d /opt']);
    installQuietly(sandbox, bundleOf());
    assert.equal(lstatSync(sandbox.path(PROFILE_STUB)).gid, 0);
  } finally {
    sandbox.close();
  }
});

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
    const { state, drifted } = run(bundle.status).verdict as { state?: string; drifted?: string[] };
    assert.deepEqual([state, drifted?.sort()], ['drifted', paths]);
    assert.equal(run(bundle.installer).verdict['verdict'], 'updated');
    assert.deepEqual(
      edited.map((path) => sandbox.read(path)),
      texts,
    );
    assert.equal(run(bundle.status).verdict['state'], 'installed');
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

test('a mode or an owner changed by hand is drift too', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf();
    installQuietly(sandbox, bundle);
    sandbox.run(['/usr/bin/chmod', '666', `/${PROFILE_STUB}`]);
    assert.deepEqual(sandbox.runScript(bundle.status).verdict['drifted'], [`/${PROFILE_STUB}`]);
  } finally {
    sandbox.close();
  }
});

test('settings without an entry take the entry off again', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    installQuietly(sandbox, bundleOf());
    const outcome = installQuietly(sandbox, bundleOf({ entries: ['env'] }));
    assert.equal(outcome.verdict['verdict'], 'updated');
    assert.ok(!sandbox.has(PROFILE_STUB));
    assert.ok(sandbox.has(DROP_IN));
    assert.equal(outcome.verdict.entries!['profile'], 'off');
  } finally {
    sandbox.close();
  }
});

test('/etc/ssm-keepalive/max-idle caps the unattended time that verdicts report', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    sandbox.write('etc/ssm-keepalive/max-idle', '600\n');
    assert.equal(installQuietly(sandbox, bundleOf()).verdict['unattendedSeconds'], 600);
    assert.equal(sandbox.runScript(bundleOf().status).verdict['unattendedSeconds'], 600);
    // Sessions may not read it, so for them it is the strictest limit.
    chmodSync(sandbox.path('etc/ssm-keepalive'), 0o700);
    assert.equal(sandbox.runScript(bundleOf().status).verdict['unattendedSeconds'], 0);
  } finally {
    sandbox.close();
  }
});

test('the real installer proves itself with a session of an unprivileged user, and a leak stops it', {
  skip,
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

    const outcome = sandbox.runScript(bundle.installer);
    assert.deepEqual(
      [outcome.status, outcome.verdict['verdict'], outcome.verdict['keeper'], outcome.verdict['interpreter']],
      [0, 'installed', 'relay', '/usr/bin/python3'],
    );
    assert.ok(sandbox.has(`${LIBRARY}/${bundle.digest}/__pycache__`), 'compiled once, not at every login');
    assert.equal(sandbox.runScript(bundle.status).verdict['state'], 'installed');
    assert.equal(sandbox.runScript(bundle.uninstaller).verdict['verdict'], 'removed');
    assert.equal(sandbox.snapshot(...PLACES), before);
  } finally {
    sandbox.close();
  }
});

test('a host without Python is limited, and says what is kept and what is not; --keeper prompt asked for that; --keeper relay is refused', {
  skip,
}, () => {
  for (const [sh, keeper] of [
    ['/usr/bin/bash', 'prompt'],
    ['/usr/bin/dash', 'none'],
  ] as const) {
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
        /^no Python here; .*(in plain sh is not kept; bash|waits at the prompt, and not while)/,
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
    } finally {
      sandbox.close();
    }
  }
});
