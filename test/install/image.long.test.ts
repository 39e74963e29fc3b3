// The installer in a real Debian of its own: over the mounted tree, and from inside it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { treeFiles } from '../../src/bundle/index.ts';
import { writeTree } from '../../src/commands/render/tree-folder.ts';
import { bundleOf, DROP_IN } from '../support/bundle.ts';
import { formatOf } from '../support/formats.ts';
import { PtySession } from '../support/sandbox.ts';

const DEBOOTSTRAP = ['/usr/sbin/debootstrap', '/usr/bin/debootstrap'].find((path) => existsSync(path));
const supportFolder = fileURLToPath(new URL('../support', import.meta.url));

/** Where this machine gets its own packages, and of which release. */
function findMirror(): { uri: string; suite: string } | undefined {
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  for (const path of ['/etc/apt/sources.list', ...files].filter((each) => existsSync(each))) {
    const text = readFileSync(path, 'utf8');
    const line = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\w+)\s+main/m.exec(text);
    if (path.endsWith('.list') && line) return { uri: line[1]!, suite: line[2]! };
    const [uri, suite] = [/^URIs:\s*(\S+)/m.exec(text)?.[1], /^Suites:\s*(\w+)/m.exec(text)?.[1]];
    if (path.endsWith('.sources') && uri && suite) return { uri, suite };
  }
  return undefined;
}

const mirror = findMirror();
const skip =
  process.getuid?.() !== 0
    ? 'not root'
    : !DEBOOTSTRAP || !existsSync('/usr/bin/bwrap')
      ? 'absent: debootstrap or bwrap'
      : !mirror
        ? 'no mirror in the sources of apt'
        : false;

/** debootstrap finds no virtual packages: cloud-init needs one that python3-cffi-backend provides. */
const PACKAGES = 'python3,python3-cffi-backend,cloud-init';

/** A tree that debootstrap made before, for who runs this often. */
const given = process.env['SSM_KEEPALIVE_TEST_IMAGE'];

const bundle = bundleOf({ intervalSeconds: 1 });
let folder: string;

before(() => {
  if (skip || !mirror || !DEBOOTSTRAP) return;
  folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-image-'));
  const bare = join(folder, 'bare');
  const made = given
    ? spawnSync('cp', ['-a', given, bare], { encoding: 'utf8' })
    : spawnSync(DEBOOTSTRAP, ['--variant=minbase', `--include=${PACKAGES}`, mirror.suite, bare, mirror.uri], {
        encoding: 'utf8',
        maxBuffer: 1 << 26,
      });
  assert.equal(made.status, 0, made.stdout.slice(-2000) + made.stderr);
  // What the package of the agent brings, as far as an installer looks at it.
  const unit =
    '[Unit]\nDescription=agent\n[Service]\nExecStart=/usr/bin/amazon-ssm-agent\nKillMode=process\n';
  const path = join(bare, 'usr/lib/systemd/system/amazon-ssm-agent.service');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, unit);
});
after(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** A copy of the bare image. */
function copyImage(name: string): string {
  const image = join(folder, name);
  assert.equal(spawnSync('cp', ['-a', join(folder, 'bare'), image]).status, 0);
  return image;
}

/** The image as the root of a machine of its own. */
const inside = (image: string, ...argv: string[]): string[] => [
  ...[
    '--unshare-pid',
    '--unshare-ipc',
    '--die-with-parent',
    '--bind',
    image,
    '/',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
  ],
  ...['--tmpfs', '/run', '--ro-bind', supportFolder, '/mnt', '--chdir', '/', '--cap-add', 'ALL', ...argv],
];

function runInstaller(
  image: string,
  isInside: boolean,
): { verdict: Record<string, unknown>; output: string } {
  writeFileSync(join(image, 'tmp/installer.sh'), bundle.installer);
  const { stdout, stderr } = isInside
    ? spawnSync('/usr/bin/bwrap', inside(image, '/bin/sh', '/tmp/installer.sh'), {
        encoding: 'utf8',
        env: {},
      })
    : spawnSync('/bin/sh', [join(image, 'tmp/installer.sh')], {
        encoding: 'utf8',
        env: { SSM_KEEPALIVE_ROOT: image },
      });
  const output = stdout + stderr;
  return { verdict: JSON.parse(stdout.split('\n')[0] || '{}'), output };
}

/** Boots as far as a session needs: the agent's environment from its drop-in, its worker, and plain sh below that. */
async function assertSessionIsKept(image: string): Promise<void> {
  const [, name = '', value = ''] =
    /^Environment="?(\w+)=([^"\n]+)/m.exec(readFileSync(join(image, DROP_IN), 'utf8')) ?? [];
  const worker = ['/usr/bin/python3', '-I', '/mnt/session-worker.py', '1001', '/usr/bin', 'ssm-session-wor'];
  const child = spawn('/usr/bin/bwrap', inside(image, ...worker, '/bin/sh', 'sh'), {
    env: {
      PATH: '/usr/bin:/bin',
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
      HOME: '/tmp',
      PS1: 'image> ',
      [name]: value,
    },
    stdio: 'pipe',
  });
  const session = new PtySession(child);
  try {
    await session.relay();
    assert.equal(session.processes('ssm-keepalive').length, 1);
    session.type('echo "in $(cat /etc/debian_version), ENV=${ENV-unset}"; exit 9\r');
    assert.equal(await session.exited(), 9);
    assert.match(session.screen, /in \d+.*, ENV=unset/);
    assert.doesNotMatch(session.screen, /\[0n/);
  } finally {
    session.close();
  }
}

test('a mounted image: SSM_KEEPALIVE_ROOT installs below it and starts nothing, and its first session is kept', {
  skip,
}, async () => {
  const image = copyImage('mounted');
  const { verdict, output } = runInstaller(image, false);
  assert.deepEqual(
    [verdict['verdict'], verdict['digest'], verdict['restart']],
    ['installed', bundle.digest, 'off'],
    output,
  );
  assert.match(output, /self-test: not run in a tree/);
  await assertSessionIsKept(image);
});

test('from inside the image: the self-test runs on its own Python, the second time changes nothing, a session is kept', {
  skip,
}, async () => {
  const image = copyImage('inside');
  const { verdict, output } = runInstaller(image, true);
  assert.deepEqual([verdict['verdict'], verdict['keeper']], ['installed', 'relay'], output);
  assert.doesNotMatch(output, /not shown/);
  assert.equal(runInstaller(image, true).verdict['verdict'], 'unchanged');
  await assertSessionIsKept(image);
});

/** The stages of cloud-init, as its units run them; only the modules that this is about, and no network. */
const STAGES = ['init --local', 'init', 'modules --mode=config', 'modules --mode=final'];
const CLOUD_CONFIG = `datasource_list: [NoCloud]
network: {config: disabled}
cloud_init_modules: [write-files]
cloud_config_modules: [runcmd]
cloud_final_modules: [scripts-user]
`;

test('a first boot: cloud-init’s own stages write the installer of the user data, run it once, and the first session is kept', {
  skip,
}, async () => {
  const image = copyImage('first-boot');
  const seed = join(image, 'var/lib/cloud/seed/nocloud');
  mkdirSync(seed, { recursive: true });
  writeFileSync(join(seed, 'meta-data'), 'instance-id: i-1\n');
  writeFileSync(join(seed, 'user-data'), formatOf('cloud-init', bundle));
  writeFileSync(join(image, 'etc/cloud/cloud.cfg.d/99-test.cfg'), CLOUD_CONFIG);
  const script = [...STAGES.map((stage) => `cloud-init ${stage}`), 'ls /run'].join(' && ');
  const { stdout, stderr } = spawnSync(
    '/usr/bin/bwrap',
    ['--unshare-net', '--unshare-uts', ...inside(image, '/bin/sh', '-c', script)],
    { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } },
  );
  const verdicts = stdout.split('\n').filter((line) => line.startsWith('{"ssm-keepalive"'));
  assert.equal(verdicts.length, 1, stdout + stderr);
  const verdict = JSON.parse(verdicts[0] ?? '{}');
  assert.deepEqual([verdict.verdict, verdict.digest, verdict.keeper], ['installed', bundle.digest, 'relay']);
  assert.doesNotMatch(stdout, /ssm-keepalive-first-boot/);
  await assertSessionIsKept(image);
});

test('a Python without termios, as Debian’s python3-minimal, is no relay’s: its sh is not kept', {
  skip,
}, () => {
  const image = copyImage('minimal');
  const found = spawnSync('find', [join(image, 'usr/lib'), '-name', 'termios.*.so', '-print', '-delete'], {
    encoding: 'utf8',
  });
  assert.notEqual(found.stdout, '');
  const { verdict } = runInstaller(image, true);
  assert.deepEqual([verdict['verdict'], verdict['keeper']], ['limited', 'none']);
});

test('an image that got the files of --out: its first session is kept', { skip }, async () => {
  const image = copyImage('copied');
  writeTree(treeFiles(bundle), join(folder, 'tree'));
  cpSync(join(folder, 'tree'), image, { recursive: true });
  await assertSessionIsKept(image);
});
