import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hasRest, readReportLine } from '../../src/fleet/report-line.ts';
import { bundleOf, DROP_IN, installQuietly, LIBRARY, PROFILE_STUB } from '../support/bundle.ts';
import { Sandbox, shellsInTurn, skipUnless } from '../support/sandbox.ts';
import { someOf } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh');
const ROOTED = { SSM_KEEPALIVE_ROOT: '/.' };

interface Tmout {
  file: string;
  value: number | null;
  readonly: boolean;
}

/** So many processes that hold a record each, as a keeper's; every line of it is as long as the record allows. */
function pretend(sandbox: Sandbox, count: number): void {
  sandbox.write(
    'tmp/pretender.py',
    `import os, time
for n in range(${count}):
    if os.fork() == 0:
        open('/proc/self/comm', 'w').write('ssm-keepalive')
        path = '/dev/shm/ssm-keepalive-%d' % n
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        state = 'not-answering' if n < 2 else 'answering'
        os.write(fd, ('v=1 state=%s wrap=tmux started=1700000000 lastkey=1700000001 lastanswer=1700000002 sent=99999999999 answered=99999999999 leaked=1 pts=/dev/pts/%d' % (state, n)).encode())
        os.unlink(path)
        time.sleep(100)
def holds_record(pid):
    try:
        return any('ssm-keepalive-' in os.readlink('/proc/%s/fd/%s' % (pid, f)) for f in os.listdir('/proc/%s/fd' % pid))
    except OSError:
        return False
while sum(holds_record(p) for p in os.listdir('/proc') if p.isdigit() and p != str(os.getpid())) < ${count}:
    time.sleep(0.05)
open('/tmp/ready', 'w').close()
time.sleep(100)
`,
  );
}

/** The script's output beside the pretenders, which end with the sandbox, and below a shell with an OOM score. */
function besidePretenders(sandbox: Sandbox, shell: readonly string[], script: string): string {
  sandbox.write('tmp/status.sh', script);
  const { stdout, stderr } = sandbox.run([
    '/usr/bin/dash',
    '-c',
    `echo 300 >/proc/self/oom_score_adj; python3 -I /tmp/pretender.py & until [ -e /tmp/ready ]; do sleep 0.05; done; ${shell.join(' ')} /tmp/status.sh`,
  ]);
  assert.equal(stderr, '');
  return stdout;
}

for (const { name, argv } of shellsInTurn(1)) {
  test(`${name}: the first line stays below 2,400 characters however much there is to tell, counts what it lacks, and the whole output has it`, {
    skip,
  }, () => {
    const sandbox = new Sandbox();
    try {
      const bundle = bundleOf();
      installQuietly(sandbox, bundle);
      for (const path of [PROFILE_STUB, DROP_IN, `${LIBRARY}/entry.sh`]) sandbox.write(path, '# edited\n');
      for (const file of bundle.files.filter(({ place, path }) => place === 'any' && path !== 'manifest'))
        sandbox.write(`${LIBRARY}/${bundle.digest}/${file.path}`, 'edited\n');
      sandbox.write(`${LIBRARY}/restart`, `failed ${'a "reason" \\ that is long, '.repeat(60)}\n`);
      for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9])
        sandbox.write(`etc/profile.d/a-long-name-of-a-script-${n}.sh`, 'readonly TMOUT=900\n');
      pretend(sandbox, 16);
      const output = besidePretenders(sandbox, argv, bundle.status);
      const [first = ''] = output.split('\n');
      assert.ok(first.length <= 2400, `${first.length} characters`);
      assert.ok(output.length <= 24_000, `${output.length} characters of output`);
      const listed = readReportLine(first)!;
      assert.equal(listed.state, 'drifted');
      assert.equal(listed.oomScoreAdjust, 300);
      assert.deepEqual(listed.kept, { count: 16, notAnswering: 2, leaked: 16, unseen: '' });
      assert.equal(listed.sessions.length + listed.more.sessions, 16);
      assert.ok(listed.more.sessions > 0 && listed.more.drifted > 0);
      assert.ok(hasRest(output.slice(0, 2478)), 'what the service lists says that there is more');

      const whole = readReportLine(output)!;
      assert.equal(new Set(whole.sessions.map(({ terminal }) => terminal)).size, 16);
      assert.deepEqual(whole.more, { sessions: 0, drifted: 0, left: 0 });
      assert.equal(
        new Set(whole.drifted).size,
        bundle.files.filter(({ place }) => place === 'any').length - 1 + 3,
      );
      assert.equal(whole.sessions[0]!.wrap, 'tmux');
      assert.equal(whole.sessions[0]!.user, 'root');
    } finally {
      sandbox.close();
    }
  });
}

for (const { name, argv } of shellsInTurn(2)) {
  test(`${name}: TMOUT is found wherever it is set, with its file, its value and whether it is readonly`, {
    skip,
  }, () => {
    const sandbox = new Sandbox();
    try {
      installQuietly(sandbox, bundleOf());
      const files: Record<string, string> = {
        'etc/environment': 'TMOUT=100\n',
        'etc/profile.d/b.sh': '  readonly TMOUT=200 ; export TMOUT\n',
        'etc/profile.d/c.sh': 'TMOUT="300"\nexport TMOUT\ndeclare -xr TMOUT\n',
        'etc/profile.d/d.sh': '#TMOUT=1\nMYTMOUT=2\necho "$TMOUT"\nunset TMOUT\n',
        'etc/bash.bashrc': '[ -n "$PS1" ] && : "${TMOUT:=400}"\n',
        'etc/zsh/zshrc': 'typeset -r TMOUT=$((15 * 60))\n',
        'etc/profile.d/e.csh': 'TMOUT=5\n',
      };
      for (const [path, text] of Object.entries(files)) sandbox.write(path, text);
      const look = () => sandbox.runScript(bundleOf().status, { shell: argv, env: ROOTED });
      const { stdout, verdict } = look();
      assert.match(stdout, /^TMOUT: 200, by \/etc\/profile.d\/b.sh$/m);
      const found: readonly Tmout[] = [
        { file: '/etc/environment', value: 100, readonly: false },
        { file: '/etc/profile.d/b.sh', value: 200, readonly: true },
        { file: '/etc/profile.d/c.sh', value: 300, readonly: true },
        { file: '/etc/bash.bashrc', value: 400, readonly: false },
        { file: '/etc/zsh/zshrc', value: null, readonly: true },
      ];
      assert.deepEqual(verdict['tmout'], found);
      // Nothing behind the first 64 KiB of a file is read, also where the look at all of them found its name.
      sandbox.write('etc/profile.d/a.sh', `# TMOUT\n${'#'.repeat(65_536)}\nTMOUT=9\n`);
      assert.deepEqual(look().verdict['tmout'], found);
      // What no line can be read of hides nothing of the others.
      sandbox.write('etc/profile.d/a.sh', `\0${'x'.repeat(70_000)}`);
      assert.deepEqual(look().verdict['tmout'], found);
      // Where the look at all of them does not end, each is looked at alone.
      sandbox.write(
        'usr/sbin/head',
        '#!/bin/sh\n[ "$1" != -vc ] || exit 124\nexec /usr/bin/head "$@"\n',
        0o755,
      );
      assert.deepEqual(look().verdict['tmout'], found);
    } finally {
      sandbox.close();
    }
  });
}

test('the keeper and why: the interpreter it runs on, what was asked for, what is missing', { skip }, () => {
  for (const [options, settings, keeper, why] of [
    [{}, {}, 'relay', /^runs on \/usr\/bin\/python3$/],
    [{ sh: '/usr/bin/bash' }, { keeper: 'prompt' }, 'prompt', /^asked for; sh is bash/],
    [{ hasPython: false }, {}, 'none', /^no Python here$/],
  ] as const) {
    const sandbox = new Sandbox(options);
    try {
      installQuietly(sandbox, bundleOf(settings));
      const { verdict } = sandbox.runScript(bundleOf().status);
      assert.equal(verdict['keeper'], keeper);
      assert.match(String(verdict['keeperWhy']), why);
    } finally {
      sandbox.close();
    }
  }
});

test('a file that was deleted: no entry that leads to it is live, and the keeper is not said to be asked for', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf({ entries: ['env', 'profile', 'rc'] });
    installQuietly(sandbox, bundle);
    const look = () => sandbox.runScript(bundle.status, { env: ROOTED }).verdict;
    for (const [path, profile] of [
      [`${LIBRARY}/rc.sh`, 'broken'],
      [`${LIBRARY}/${bundle.digest}/entry.sh`, 'broken'],
      [`${LIBRARY}/${bundle.digest}/relay.py`, 'live'],
    ] as const) {
      const text = sandbox.read(path);
      rmSync(sandbox.path(path));
      const { state, entries, keeperWhy, kinds } = look();
      assert.deepEqual(
        [state, entries!['profile'], entries!['rc'], kinds],
        ['drifted', profile, profile, 'g'],
        path,
      );
      assert.match(String(keeperWhy), path.endsWith('relay.py') ? /^relay\.py is gone/ : /^runs on/);
      sandbox.write(path, text);
    }
  } finally {
    sandbox.close();
  }
});

test('/etc/ssm-keepalive/max-idle caps the unattended time, with leading zeros too; tmux is named where it was asked for and is missing', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf({ wrap: 'tmux' });
    assert.equal(installQuietly(sandbox, bundle).verdict['unattendedSeconds'], 28_800);
    const look = () => sandbox.runScript(bundle.status, { env: ROOTED });
    assert.equal(look().verdict['capSeconds'], null);
    sandbox.write('etc/ssm-keepalive/max-idle', '0600 since the audit\n');
    assert.equal(installQuietly(sandbox, bundle).verdict['unattendedSeconds'], 600);
    const { capSeconds, unattendedSeconds, wrap } = look().verdict;
    assert.deepEqual([capSeconds, unattendedSeconds, wrap], [600, 600, 'tmux']);
    // Sessions may not read it, so for them it is the strictest limit.
    chmodSync(sandbox.path('etc/ssm-keepalive'), 0o700);
    sandbox.extra = ['--ro-bind-try', '/dev/null', '/usr/bin/tmux'];
    const without = look();
    assert.equal(without.verdict['unattendedSeconds'], 0);
    assert.equal(without.verdict['tmux'], '');
    assert.match(without.stdout, /^wrapper: tmux is not here$/m);
  } finally {
    sandbox.close();
  }
});

/** A live process that holds the lock, then the script; as refusals.test.ts does it. */
const WITH_LOCK =
  'read -r stat </proc/$$/stat; stat=${stat##*) }; set -- $stat; read -r boot </proc/sys/kernel/random/boot_id; echo "$$ ${20} $boot" >/run/ssm-keepalive.lock;';

test('while another run is at work: status says so, and a refused install tells what sessions meet all the same', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf();
    installQuietly(sandbox, bundle);
    sandbox.write('tmp/install.sh', bundleOf({ intervalSeconds: 30 }).installer);
    sandbox.write('tmp/status.sh', bundle.status);
    const run = (script: string) =>
      sandbox.run(['/usr/bin/dash', '-c', `${WITH_LOCK} dash /tmp/${script}; exit $?`], { env: ROOTED })
        .verdict;
    const refused = run('install.sh');
    assert.deepEqual([refused['verdict'], refused['step']], ['failed', 'lock']);
    assert.deepEqual(refused.entries, { env: 'pending', profile: 'live', rc: 'off' });
    assert.deepEqual([refused['digest'], refused['keeper']], [bundle.digest, 'relay']);
    sandbox.write(`${LIBRARY}/journal`, 'install x\n');
    const half = run('status.sh');
    assert.deepEqual(
      [half['busy'], half['state'], half['why']],
      [true, 'partial', 'another run is busy here'],
    );
    assert.equal(
      sandbox.runScript(bundle.status, { env: ROOTED }).verdict['busy'],
      false,
      'a dead lock is none',
    );
  } finally {
    sandbox.close();
  }
});

const SPOILT = [
  ['a directory', 'rm current; mkdir current', /current is no plain file/, false],
  ['a link', 'rm current; ln -s /etc/hostname current', /current is no plain file/, false],
  ['some other text', 'echo ../../tmp >current', /current does not name a version/, true],
] as const;
for (const [what, spoil, why, isRepaired] of someOf(SPOILT, 1)) {
  test(`current is ${what}: drift that is named, never an absence; install ${isRepaired ? 'writes it anew' : 'says what to move away'}`, {
    skip,
  }, () => {
    const sandbox = new Sandbox();
    try {
      const bundle = bundleOf();
      installQuietly(sandbox, bundle);
      sandbox.run(['/usr/bin/dash', '-c', `cd /${LIBRARY} && ${spoil}`]);
      const look = () => sandbox.runScript(bundle.status, { env: ROOTED }).verdict;
      const seen = look();
      assert.deepEqual([seen['state'], seen.drifted], ['drifted', [`/${LIBRARY}/current`]]);
      assert.match(String(seen['why']), why);
      const again = sandbox.runScript(bundle.installer, { env: ROOTED }).verdict;
      if (isRepaired) assert.equal(look()['state'], 'installed');
      else {
        assert.deepEqual([again['verdict'], again['step']], ['failed', 'path']);
        assert.match(String(again['why']), /current/);
        assert.equal(look()['state'], 'drifted', 'and nothing was made of it');
      }
    } finally {
      sandbox.close();
    }
  });
}

test("after an uninstall: not installed, with the agent that still carries ENV of ours, and without it once it restarted; a TMOUT in the agent's environment reaches every session, and is found", {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    installQuietly(sandbox, bundleOf());
    for (const tool of ['systemctl', 'systemd-run'])
      copyFileSync(
        fileURLToPath(new URL(`../support/agent/${tool}`, import.meta.url)),
        sandbox.path(`usr/sbin/${tool}`),
      );
    sandbox.write('run/fake/killmode', 'process\n');
    sandbox.write('run/fake/former', 'TMOUT=77\n');
    sandbox.write('tmp/status.sh', bundleOf().status);
    sandbox.write('tmp/uninstall.sh', bundleOf({ restart: false }).uninstaller);
    const unit = 'amazon-ssm-agent.service';
    const outcome = sandbox.run([
      '/usr/bin/dash',
      '-c',
      `systemctl daemon-reload; systemctl restart ${unit}
      dash /tmp/status.sh >/tmp/out.live
      mv /${LIBRARY}/entry.sh /tmp/; dash /tmp/status.sh >/tmp/out.broken; mv /tmp/entry.sh /${LIBRARY}/
      dash /tmp/uninstall.sh >/tmp/out.uninstall; dash /tmp/status.sh >/tmp/out.stale
      systemctl daemon-reload; systemctl restart ${unit}; dash /tmp/status.sh >/tmp/out.gone
      kill "$(cat /run/fake/pid)"`,
    ]);
    assert.equal(outcome.status, 0, outcome.stderr);
    const look = (name: string) => readReportLine(sandbox.read(`tmp/out.${name}`))!;
    assert.deepEqual([look('live').state, look('live').entries['env']], ['installed', 'live']);
    assert.deepEqual(look('live').tmout, [
      { file: 'the environment of amazon-ssm-agent.service', value: 77, readonly: false },
    ]);
    assert.deepEqual([look('broken').state, look('broken').entries['env']], ['drifted', 'broken']);
    assert.equal(look('uninstall').entries['env'], 'stale');
    assert.deepEqual([look('stale').state, look('stale').entries['env']], ['absent', 'stale']);
    assert.match(sandbox.read('tmp/out.stale'), /env: gone at the next restart/);
    assert.deepEqual([look('gone').state, look('gone').entries['env']], ['absent', 'off']);
  } finally {
    sandbox.close();
  }
});

test('a library that others can write: status says so and what helps, and no state, since nothing was looked at', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    installQuietly(sandbox, bundleOf());
    chmodSync(sandbox.path(LIBRARY), 0o777);
    const { status, verdict } = sandbox.runScript(bundleOf().status, { env: ROOTED });
    assert.deepEqual([status, verdict['verdict'], verdict['state']], [1, 'failed', undefined]);
    assert.match(String(verdict['why']), /can be written by others than root .*: chmod go-w /);
  } finally {
    sandbox.close();
  }
});

test('half destroyed is not “not installed”: each part that was deleted leaves a host that is partial, and install repairs it', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf({ entries: ['env', 'profile', 'rc'] });
    const run = (script: string) => sandbox.runScript(script, { env: ROOTED });
    sandbox.write('etc/bash.bashrc', '# theirs\n');
    for (const gone of [[LIBRARY], [LIBRARY, PROFILE_STUB, DROP_IN], [`${LIBRARY}/current`]]) {
      assert.equal(run(bundle.installer).status, 0);
      assert.equal(run(bundle.status).verdict['state'], 'installed');
      for (const path of gone) rmSync(sandbox.path(path), { recursive: true });
      const { verdict } = run(bundle.status);
      assert.deepEqual(
        [verdict['state'], verdict['why']],
        ['partial', 'files of ours are here, but no keeper'],
      );
      assert.match(
        String(verdict['next']),
        /^delete them, or move away those that were edited and install again$/,
      );
      assert.ok(verdict.left!.includes('/etc/bash.bashrc'), String(verdict.left));
      assert.equal(verdict.left!.includes(`/${PROFILE_STUB}`), !gone.includes(PROFILE_STUB));
      assert.equal(verdict.left!.includes(`/${LIBRARY}`), !gone.includes(LIBRARY));
      assert.equal(verdict.entries!['env'], gone.includes(DROP_IN) ? 'off' : 'broken');
    }
    assert.equal(run(bundle.installer).status, 0);
    assert.equal(run(bundle.uninstaller).verdict['verdict'], 'removed');
    assert.deepEqual(
      [run(bundle.status).verdict['state'], sandbox.read('etc/bash.bashrc')],
      ['absent', '# theirs\n'],
    );
  } finally {
    sandbox.close();
  }
});

test('what switches a host off is no healthy install: the switch, and a cap before the first heartbeat; install and status say so, and what helps', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf({ intervalSeconds: 30 });
    const run = (script: string) => sandbox.runScript(script, { env: ROOTED });
    const cases = [
      [
        'off',
        '',
        'switched off',
        /^\/etc\/ssm-keepalive\/off is there, so new sessions .* no keeper$/,
        /^remove/,
      ],
      [
        'max-idle',
        '0\n',
        'capped',
        /max-idle means 0 s, so no heartbeat is ever sent$/,
        /^write more seconds/,
      ],
      ['max-idle', 'abc\n', 'capped', /means 0 s/, /^write/],
      ['max-idle', '30\n', 'capped', /means 30 s/, /^write/],
    ] as const;
    assert.equal(run(bundle.installer).verdict['verdict'], 'installed');
    for (const [name, text, kind, why, next] of cases) {
      sandbox.write(`etc/ssm-keepalive/${name}`, text);
      for (const script of [bundle.installer, bundle.status]) {
        const { status, verdict } = run(script);
        assert.deepEqual([status, verdict['class']], [0, kind], `${name}: ${text}`);
        assert.match(String(verdict['why']), why);
        assert.match(String(verdict['next']), next);
        assert.equal(script === bundle.status ? verdict['state'] : verdict['verdict'], 'limited');
      }
      rmSync(sandbox.path(`etc/ssm-keepalive/${name}`));
    }
    // One second after the first heartbeat there is something that the cap leaves.
    sandbox.write('etc/ssm-keepalive/max-idle', '31\n');
    assert.equal(run(bundle.status).verdict['state'], 'installed');
  } finally {
    sandbox.close();
  }
});

test('uninstall: a hidden file of somebody keeps our folder, which is named', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf({ restart: false });
    installQuietly(sandbox, bundle);
    sandbox.write(`${LIBRARY}/.current.swp`, '');
    const gone = sandbox.runScript(bundle.uninstaller, { env: ROOTED }).verdict;
    assert.deepEqual([gone['verdict'], gone.left], ['removed', [`/${LIBRARY}`]]);
  } finally {
    sandbox.close();
  }
});

test('leftovers of a host without the product are named', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    sandbox.write(PROFILE_STUB, '# mine\n');
    const { verdict } = sandbox.runScript(bundleOf().status, { env: ROOTED });
    assert.deepEqual([verdict['state'], verdict.left], ['partial', [`/${PROFILE_STUB}`]]);
    rmSync(sandbox.path(PROFILE_STUB));
    assert.deepEqual(sandbox.runScript(bundleOf().status, { env: ROOTED }).verdict['state'], 'absent');
    assert.deepEqual(verdict.entries, { env: 'off', profile: 'off', rc: 'off' });
  } finally {
    sandbox.close();
  }
});
