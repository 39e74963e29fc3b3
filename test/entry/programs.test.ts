// What comes in without a person behind it: on a host with every entry and scope `all`, each says and starts what it does on a host without us.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { installedSandbox } from '../support/bundle.ts';
import { Sandbox, skipUnless } from '../support/sandbox.ts';
import { SshHost } from '../support/ssh-host.ts';
import { isLong, someOf, TURN, testInTurn } from '../support/turns.ts';

const required = skipUnless('bwrap', 'python3', 'dash', 'bash', 'zsh', 'strace');
/** Not on every machine that tests; named where they are absent. */
function lacks(...tools: string[]): string | false {
  const missing = tools.filter((tool) => !existsSync(tool.startsWith('/') ? tool : `/usr/bin/${tool}`));
  return required || (missing.length > 0 && `absent: ${missing.join(', ')}`);
}
const lacksSsh = lacks('/usr/sbin/sshd', 'ssh', 'ssh-keygen', 'setpriv');
const isRoot = process.getuid?.() === 0;
const skip = lacksSsh || (!isRoot && 'sshd changes its user, which needs root here');

/** Two a day; each row in one of them. */
const LOGIN_SHELLS = someOf(
  ['/usr/bin/bash', '/usr/bin/dash', '/usr/bin/zsh', '/usr/bin/fish'].filter(existsSync),
  2,
);

let hosts: SshHost[] = [];
before(async () => {
  if (skip) return;
  const kept = installedSandbox({ entries: ['env', 'profile', 'rc'], scope: 'all' });
  hosts = [kept, new Sandbox()].map((sandbox) => new SshHost(sandbox));
  for (const host of hosts) {
    prepare(host.sandbox);
    await host.listen();
  }
});
after(() => {
  for (const host of hosts) host.close();
});

function prepare(sandbox: Sandbox) {
  sandbox.write('tmp/sent/one', 'first file\n');
  sandbox.write('tmp/sent/two', 'x'.repeat(200_000));
  sandbox.write('etc/profile.d/50-site.sh', 'SITE=yes\nexport SITE\necho "the site speaks" >&2\n');
  sandbox.write('home/ssm-user/.bashrc', 'IN_BASHRC=yes\nexport IN_BASHRC\n');
  sandbox.write(
    'etc/pam.d/cron',
    ['auth', 'account', 'session'].map((type) => `${type} required pam_permit.so\n`).join(''),
  );
}

function setLoginShell(sandbox: Sandbox, shell: string) {
  sandbox.write(
    'etc/passwd',
    `root:x:0:0::/root:/bin/sh
sshd:x:105:65534::/run/sshd:/usr/sbin/nologin
nobody:x:65534:65534::/nonexistent:/bin/sh
ssm-user:*:1001:1001::/home/ssm-user:${shell}
`,
  );
}

/** Pids differ from run to run, and bash and ssh name theirs. */
const withoutPids = (text: string) => text.replaceAll(/\((-?\d+)\)/g, '(pid)').replaceAll(/\d+$/gm, 'N');

/** Runs the same on both hosts; everything that is printed has to be the same. */
async function compare(argv: (host: SshHost) => string[], input = ''): Promise<string> {
  const look = async (host: SshHost) => {
    const said = await host.run(argv(host), input);
    return { ...said, stderr: withoutPids(said.stderr) };
  };
  const seen = await Promise.all(hosts.map(look));
  assert.deepEqual(seen[0], seen[1]);
  assert.equal(seen[0]!.status, 0, JSON.stringify(seen[0]));
  return seen[0]!.stdout;
}

const user = 'ssm-user@127.0.0.1';
const ssh = (host: SshHost, ...words: string[]) => ['/usr/bin/ssh', ...host.options, ...words];
const remoteShell = (host: SshHost) => ['/usr/bin/ssh', ...host.options].join(' ');

/** As people and programs type them; each prints `ran`. */
const COMMANDS = [
  { name: 'ssh host COMMAND', words: ['env | sort | grep -v ^SSH_; echo ran'] },
  { name: "ssh host 'sh -c …'", words: ["sh -c 'echo ran; env | grep -c ssmka; true'"] },
  { name: "VS Code: ssh host 'bash -l -c …'", words: ["bash -l -c 'umask; echo $SITE ran'"] },
  {
    name: "Ansible: ssh host '/bin/sh -c …'",
    words: ['/bin/sh -c \'( umask 77 && mkdir -p "` echo ~/.ansible/tmp `" && echo ran ) && sleep 0\''],
  },
  {
    name: "Ansible: ssh -tt host '/bin/sh -c …'",
    flags: ['-tt'],
    words: ["/bin/sh -c 'env | grep -c ssmka; echo ran && sleep 0'"],
  },
  {
    name: "VS Code: ssh -tt host 'bash -l -c …'",
    flags: ['-tt'],
    words: ["bash -l -c 'umask; echo $SITE ran'"],
  },
  {
    name: 'VS Code: ssh host "bash --login -i -c \'…\'"',
    words: ["bash --login -i -c 'umask; echo $SITE ran'"],
  },
  {
    name: 'VS Code: ssh -tt host "bash --login -i -c \'…\'"',
    flags: ['-tt'],
    words: ["bash --login -i -c 'echo $SITE ran'"],
  },
  {
    name: 'VS Code: ssh -T host bash, fed a script',
    flags: ['-T'],
    words: ['bash'],
    input: 'echo ran\nexit 0\n',
  },
  { name: 'ssh -T host sh -l, fed a script', flags: ['-T'], words: ['sh -l'], input: 'echo ran\nexit 0\n' },
  { name: 'ssh -T host, fed a script', flags: ['-T'], words: [], input: 'echo ran\nexit 0\n' },
] as const;

describe('programs', { concurrency: 1 }, () => {
  for (const shell of LOGIN_SHELLS) {
    describe(shell, { concurrency: 1 }, () => testLoginShell(shell));
  }

  test('a person who logs in by ssh is kept on this very host', { skip }, async () => {
    const started = [];
    for (const host of hosts) {
      setLoginShell(host.sandbox, '/usr/bin/bash');
      assert.equal((await host.run(ssh(host, '-tt', user), 'exit 7\n')).status, 7);
      started.push(await host.takeStarted());
    }
    assert.deepEqual(
      started.map((paths) => paths.includes('/usr/bin/python3')),
      [true, false],
    );
  });

  test('cron: jobs of sh, bash and login shells print what they did, and start nothing of ours', {
    skip: skip || lacks('/usr/sbin/cron'),
  }, async () => {
    const seen = await Promise.all(hosts.map(runCron));
    assert.equal(seen[0], seen[1]);
    assert.match(seen[0]!, /sh ran[\s\S]*bash ran[\s\S]*yes ran/);
    assert.doesNotMatch(seen[0]!, /ssmka|ssm-keepalive/);
  });
});

/** All over one connection for each host; what it started is compared in the end. */
function testLoginShell(shell: string) {
  const name = shell.slice(shell.lastIndexOf('/') + 1);
  // A pair of shells comes back every second day: then it takes the other rows.
  const testRow = testInTurn(LOGIN_SHELLS.indexOf(shell) + (TURN >> 1), LOGIN_SHELLS.length);

  before(async () => {
    if (skip) return;
    for (const host of hosts) {
      setLoginShell(host.sandbox, shell);
      await host.connect(user);
    }
  });

  for (const { name: what, words, ...rest } of COMMANDS) {
    testRow(`${name}: ${what} sees not one byte`, { skip }, async () => {
      const flags = 'flags' in rest ? rest.flags : [];
      const input = 'input' in rest ? rest.input : '';
      const stdout = await compare((host) => ssh(host, ...flags, user, ...words), input);
      assert.match(stdout, /ran\r?\n/);
    });
  }

  testRow(
    `${name}: scp both ways, with the old protocol and the new one`,
    {
      skip: skip || lacks('scp'),
    },
    async () => {
      for (const protocol of ['-O', '-s']) {
        const scp = (host: SshHost) => ['/usr/bin/scp', protocol, '-qrp', ...host.options];
        await compare((host) => [...scp(host), '/tmp/sent', `${user}:${name}${protocol}`]);
        await compare((host) => [...scp(host), `${user}:${name}${protocol}`, `/tmp/back.${name}${protocol}`]);
        assertSame(`tmp/back.${name}${protocol}`);
      }
    },
  );

  testRow(`${name}: sftp`, { skip: skip || lacks('sftp') }, async () => {
    const batch = `put -r /tmp/sent ${name}-sftp\nls -1 ${name}-sftp\nget -r ${name}-sftp /tmp/back.${name}-sftp\n`;
    const stdout = await compare((host) => ['/usr/bin/sftp', ...host.options, '-q', '-b', '-', user], batch);
    assert.match(stdout, /two/);
    assertSame(`tmp/back.${name}-sftp`);
  });

  testRow(`${name}: rsync both ways`, { skip: skip || lacks('rsync') }, async () => {
    const rsync = (host: SshHost) => ['/usr/bin/rsync', '-a', '-e', remoteShell(host)];
    await compare((host) => [...rsync(host), '/tmp/sent/', `${user}:${name}-rsync/`]);
    await compare((host) => [...rsync(host), `${user}:${name}-rsync/`, `/tmp/back.${name}-rsync/`]);
    assertSame(`tmp/back.${name}-rsync`);
  });

  // Four sessions, each a command as above.
  if (isLong || (name === 'bash' && (TURN >> 1) % 2 === 0))
    test(`${name}: git over ssh clones and pushes`, { skip: skip || lacks('git') }, async () => {
      const repository = `/home/ssm-user/${name}.git`;
      await compare((host) => ssh(host, user, `git init -q --bare ${repository}`));
      const git = (host: SshHost) => [
        '/usr/bin/env',
        `GIT_SSH_COMMAND=${remoteShell(host)}`,
        ...['AUTHOR', 'COMMITTER'].flatMap((who) => [
          `GIT_${who}_NAME=a`,
          `GIT_${who}_EMAIL=a@example.com`,
          `GIT_${who}_DATE=2024-01-01T00:00:00Z`,
        ]),
        '/usr/bin/dash',
        '-ec',
        `git clone -q ssh://${user}${repository} /tmp/clone.${name} 2>/dev/null
        cd /tmp/clone.${name}
        git commit -q --allow-empty -m one
        git push -q origin HEAD:refs/heads/one
        git ls-remote`,
      ];
      assert.match(await compare(git), /refs\/heads\/one/);
    });

  test(`${name}: nothing of ours is started, whatever was asked`, { skip }, async () => {
    await Promise.all(hosts.map((host) => host.disconnect()));
    const started = await Promise.all(hosts.map((host) => host.takeStarted()));
    assert.ok(started[0]!.includes(shell), 'the host was asked');
    assert.deepEqual(started[0], started[1]);
  });
}

/** What came back over the wire is what was sent. */
function assertSame(folder: string) {
  for (const { sandbox } of hosts)
    for (const file of ['one', 'two'])
      assert.equal(sandbox.read(`${folder}/${file}`), sandbox.read(`tmp/sent/${file}`));
}

/** Jobs at start, since nobody waits for a full minute. Returns what they printed, and the programs that were started. */
async function runCron(host: SshHost): Promise<string> {
  const { sandbox } = host;
  setLoginShell(sandbox, '/usr/bin/bash');
  const jobs = [
    "sh -c 'echo sh ran; env | sort'",
    "bash -c 'echo bash ran; set -o'",
    "bash -l -c 'echo $SITE ran; umask'",
    "bash --login -i -c 'echo interactive $SITE'",
    "zsh -lic 'echo zsh $SITE'",
  ];
  const lines = jobs.map(
    (job, index) =>
      `${job} >/tmp/cron.${index} 2>/tmp/cron-errors.${index}; echo $? >/tmp/cron-done.${index}`,
  );
  sandbox.write('etc/crontab', lines.map((line) => `@reboot ssm-user ${line}\n`).join(''));
  const done = jobs.map((_, index) => `/tmp/cron-done.${index}`);
  const { status, stderr } = await host.run([
    '/usr/bin/dash',
    '-c',
    `mkdir -p /var/spool/cron/crontabs /var/run
    strace -ff -qq -o /tmp/trace.cron -e trace=execve /usr/sbin/cron -f &
    for file in ${done.join(' ')}; do until [ -s "$file" ]; do sleep 0.05; done; done
    kill -KILL "$(cat /var/run/crond.pid)"; wait; :`,
  ]);
  assert.equal(status, 0, stderr);
  const started = (await host.takeStarted()).filter((path) => path !== '/usr/bin/sleep');
  const said = jobs.map((_, index) => sandbox.read(`tmp/cron.${index}`));
  const errors = jobs.map((_, index) => withoutPids(sandbox.read(`tmp/cron-errors.${index}`)));
  return [...said, ...errors, ...started].join('\n');
}
