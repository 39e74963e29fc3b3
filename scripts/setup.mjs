// Makes a fresh clone ready: dependencies, build, and the shells and tools that tests drive. Quiet and offline when nothing is missing.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchFrameworks } from './frameworks.mjs';
import { fetchVersions } from './versions.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * What the tests drive. `commands`: any one of them will do; `package`: the Debian package that brings it, where one does.
 * `required` ones fail a run with CI=true; the others are named and skipped. `isLong`: big, and installed for the long run only.
 */
export const TOOLS = [
  { name: 'bubblewrap', commands: ['bwrap'], package: 'bubblewrap', required: true },
  { name: 'strace', commands: ['strace'], package: 'strace', required: true },
  { name: 'tmux', commands: ['tmux'], package: 'tmux', required: true },
  { name: 'script (util-linux)', commands: ['script'], package: 'bsdutils', required: true },
  { name: 'dash', commands: ['dash'], package: 'dash', required: true },
  { name: 'bash', commands: ['bash'], package: 'bash', required: true },
  { name: 'busybox', commands: ['busybox'], package: 'busybox', required: true },
  { name: 'ksh', commands: ['ksh'], package: 'ksh', required: true },
  { name: 'mksh', commands: ['mksh'], package: 'mksh', required: true },
  { name: 'zsh', commands: ['zsh'], package: 'zsh', required: true },
  {
    name: 'Python 3 in /usr/bin',
    commands: ['/usr/bin/python3'],
    // python3-minimal has no termios.
    package: 'python3',
    required: true,
  },
  { name: 'shellcheck', commands: ['shellcheck'], package: 'shellcheck', required: false },
  { name: 'shfmt', commands: ['shfmt'], package: 'shfmt', required: false },
  { name: 'vi', commands: ['vi', 'vim.tiny'], package: 'vim-tiny', required: false },
  { name: 'sshd', commands: ['sshd', '/usr/sbin/sshd'], package: 'openssh-server', required: false },
  { name: 'ssh, scp, sftp', commands: ['ssh'], package: 'openssh-client', required: false },
  { name: 'rsync', commands: ['rsync'], package: 'rsync', required: false },
  { name: 'openssl', commands: ['openssl'], package: 'openssl', required: false },
  { name: 'curl', commands: ['curl'], package: 'curl', required: false },
  { name: 'setfattr, getfattr', commands: ['setfattr'], package: 'attr', required: false },
  { name: 'setfacl', commands: ['setfacl'], package: 'acl', required: false },
  { name: 'git', commands: ['git'], package: 'git', required: false },
  { name: 'cron', commands: ['cron', '/usr/sbin/cron'], package: 'cron', required: false },
  { name: 'sudo', commands: ['sudo'], package: 'sudo', required: false },
  { name: 'screen', commands: ['screen'], package: 'screen', required: false },
  { name: 'less', commands: ['less'], package: 'less', required: false },
  { name: 'fish', commands: ['fish'], package: 'fish', required: false },
  // What people load into their shells: files that are sourced, and commands that print hooks.
  {
    name: 'zsh-autosuggestions',
    commands: ['/usr/share/zsh-autosuggestions/zsh-autosuggestions.zsh'],
    package: 'zsh-autosuggestions',
    required: false,
  },
  {
    name: 'zsh-syntax-highlighting',
    commands: ['/usr/share/zsh-syntax-highlighting/zsh-syntax-highlighting.zsh'],
    package: 'zsh-syntax-highlighting',
    required: false,
  },
  {
    name: 'powerlevel9k',
    commands: ['/usr/share/powerlevel9k/powerlevel9k.zsh-theme'],
    package: 'zsh-theme-powerlevel9k',
    required: false,
  },
  {
    name: 'liquidprompt',
    commands: ['/usr/share/liquidprompt/liquidprompt'],
    package: 'liquidprompt',
    required: false,
  },
  { name: 'expect', commands: ['expect'], package: 'expect', required: false },
  { name: 'fzf', commands: ['fzf'], package: 'fzf', required: false },
  { name: 'direnv', commands: ['direnv'], package: 'direnv', required: false },
  { name: 'zoxide', commands: ['zoxide'], package: 'zoxide', required: false },
  { name: 'systemd-analyze', commands: ['systemd-analyze'], package: undefined, required: false },
  { name: 'AWS CLI', commands: ['aws'], package: undefined, required: false },
  {
    name: 'PyYAML',
    commands: ['/usr/lib/python3/dist-packages/yaml/__init__.py'],
    package: 'python3-yaml',
    required: false,
  },
  { name: 'Ansible', commands: ['ansible-playbook'], package: 'ansible-core', required: false, isLong: true },
  {
    name: "Ansible's collections",
    commands: [
      '/usr/lib/python3/dist-packages/ansible_collections/community/aws/plugins/connection/aws_ssm.py',
    ],
    package: 'ansible',
    required: false,
    isLong: true,
  },
  {
    name: 'boto3',
    commands: ['/usr/lib/python3/dist-packages/boto3/__init__.py'],
    package: 'python3-boto3',
    required: false,
    isLong: true,
  },
  // Installed, it would configure the machine at its next boot: only where no systemd could start it.
  {
    name: 'cloud-init',
    commands: ['cloud-init'],
    package: 'cloud-init',
    required: false,
    isLong: true,
    isService: true,
  },
  {
    name: 'debootstrap',
    commands: ['debootstrap', '/usr/sbin/debootstrap'],
    package: 'debootstrap',
    required: false,
    isLong: true,
  },
  { name: 'cfn-lint', commands: ['cfn-lint'], package: undefined, required: false },
  { name: 'Terraform', commands: ['terraform'], package: undefined, required: false },
  { name: 'moto_server', commands: ['moto_server'], package: undefined, required: false },
  {
    name: 'Python 2.7',
    commands: ['python2.7', '/usr/bin/python2.7', ...pyenvPythons('2.7')],
    package: undefined,
    required: false,
  },
];

/** What pyenv holds of one version, whether or not it is the chosen one: the relay's tests find those by themselves. */
function pyenvPythons(version) {
  const folder = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.startsWith(`${version}.`));
  return names.map((name) => join(folder, name, 'bin', `python${version}`));
}

/** The full path of a command on PATH or at an absolute path, or undefined. A version manager's shim that starts nothing counts as absent. */
export function findCommand(command) {
  const candidates = command.startsWith('/')
    ? [command]
    : (process.env.PATH ?? '').split(':').map((folder) => join(folder, command));
  return candidates.find((path) => existsSync(path) && statSync(path).isFile() && startsAnything(path));
}

function startsAnything(path) {
  if (!path.includes('/shims/')) return true;
  const { status, error } = spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 30_000 });
  return !error && status !== 127 && status !== 126;
}

const isPresent = (tool) => tool.commands.some((command) => findCommand(command) !== undefined);

/**
 * Dependencies and build always; with `tools`, what tests drive too, or only those named.
 * Ends the process with a clear line when something required is missing.
 * @param {{ tools?: boolean | string[], isLong?: boolean, withPackages?: boolean }} options
 */
export function setUp({ tools = false, isLong = false, withPackages = true } = {}) {
  installDependencies();
  buildIfStale();
  if (tools)
    installTools(
      TOOLS.filter(({ name }) => tools === true || tools.includes(name)),
      isLong,
      withPackages,
    );
  if (tools && isLong) fetchVersions(say);
  if (tools && isLong) fetchFrameworks(say);
}

function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

function stamp(name, value) {
  const path = join(root, 'node_modules', `.ssm-keepalive-${name}`);
  if (value === undefined) return existsSync(path) ? readFileSync(path, 'utf8') : '';
  writeFileSync(path, value);
  return value;
}

function installDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(join(root, 'node_modules')) && stamp('lock') === lock) return;
  say('installing dependencies (npm ci)');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) {
    say('npm ci failed. It needs the npm registry once; after that no network is needed.');
    process.exit(status ?? 1);
  }
  stamp('lock', lock);
}

function filesBelow(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function buildIfStale() {
  const hash = createHash('sha256');
  for (const file of [
    ...filesBelow('src'),
    join(root, 'scripts/build.mjs'),
    join(root, 'package-lock.json'),
  ]) {
    hash.update(file.slice(root.length)).update(readFileSync(file));
  }
  const source = hash.digest('hex');
  if (existsSync(join(root, 'dist/cli.js')) && stamp('build') === source) return;
  say('building');
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
  stamp('build', source);
}

function installTools(tools, isLong, withPackages) {
  const isWanted = (tool) =>
    (isLong || !tool.isLong) && !(tool.isService && existsSync('/run/systemd/system'));
  const wanted = tools.filter(isWanted);
  // Whether a version manager's shim starts anything takes a second to find out: once, and once more after packages came.
  let missing = wanted.filter((tool) => !isPresent(tool));
  const packages = missing.flatMap((tool) => tool.package ?? []);
  if (withPackages && packages.length > 0 && process.getuid?.() === 0 && findCommand('apt-get')) {
    say('the tests drive programs that are missing here. Debian packages are installed now, as root:');
    say(`  ${packages.join(' ')}`);
    say('  To prevent this:  npm test -- --no-packages  (their tests are skipped then)');
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const apt = (...args) =>
      spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
    const install = (names) => apt('install', '-y', '-q', '--no-install-recommends', ...names);
    if (!install(packages)) {
      apt('update', '-q');
      // One by one when together fails: one name that a release lacks must not cost the others.
      if (!install(packages)) for (const name of packages) install([name]);
    }
    missing = missing.filter((tool) => !isPresent(tool));
  }
  for (const tool of missing) {
    const how = tool.package ? `package ${tool.package}` : 'no package named';
    say(`absent: ${tool.name} (${how}, ${tool.required ? 'required' : 'optional'}); its tests are skipped`);
  }
  const lacking = missing.filter((tool) => tool.required);
  if (lacking.length > 0 && process.env.CI === 'true') {
    say(`required in CI and absent: ${lacking.map((tool) => tool.name).join(', ')}`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp({ tools: process.argv.includes('--tools') });
