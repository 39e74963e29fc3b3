import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleOf, DROP_IN, installQuietly, LIBRARY, PROFILE_STUB } from '../support/bundle.ts';
import { Sandbox, skipUnless } from '../support/sandbox.ts';
import { isLong, rotate, someOf, TURN } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash');
const ROOTED = { SSM_KEEPALIVE_ROOT: '/.' };
const PLACES = ['etc', 'usr/local', 'opt', 'run'];
const AGENT = 'etc/systemd/system/amazon-ssm-agent.service.d';

interface Refusal {
  what: string;
  /** The shell commands that spoil the host. */
  spoil: string;
  step: string;
  why: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: 'a group-writable parent and nowhere else to go',
    spoil: 'chmod 2775 /usr/local/lib; chmod 777 /opt',
    step: 'path',
    why: /lib can be written by others than root.*opt can be written/,
  },
  {
    what: 'a parent that belongs to somebody else',
    spoil: 'chown 1001 /usr/local; chown 1001 /opt',
    step: 'path',
    why: /belongs to uid 1001/,
  },
  {
    what: 'a symlink planted where the library goes',
    spoil: 'ln -s /tmp /usr/local/lib/ssm-keepalive; ln -s /tmp /opt/ssm-keepalive',
    step: 'path',
    why: /is a symbolic link/,
  },
  {
    what: 'a symlink planted where the profile entry goes',
    spoil: `ln -s /etc/shadow /${PROFILE_STUB}`,
    step: 'path',
    why: /00-ssm-keepalive.sh is a symbolic link/,
  },
  {
    what: 'a symlink planted where the drop-in directory goes',
    spoil: `ln -s /tmp /${AGENT}`,
    step: 'path',
    why: /etc.systemd.system has a link to .tmp, which leads out of /,
  },
  {
    what: 'a directory where the profile entry goes',
    spoil: `mkdir /${PROFILE_STUB}`,
    step: 'path',
    why: /not a plain file/,
  },
  {
    what: 'a directory where the drop-in goes',
    spoil: `mkdir -p /${DROP_IN}`,
    step: 'path',
    why: /not a plain file/,
  },
  {
    what: 'a world-writable /etc/profile.d',
    spoil: 'chmod 777 /etc/profile.d',
    step: 'path',
    why: /profile.d can be written/,
  },
  {
    what: "somebody's own file at our name",
    spoil: `echo "echo mine" >/${PROFILE_STUB}`,
    step: 'path',
    why: /is there already, edited or not ours/,
  },
  {
    what: 'a directory where the lock goes',
    spoil: 'mkdir /run/ssm-keepalive.lock',
    step: 'lock',
    why: /not a plain file/,
  },
];

for (const { what, spoil, step, why } of someOf(REFUSALS, 3)) {
  test(`${what}: a clear verdict, and nothing changed`, { skip }, () => {
    const sandbox = new Sandbox();
    try {
      sandbox.run(['/usr/bin/dash', '-c', spoil]);
      const before = sandbox.snapshot(...PLACES);
      const outcome = sandbox.runScript(bundleOf().installer, { env: ROOTED });
      assert.deepEqual(
        [outcome.status, outcome.verdict['verdict'], outcome.verdict['step'], outcome.stderr],
        [1, 'failed', step, ''],
      );
      assert.match(String(outcome.verdict['why']), why);
      assert.notEqual(outcome.verdict['next'], '');
      assert.equal(sandbox.snapshot(...PLACES), before);
    } finally {
      sandbox.close();
    }
  });
}

test('older Debian, where /usr/local is root:staff and group-writable: /opt is used instead, and the stubs say so', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    sandbox.run([
      '/usr/bin/dash',
      '-c',
      'chgrp 50 /usr/local /usr/local/lib; chmod 2775 /usr/local /usr/local/lib',
    ]);
    const before = sandbox.snapshot(...PLACES);
    const bundle = bundleOf();
    assert.equal(installQuietly(sandbox, bundle).verdict['verdict'], 'installed');
    assert.ok(sandbox.has('opt/ssm-keepalive/current'));
    assert.match(sandbox.read(DROP_IN), /ENV=\/opt\/ssm-keepalive\/entry\.sh/);
    assert.match(sandbox.read(PROFILE_STUB), /\/opt\/ssm-keepalive\/rc\.sh/);
    assert.equal(installQuietly(sandbox, bundle).verdict['verdict'], 'unchanged');
    assert.equal(sandbox.runScript(bundle.uninstaller, { env: ROOTED }).verdict['verdict'], 'removed');
    assert.equal(sandbox.snapshot(...PLACES), before);
  } finally {
    sandbox.close();
  }
});

for (const [turn, where] of ['/etc', '/usr/local/lib'].entries()) {
  test(`${where} read-only: a clear verdict, and nothing changed`, { skip }, () => {
    for (const had of rotate([false, true], TURN + turn)) {
      const sandbox = new Sandbox();
      try {
        // An earlier version with other entry texts would need no write in /etc; without the entries it does.
        if (had) installQuietly(sandbox, bundleOf({ intervalSeconds: 40, entries: [] }));
        const before = sandbox.snapshot(...PLACES);
        sandbox.extra = ['--ro-bind', sandbox.path(where), where];
        const outcome = sandbox.runScript(bundleOf().installer, { env: ROOTED });
        assert.deepEqual(
          [outcome.status, outcome.verdict['verdict'], outcome.verdict['step']],
          [1, 'failed', 'write'],
          outcome.stdout,
        );
        sandbox.extra = [];
        assert.equal(sandbox.snapshot(...PLACES), before);
      } finally {
        sandbox.close();
      }
    }
  });
}

test('a disk that fills up anywhere on the way: a clear verdict, and nothing changed; an update leaves the old version in use', {
  skip: skip || (process.getuid?.() === 0 ? false : 'needs root for a small tmpfs'),
}, () => {
  const bundle = bundleOf();
  const old = bundleOf({ intervalSeconds: 40 });
  let failures = 0;
  const sizes = [4, 16, 40, 72, 100, 120, 140, 180];
  const today = isLong
    ? [...sizes, 220, 300]
    : [...rotate(sizes.slice(0, 4), TURN), ...rotate(sizes.slice(4), TURN)];
  for (const [turn, kilobytes] of today.entries()) {
    for (const had of rotate([false, true], Math.floor(TURN / 4) + turn)) {
      const sandbox = new Sandbox();
      try {
        // One shell of one sandbox does it all, because a tmpfs is gone with its sandbox.
        sandbox.write('tmp/old.sh', old.installer);
        sandbox.write('tmp/new.sh', bundle.installer);
        sandbox.extra = [
          '--size',
          String((had ? 160 + kilobytes : kilobytes) * 1024),
          '--perms',
          '0755',
          '--tmpfs',
          '/usr/local/lib',
        ];
        const outcome = sandbox.run(
          [
            '/usr/bin/dash',
            '-c',
            `${had ? 'dash /tmp/old.sh >/dev/null;' : ''} find /usr/local/lib /etc -type f | sort >/tmp/before; dash /tmp/new.sh; status=$?; find /usr/local/lib /etc -type f | sort >/tmp/after; cat /usr/local/lib/ssm-keepalive/current >/tmp/current; exit $status`,
          ],
          { env: ROOTED },
        );
        if (outcome.status === 0) continue;
        failures += 1;
        assert.deepEqual(
          [outcome.verdict['verdict'], outcome.verdict['step']],
          ['failed', 'write'],
          outcome.stdout,
        );
        assert.equal(sandbox.read('tmp/after'), sandbox.read('tmp/before'), `${kilobytes} KiB`);
        if (had && sandbox.read('tmp/before').includes('/current'))
          assert.equal(sandbox.read('tmp/current').trim(), old.digest);
      } finally {
        sandbox.close();
      }
    }
  }
  assert.ok(failures >= (isLong ? 5 : 1), `only ${failures} runs ran out of room`);
});

test('what is installed can be removed from a full disk, whoever filled it', {
  skip: skip || (process.getuid?.() === 0 ? false : 'needs root for a small tmpfs'),
}, () => {
  const sandbox = new Sandbox();
  try {
    sandbox.write('tmp/install.sh', bundleOf().installer);
    sandbox.write('tmp/uninstall.sh', bundleOf().uninstaller);
    sandbox.extra = ['--size', String(600 * 1024), '--perms', '0755', '--tmpfs', '/usr/local/lib'];
    const outcome = sandbox.run(
      [
        '/usr/bin/dash',
        '-c',
        'dash /tmp/install.sh >/dev/null; cat /dev/zero >/usr/local/lib/filled 2>/dev/null; dash /tmp/uninstall.sh; ls /usr/local/lib >/tmp/after',
      ],
      { env: ROOTED },
    );
    assert.deepEqual([outcome.verdict['verdict'], outcome.verdict.left], ['removed', []], outcome.stdout);
    assert.equal(sandbox.read('tmp/after'), 'filled\n');
  } finally {
    sandbox.close();
  }
});

test('another installer at work is not disturbed; a stale lock, of a dead process or an earlier boot, is broken', {
  skip,
}, async () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf();
    sandbox.write('tmp/script.sh', bundle.installer);
    const before = sandbox.snapshot('etc', 'usr/local', 'opt');
    // The holder is alive: the very shell that runs the installer as its child.
    const busy = sandbox.run(
      [
        '/usr/bin/dash',
        '-c',
        'read -r stat </proc/$$/stat; stat=${stat##*) }; set -- $stat; read -r boot </proc/sys/kernel/random/boot_id; echo "$$ ${20} $boot" >/run/ssm-keepalive.lock; dash /tmp/script.sh; exit $?',
      ],
      { env: ROOTED },
    );
    assert.deepEqual([busy.status, busy.verdict['step']], [1, 'lock']);
    assert.match(String(busy.verdict['why']), /another run is busy here \(pid \d+\)/);
    assert.equal(sandbox.snapshot('etc', 'usr/local', 'opt'), before);

    const stales = ['999999 1 00000000-0000-0000-0000-000000000000', '1 1 x', '', 'garbage that is none'];
    // Whoever takes it does so in the same way; an uninstall of nothing is the shortest.
    for (const [index, stale] of someOf(stales, stales.length).entries()) {
      const [script, verdict] = (
        [
          [bundle.installer, 'installed'],
          [bundle.uninstaller, 'removed'],
        ] as const
      )[index] ?? [bundle.uninstaller, 'unchanged'];
      sandbox.write('run/ssm-keepalive.lock', `${stale}\n`);
      sandbox.write('run/ssm-keepalive.lock.999999', `${stale}\n`);
      assert.equal(sandbox.runScript(script, { env: ROOTED }).verdict['verdict'], verdict, stale);
      assert.equal(sandbox.snapshot('run').includes('lock'), false);
    }
  } finally {
    sandbox.close();
  }
});

test('of several installers at once exactly one works at a time, and the result is whole', {
  skip,
}, async () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf();
    sandbox.write('tmp/script.sh', bundle.installer);
    const outcome = sandbox.run(
      ['/usr/bin/dash', '-c', 'for i in 1 2 3; do dash /tmp/script.sh >/tmp/out.$i & done; wait'],
      { env: ROOTED },
    );
    assert.equal(outcome.status, 0);
    const verdicts = [1, 2, 3].map(
      (i) => JSON.parse(sandbox.read(`tmp/out.${i}`).split('\n')[0]!) as { verdict: string; step: string },
    );
    for (const { verdict, step } of verdicts)
      assert.ok(
        ['installed', 'updated', 'unchanged'].includes(verdict) || step === 'lock',
        `${verdict} ${step}`,
      );
    assert.equal(verdicts.filter(({ verdict }) => verdict === 'installed').length, 1);
    assert.equal(sandbox.runScript(bundle.status, { env: ROOTED }).verdict['state'], 'installed');
  } finally {
    sandbox.close();
  }
});

test('a signal in the middle undoes what was begun', { skip }, async () => {
  const sandbox = new Sandbox();
  try {
    const before = sandbox.snapshot(...PLACES);
    // By its own hand: whoever watches for the moment from outside can miss it.
    const { installer } = bundleOf();
    const script = installer.replace(/^ *for_version_files stage_file\n/m, '$&  kill -TERM $$$$\n');
    assert.notEqual(script, installer);
    const outcome = sandbox.runScript(script);
    assert.deepEqual([outcome.status, outcome.verdict['step']], [1, 'interrupted']);
    assert.equal(sandbox.snapshot(...PLACES), before);
  } finally {
    sandbox.close();
  }
});

test('SSM_KEEPALIVE_ROOT puts everything below an image, starts nothing there, and says so', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    sandbox.run([
      '/usr/bin/dash',
      '-c',
      'cd /tmp && mkdir -p "my image/usr/local/lib" "my image/etc/profile.d" "my image/etc/systemd/system" "my image/usr/lib/systemd/system" "my image/usr/bin" && ln -s python3.11 "my image/usr/bin/python3" && : >"my image/usr/lib/systemd/system/amazon-ssm-agent.service" && chmod -R go-w "my image"',
    ]);
    const before = sandbox.snapshot(...PLACES);
    const image = sandbox.snapshot('tmp/my image');
    const env = { SSM_KEEPALIVE_ROOT: '/tmp/my image/' };
    const outcome = sandbox.runScript(bundleOf().installer, { env });
    assert.deepEqual(
      [
        outcome.verdict['verdict'],
        outcome.verdict['keeper'],
        outcome.verdict['restart'],
        outcome.verdict['entries'],
      ],
      ['installed', 'relay', 'off', { env: 'pending', profile: 'live', rc: 'absent' }],
    );
    assert.match(outcome.stdout, /self-test: not run in a tree/);
    assert.equal(sandbox.snapshot(...PLACES), before);
    assert.match(sandbox.read(`tmp/my image/${DROP_IN}`), /ENV=\/usr\/local\/lib\/ssm-keepalive\/entry\.sh/);
    assert.ok(sandbox.has(`tmp/my image/${LIBRARY}/current`));
    assert.equal(sandbox.runScript(bundleOf().uninstaller, { env }).verdict['verdict'], 'removed');
    assert.equal(sandbox.snapshot('tmp/my image'), image);
  } finally {
    sandbox.close();
  }
});

test('an image below a sticky folder of somebody else is refused: its owner can rename the image', {
  skip: skip || (process.getuid?.() === 0 ? false : 'needs root to give a folder away'),
}, () => {
  const sandbox = new Sandbox();
  try {
    sandbox.run(['/usr/bin/dash', '-c', 'mkdir -m 755 /tmp/image; chown 1001 /tmp']);
    const outcome = sandbox.runScript(bundleOf().installer, { env: { SSM_KEEPALIVE_ROOT: '/tmp/image' } });
    assert.deepEqual([outcome.status, outcome.verdict['step']], [1, 'path']);
    assert.match(String(outcome.verdict['why']), /^\/tmp belongs to uid 1001, not to root/);
  } finally {
    sandbox.close();
  }
});

test('nobody but root gets anywhere', {
  skip: skip || (process.getuid?.() === 0 ? false : 'needs root to become somebody else'),
}, () => {
  const sandbox = new Sandbox();
  try {
    sandbox.write('tmp/script.sh', bundleOf().installer);
    const outcome = sandbox.run([
      '/usr/bin/setpriv',
      '--reuid=1001',
      '--clear-groups',
      '/usr/bin/dash',
      '/tmp/script.sh',
    ]);
    assert.deepEqual([outcome.status, outcome.verdict['step']], [1, 'platform']);
  } finally {
    sandbox.close();
  }
});
