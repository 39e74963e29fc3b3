import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundleOf } from '../support/bundle.ts';
import { Sandbox, shellsInTurn, skipUnless, type Verdict } from '../support/sandbox.ts';
import { someOf } from '../support/turns.ts';

const skip =
  process.getuid?.() === 0
    ? skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh') || skipSshd()
    : 'needs root: sshd changes users';
const DROP_IN = 'etc/ssh/sshd_config.d/00-ssm-keepalive.conf';
const PLACES = ['etc', 'usr/local', 'opt', 'run'];

function skipSshd(): string | false {
  try {
    return skipUnless('/usr/sbin/sshd', 'ssh', 'ssh-keygen');
  } catch {
    // Optional, also in CI.
    return 'absent: sshd';
  }
}

/** Without the relay there is no self-test, and without entries little else: what is shown here is sshd. */
const withSsh = (changes = {}) =>
  bundleOf({ ssh: true, keeper: 'prompt', entries: [], restart: false, ...changes });

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

let made: { host: string; user: string; authorized: string } | undefined;
/** The same for every host. */
function makeKeys() {
  if (made) return made;
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-keys-'));
  for (const name of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  made = { host: read('host'), user: read('user'), authorized: read('user.pub') };
  rmSync(folder, { recursive: true });
  return made;
}

/** A host with a real sshd that listens on loopback once it is started, and the key to log in as root. */
async function sshHost(config = 'Include /etc/ssh/sshd_config.d/*.conf\n', after = ''): Promise<Sandbox> {
  const sandbox = new Sandbox({ hasUnit: false });
  const port = await freePort();
  sandbox.write('etc/passwd', `${sandbox.read('etc/passwd')}sshd:x:105:65534::/run/sshd:/usr/sbin/nologin\n`);
  sandbox.write(
    'etc/ssh/sshd_config',
    `${config}Port ${port}\nListenAddress 127.0.0.1\nHostKey /etc/ssh/key\nUsePAM no\nPermitRootLogin yes\nStrictModes no\n${after}`,
  );
  sandbox.write('etc/ssh/sshd_config.d/.keep', '');
  sandbox.write('run/sshd/.keep', '');
  sandbox.write('tmp/port', String(port));
  sandbox.extra = ['--ro-bind', '/usr/sbin/sshd', '/usr/sbin/sshd'];
  const keys = makeKeys();
  sandbox.write('etc/ssh/key', keys.host, 0o600);
  sandbox.write('root/id', keys.user, 0o600);
  sandbox.write('root/.ssh/authorized_keys', keys.authorized);
  return sandbox;
}

/** What a run in between the others can see and do; each step writes /tmp/out.NAME. */
function runSteps(sandbox: Sandbox, steps: string): (name: string) => Verdict {
  const outcome = sandbox.run(['/usr/bin/dash', '-c', steps], { timeout: 120_000 });
  assert.equal(outcome.status, 0, `${outcome.stdout}${outcome.stderr}`);
  return (name) => JSON.parse(sandbox.read(`tmp/out.${name}`).split('\n')[0]!) as Verdict;
}

/** Starts sshd, and waits until it listens. */
const START =
  '/usr/sbin/sshd -E /tmp/sshd.log; n=0; until grep -q "Server listening" /tmp/sshd.log || [ $n -gt 150 ]; do sleep 0.1; n=$((n + 1)); done;';
/** One login that is silent for 3 seconds; what the client sees of it. */
const logIn = (name: string) =>
  `timeout 20 ssh -n -vvv -o BatchMode=yes -F /dev/null -i /root/id -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p "$(cat /tmp/port)" root@127.0.0.1 'sleep 3; echo alive' >/tmp/login.${name} 2>/tmp/client.${name};`;
const IS_ASKED = /rtype keepalive@openssh\.com/;

test('--ssh: a running sshd takes the drop-in, asks silent clients from then on, and is as before after uninstall', {
  skip,
}, async () => {
  const sandbox = await sshHost();
  try {
    const bundle = withSsh({ intervalSeconds: 1, maxIdleSeconds: 100 });
    const before = sandbox.snapshot('etc', 'usr/local');
    sandbox.write('tmp/install.sh', bundle.installer);
    sandbox.write('tmp/status.sh', bundle.status);
    // The uninstaller of whoever runs it: its own settings know nothing of ssh.
    sandbox.write('tmp/uninstall.sh', bundleOf({ restart: false }).uninstaller);
    const verdict = runSteps(
      sandbox,
      `${START} ${logIn('before')}
      dash /tmp/install.sh >/tmp/out.install; cp /${DROP_IN} /tmp/drop-in; cp /tmp/sshd.log /tmp/log.install
      dash /tmp/install.sh >/tmp/out.again; dash /tmp/status.sh >/tmp/out.status; cp /tmp/sshd.log /tmp/log.again
      ${logIn('kept')}
      dash /tmp/uninstall.sh >/tmp/out.uninstall; sshd -T | grep -i clientalive >/tmp/values; dash /tmp/status.sh >/tmp/out.after
      ${logIn('after')} kill "$(cat /run/sshd.pid)"; rm -f /run/sshd.pid`,
    );
    assert.deepEqual([verdict('install')['verdict'], verdict('install')['ssh']], ['installed', 'live']);
    assert.match(sandbox.read('tmp/drop-in'), /^ClientAliveInterval 1\nClientAliveCountMax 100$/m);
    const restarts = (name: string) => sandbox.read(`tmp/log.${name}`).split('Received SIGHUP').length - 1;
    assert.deepEqual([restarts('install'), restarts('again')], [1, 1]);
    assert.deepEqual([verdict('again')['verdict'], verdict('again')['ssh']], ['unchanged', 'live']);
    assert.deepEqual([verdict('status')['state'], verdict('status')['ssh']], ['installed', 'live']);
    for (const name of ['before', 'kept', 'after'])
      assert.equal(sandbox.read(`tmp/login.${name}`), 'alive\n', sandbox.read(`tmp/client.${name}`));
    assert.doesNotMatch(sandbox.read('tmp/client.before'), IS_ASKED);
    assert.match(sandbox.read('tmp/client.kept'), IS_ASKED);
    assert.doesNotMatch(sandbox.read('tmp/client.after'), IS_ASKED);
    assert.deepEqual([verdict('uninstall')['verdict'], verdict('uninstall')['ssh']], ['removed', 'off']);
    assert.match(sandbox.read('tmp/values'), /clientaliveinterval 0/);
    assert.equal(verdict('after')['ssh'], 'off');
    assert.equal(sandbox.snapshot('etc', 'usr/local'), before);
  } finally {
    sandbox.close();
  }
});

for (const { name, argv } of shellsInTurn(3)) {
  test(`${name}: --ssh where no sshd runs yet: in place for its next start; other settings update it, without --ssh it goes`, {
    skip,
  }, async () => {
    const sandbox = await sshHost('Include "/etc/ssh/sshd_config.d/*.conf"\n');
    try {
      const before = sandbox.snapshot(...PLACES);
      const run = (script: string) => sandbox.runScript(script, { shell: argv });
      const first = run(withSsh().installer);
      assert.deepEqual([first.verdict['ssh'], first.stderr], ['live', '']);
      // 28800 s are 640 × 45 s; 28800 s are more than 411 × 70 s, so the count is rounded up.
      assert.match(sandbox.read(DROP_IN), /Interval 45\nClientAliveCountMax 640\n/);
      assert.equal(run(withSsh({ intervalSeconds: 70 }).installer).verdict['ssh'], 'live');
      assert.match(sandbox.read(DROP_IN), /Interval 70\nClientAliveCountMax 412\n/);
      const off = run(withSsh({ ssh: false }).installer);
      assert.deepEqual([off.verdict['verdict'], off.verdict['ssh'], off.stderr], ['updated', 'off', '']);
      assert.equal(sandbox.has(DROP_IN), false);
      assert.equal(run(withSsh().uninstaller).verdict['verdict'], 'removed');
      assert.equal(sandbox.snapshot(...PLACES), before);
    } finally {
      sandbox.close();
    }
  });
}

const SKIPPED: readonly { what: string; config?: string; after?: string; spoil?: string; why: RegExp }[] = [
  { what: 'a main file without Include', config: '', why: /does not include \/etc\/ssh\/sshd_config\.d/ },
  {
    what: 'an Include that belongs to a Match',
    config: '',
    after: 'Match User somebody\nInclude /etc/ssh/sshd_config.d/*.conf\n',
    why: /before any Match/,
  },
  {
    what: "somebody's own interval",
    spoil: 'echo ClientAliveInterval 30 >/etc/ssh/sshd_config.d/site.conf',
    why: /somebody set ClientAliveInterval 30/,
  },
  {
    what: 'a value before the Include',
    config: 'ClientAliveCountMax 3\nInclude /etc/ssh/sshd_config.d/*.conf\n',
    why: /something before the Include sets ClientAlive values: 45 3/,
  },
  {
    what: 'a configuration that sshd refuses',
    after: 'NoSuchWord yes\n',
    why: /sshd -T fails: .*NoSuchWord/,
  },
  {
    what: 'a folder that others may write',
    spoil: 'chmod 777 /etc/ssh/sshd_config.d',
    why: /can be written by others/,
  },
];
for (const { what, config, after = '', spoil = ':', why } of someOf(SKIPPED, 2)) {
  test(`--ssh and ${what}: skipped with the reason, the rest is installed, sshd's files are as they were`, {
    skip,
  }, async () => {
    const sandbox = await sshHost(config, after);
    try {
      sandbox.run(['/usr/bin/dash', '-c', spoil]);
      const before = sandbox.snapshot('etc/ssh');
      const bundle = withSsh();
      const { status, verdict, stdout, stderr } = sandbox.runScript(bundle.installer);
      assert.deepEqual([status, verdict['verdict'], verdict['ssh'], stderr], [0, 'installed', 'skipped', '']);
      assert.match(String(verdict['sshWhy']), why);
      assert.match(stdout, /^ssh: skipped \(.+\)$/m);
      assert.equal(sandbox.snapshot('etc/ssh'), before);
      const look = sandbox.runScript(bundle.status).verdict;
      assert.deepEqual([look['state'], look['ssh'], look.drifted], ['installed', 'skipped', []]);
    } finally {
      sandbox.close();
    }
  });
}

for (const [where, env, why] of [
  ['on a host without sshd', {}, /no sshd here/],
  ['in an image', { SSM_KEEPALIVE_ROOT: '/.' }, /in an image/],
] as const) {
  test(`--ssh ${where}: skipped`, { skip }, () => {
    const sandbox = new Sandbox();
    try {
      assert.match(String(sandbox.runScript(withSsh().installer, { env }).verdict['sshWhy']), why);
    } finally {
      sandbox.close();
    }
  });
}

for (const [what, reload] of someOf(
  [
    ['the reload fails', 'exit 1'],
    ['sshd is gone after the reload', 'echo failed >/run/fake-state'],
  ] as const,
  1,
)) {
  test(`--ssh and ${what}: undone, said, and the rest is installed; the next install tries again`, {
    skip,
  }, async () => {
    const sandbox = await sshHost();
    try {
      sandbox.write(
        'usr/sbin/systemctl',
        `#!/usr/bin/dash\necho "$*" >>/run/calls\ncase $1 in is-active) [ "$2" = ssh.service ] && cat /run/fake-state ;; reload) [ -e /run/mended ] || { ${reload}; } ;; *) exit 1 ;; esac\n`,
        0o755,
      );
      sandbox.write('run/fake-state', 'active\n');
      const before = sandbox.snapshot('etc/ssh');
      const first = sandbox.runScript(withSsh().installer);
      assert.deepEqual(
        [first.verdict['verdict'], first.verdict['ssh'], first.verdict['sshWhy']],
        ['installed', 'skipped', 'sshd could not be reloaded'],
      );
      assert.equal(sandbox.snapshot('etc/ssh'), before);
      sandbox.write('run/mended', '');
      sandbox.write('run/fake-state', 'active\n');
      const second = sandbox.runScript(withSsh().installer);
      assert.deepEqual([second.verdict['verdict'], second.verdict['ssh']], ['updated', 'live']);
      assert.match(sandbox.read('run/calls'), /^reload ssh\.service$/m);
    } finally {
      sandbox.close();
    }
  });
}

test('a drop-in that no longer decides is reported; one that somebody edited stays at uninstall, by name', {
  skip,
}, async () => {
  const sandbox = await sshHost();
  try {
    const bundle = withSsh();
    sandbox.runScript(bundle.installer);
    sandbox.write('etc/ssh/sshd_config.d/00-a.conf', 'ClientAliveInterval 9\n');
    sandbox.write(DROP_IN, `${sandbox.read(DROP_IN)}# mine\n`);
    const look = sandbox.runScript(bundle.status).verdict;
    assert.deepEqual([look['ssh'], look['sshWhy']], ['overridden', 'sshd -T says clientaliveinterval 9']);
    assert.deepEqual(look.drifted, [`/${DROP_IN}`]);
    assert.deepEqual(sandbox.runScript(bundle.uninstaller).verdict.left, [`/${DROP_IN}`]);
    assert.match(sandbox.read(DROP_IN), /# mine\n$/);
  } finally {
    sandbox.close();
  }
});
