// Whatever an unprivileged user prepares, root's scripts end, say what they did not look at, and read nothing of root's for them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { readReportLine } from '../../src/fleet/report-line.ts';
import { bundleOf } from '../support/bundle.ts';
import { INSTALLER_SHELLS, Sandbox, skipUnless } from '../support/sandbox.ts';
import { TURN } from '../support/turns.ts';

const skip =
  skipUnless('bwrap', 'python3', 'timeout', 'dash', 'bash', 'busybox', 'ksh', 'mksh') ||
  (process.getuid?.() === 0 ? false : 'needs root to act as somebody else');

interface Stall {
  readonly what: string;
  /** Python, as uid 1001 and called ssm-keepalive: what the user does. `hold(TEXT)` opens a record, `serve()` waits for the end. */
  readonly acts: string;
  /** sh, as root, before that. */
  readonly prepare?: string;
  /** What `status` says that it did not look at. */
  readonly unseen: RegExp;
  /** How many sessions `status` counts, where that is certain. */
  readonly count?: number;
}

const NOTHING = /^$/;

/** Processes that any user may start: `status` alone looks at them. */
const PROCESSES: readonly Stall[] = [
  { what: 'a real record', acts: `hold('v=1 pts=/dev/pts/1')`, unseen: NOTHING, count: 1 },
  {
    what: 'a pipe as its record',
    acts: `os.mkfifo(path, 0o600); os.open(path, os.O_RDWR)`,
    unseen: /^1 \(no record of its own\)$/,
  },
  {
    // Beyond ASCII there are digits that are no numbers.
    what: 'digits that no number has, in a record before a real one',
    acts: `os.write(hold('v=1'), b' sent=\\xb2')
if os.fork() == 0:
    path += 'b'
    hold('v=1')
    serve()`,
    unseen: NOTHING,
    count: 2,
  },
  {
    what: 'a descriptor that is a file now and a pipe then',
    acts: `os.mkfifo(path + 'p', 0o600)
os.dup2(os.open(path + 'p', os.O_RDWR), 100); os.dup2(hold('v=1'), 101)
os.closerange(3, 100)
ready()
while True:
    os.dup2(100, 9); os.dup2(101, 9)`,
    unseen: /^(\d \((no record of its own|unreadable)\)(, )?)*$/,
  },
  {
    what: '19,000 descriptors, the record last',
    acts: `import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
for n in range(min(19000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 10)): os.dup(0)
hold('v=1')`,
    unseen: /^1 \(too many open files\)$/,
  },
  {
    what: 'a lease on its record, which makes an open wait for its owner',
    acts: `import fcntl, signal
signal.signal(signal.SIGIO, signal.SIG_IGN)
fcntl.fcntl(hold('v=1'), fcntl.F_SETLEASE, fcntl.F_WRLCK)`,
    unseen: /^1 \(unreadable\)$/,
  },
  {
    what: 'more processes than are looked at',
    acts: `for n in range(1100):
    if os.fork() == 0: serve()`,
    unseen: /^10\d \(too many processes\)$/,
  },
  {
    what: "a Python of the user's own",
    prepare: `cp "$(readlink -f /usr/bin/python3)" /home/evil/python3; chown 1001 /home/evil/python3; python='env PYTHONHOME=/usr /home/evil/python3'`,
    acts: `hold('v=1')`,
    unseen: /^1 \(no interpreter of root's\)$/,
  },
  {
    what: "a file of root's as its record, held by a name alone",
    prepare: `echo 'v=1 pts=secret sid=secret' >/dev/shm/ssm-keepalive-root; chmod 600 /dev/shm/ssm-keepalive-root`,
    acts: `os.open('/dev/shm/ssm-keepalive-root', os.O_PATH)`,
    unseen: /^1 \(no record of its own\)$/,
  },
];

/** What a link of root's may lead to: a name that is a plain file now and a pipe then. Every script meets it. */
const FLIPS = `os.mkfifo('/home/evil/pipe')
open('/home/evil/file', 'w').write('TMOUT=5\\n')
ready()
while True:
    for now in ('file', 'pipe'):
        # Often while a program starts, and not a busy loop.
        time.sleep(0.0005)
        os.link('/home/evil/' + now, '/home/evil/next')
        os.rename('/home/evil/next', '/home/evil/rc')`;

/** All at once: what each would stall is another place of the scripts. */
const LINKS = [
  '/etc/bash.bashrc',
  '/etc/zsh/zshrc',
  '/etc/profile.d/site.sh',
  '/etc/environment',
  '/etc/ssm-keepalive/max-idle',
];
const FILES: readonly Stall[] = [
  {
    what: 'files that become pipes, and a profile script without end',
    prepare: `: >/home/evil/rc; mkdir -p /etc/ssm-keepalive; for file in ${LINKS.join(' ')}; do ln -sf /home/evil/rc $file; done
truncate -s 1T /etc/profile.d/endless.sh; chown 1001 /etc/profile.d/endless.sh`,
    acts: FLIPS,
    unseen: NOTHING,
  },
];

const USER = `import os, sys, time
if os.getuid() == 0:
    os.setgroups([]); os.setgid(1001); os.setuid(1001)
    os.execv(sys.executable, [sys.executable] + sys.argv)   # a process that changed its user may not name itself
open('/proc/self/comm', 'w').write(sys.argv[2])
path = '/dev/shm/ssm-keepalive-%d' % os.getpid()
def hold(text):
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.write(fd, text.encode())
    os.unlink(path)
    return fd
def ready():
    os.close(os.open('/tmp/ready', os.O_CREAT | os.O_WRONLY))
def serve():
    while True: time.sleep(100)
exec(open(sys.argv[1]).read())
ready()
serve()
`;

/** Each case beside its user, in a host of its own made clean again; what a script printed goes to /tmp/out/CASE.SCRIPT. */
function driver(stalls: readonly Stall[], scripts: readonly string[], name: string): string {
  const cases = stalls.map(({ prepare = '' }, index) => {
    const shell = INSTALLER_SHELLS[(index + TURN) % INSTALLER_SHELLS.length]!;
    return `rm -rf /home/evil /tmp/ready /etc/profile.d/site.sh /etc/ssm-keepalive /etc/environment
mkdir -m 755 /home/evil
chmod 1777 /dev/shm
printf '' >/etc/bash.bashrc.new && mv /etc/bash.bashrc.new /etc/bash.bashrc
printf '' >/etc/zsh/zshrc.new && mv /etc/zsh/zshrc.new /etc/zsh/zshrc
python='/usr/bin/python3 -I'
${prepare}
chown 1001:1001 /home/evil
setsid $python /tmp/user.py /tmp/acts.${index} ${name} </dev/null >/tmp/out/${index}.user 2>&1 &
until [ -e /tmp/ready ] || ! kill -0 $!; do sleep 0.05; done
for script in ${scripts.join(' ')}; do
  timeout -k 1 100 ${shell.argv.join(' ')} /tmp/$script.sh >/tmp/out/${index}.$script 2>&1 </dev/null
  echo "exit $?" >>/tmp/out/${index}.$script
done
kill -9 -$!
wait
`;
  });
  return `umask 022\nmkdir /tmp/out\n${cases.join('')}`;
}

async function runBeside(
  stalls: readonly Stall[],
  scripts: readonly ('install' | 'status' | 'uninstall')[],
  { name, env }: { name: string; env: string },
): Promise<(index: number, script: string) => string> {
  const bundle = bundleOf({ entries: ['env', 'profile', 'rc'] });
  const sandbox = new Sandbox();
  try {
    sandbox.write('tmp/install.sh', bundle.installer);
    sandbox.write('tmp/status.sh', bundle.status);
    sandbox.write('tmp/uninstall.sh', bundle.uninstaller);
    sandbox.write('tmp/user.py', USER);
    for (const [index, { acts }] of stalls.entries()) sandbox.write(`tmp/acts.${index}`, `${acts}\n`);
    sandbox.write('tmp/driver.sh', `${env}\n${driver(stalls, scripts, name)}`);
    await once(sandbox.start(['/usr/bin/dash', '/tmp/driver.sh'], 'ignore'), 'exit');
    const said = new Map(
      stalls.flatMap((_, index) =>
        [...scripts, 'user'].map((script) => [
          `${index}.${script}`,
          sandbox.read(`tmp/out/${index}.${script}`),
        ]),
      ),
    );
    return (index, script) => said.get(`${index}.${script}`) ?? '';
  } finally {
    sandbox.close();
  }
}

test('status ends beside every process that a user may start, and says what it did not look at', {
  skip,
}, async (context) => {
  context.diagnostic(`SSM_KEEPALIVE_TEST_SEED=${TURN}`);
  const said = await runBeside(PROCESSES, ['status'], { name: 'ssm-keepalive', env: '' });
  for (const [index, { what, unseen, count }] of PROCESSES.entries())
    await context.test(what, () => {
      const text = `${said(index, 'status')}${said(index, 'user')}`;
      assert.equal(said(index, 'user'), '', text);
      assert.match(text, /^exit 0$/m);
      const kept = readReportLine(text)?.kept;
      assert.match(kept?.unseen ?? 'no report', unseen, text);
      if (kept?.unseen) assert.ok(text.includes(`not counted: ${kept.unseen}\n`), text);
      assert.ok(!text.includes('secret'), text);
      assert.equal(kept?.count, count ?? kept?.count, text);
    });
});

test('every script ends where a file that it reads is in the hands of a user', { skip }, async (context) => {
  context.diagnostic(`SSM_KEEPALIVE_TEST_SEED=${TURN}`);
  const scripts = ['install', 'status', 'uninstall'] as const;
  const said = await runBeside(FILES, scripts, {
    name: 'evil',
    env: 'export SSM_KEEPALIVE_ROOT=/.',
  });
  for (const [index, { what }] of FILES.entries())
    for (const script of scripts)
      await context.test(`${what}, ${script}`, () => {
        const text = `${said(index, script)}${said(index, 'user')}`;
        assert.equal(said(index, 'user'), '', text);
        assert.match(text, /^exit [01]$/m);
        assert.ok(readReportLine(text), text);
      });
});
