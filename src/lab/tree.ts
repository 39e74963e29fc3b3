/** A host's own files (/etc, /usr/local, /opt, /var, /home, /root), made once; they stay when the lab restarts. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  type Dirent,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { foldersBelow } from './folders.ts';
import type { HostSpec } from './options.ts';

export const UNIT_NAMES = {
  package: 'amazon-ssm-agent.service',
  snap: 'snap.amazon-ssm-agent.amazon-ssm-agent.service',
} as const;

/** From this machine, if there: its programs (su, ld.so, zsh) need them. */
const COPIED = [
  ...['alternatives', 'pam.d', 'security', 'login.defs', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d'],
  ...['inputrc', 'localtime', 'terminfo', 'debian_version', 'os-release', 'zsh', 'fish'],
];

/** The agent makes this user at its first session. */
export const SESSION_USER = { uid: 1001, gid: 1001, groups: [100], home: '/home/ssm-user' };

/** Makes the tree if it is missing or unfinished. */
export function makeTree(tree: string, spec: HostSpec): void {
  const stamp = join(tree, '.complete');
  if (existsSync(stamp)) return;
  rmSync(tree, { recursive: true, force: true });
  const folders = [
    ...['usr/local/bin', 'usr/local/lib', 'usr/local/sbin', 'opt', 'root', 'srv', 'home/ssm-user'],
    ...['etc/profile.d', 'etc/skel', 'etc/systemd/system'],
    ...['var/lib/amazon/ssm', 'var/log/amazon/ssm', 'var/tmp', 'var/spool', 'var/cache'],
  ];
  copyFromMachine(join(tree, 'etc'));
  mkdirSync(join(tree, 'var'), { recursive: true });
  symlinkSync('/run', join(tree, 'var/run'));
  const unit = UNIT_NAMES[spec.unit ?? 'package'];
  const files: TreeFile[] = [
    ['etc/hostname', `${spec.name}\n`],
    ['etc/hosts', `127.0.0.1 localhost\n127.0.1.1 ${spec.name}\n`],
    ['etc/machine-id', `${spec.id.slice(2).padStart(32, '0')}\n`, 0o444],
    ['etc/passwd', PASSWD],
    ['etc/group', GROUP],
    [
      'etc/shadow',
      'root:*:19000:0:99999:7:::\nssm-user:!:19000:0:99999:7:::\nec2-user:!:19000:0:99999:7:::\n',
      0o640,
    ],
    ['etc/nsswitch.conf', 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n'],
    ['etc/shells', '/bin/sh\n/bin/bash\n/usr/bin/bash\n/bin/dash\n/usr/bin/zsh\n/usr/bin/fish\n'],
    ['etc/environment', ''],
    ['etc/profile', PROFILE],
    ['etc/bash.bashrc', BASHRC],
    ['etc/skel/.bashrc', USER_BASHRC],
    ['home/ssm-user/.bashrc', USER_BASHRC],
    ['home/ssm-user/.profile', USER_PROFILE],
    ['root/.bashrc', USER_BASHRC],
    ['root/.profile', USER_PROFILE],
    [`etc/systemd/system/${unit}`, UNIT],
  ];
  layTree(tree, folders, files);
  // Explicit modes: the umask may be 077, or a folder above setgid.
  for (const folder of foldersBelow(tree)) chmodSync(folder, 0o755);
  chmodSync(tree, 0o755);
  chmodSync(join(tree, 'root'), 0o700);
  chmodSync(join(tree, 'var/tmp'), 0o1777);
  chmodSync(join(tree, 'home/ssm-user'), 0o750);
  giveHome(tree);
  writeFileSync(stamp, '');
}

export type TreeFile = readonly [path: string, text: string, mode?: number];

/** With these modes, whatever the umask. */
export function layTree(tree: string, folders: readonly string[], files: readonly TreeFile[]): void {
  for (const folder of folders) mkdirSync(join(tree, folder), { recursive: true });
  for (const [path, text, mode = 0o644] of files) {
    mkdirSync(join(tree, path, '..'), { recursive: true });
    writeFileSync(join(tree, path), text);
    chmodSync(join(tree, path), mode);
  }
}

/** Only root may give files away. */
export function giveHome(tree: string): void {
  if (process.getuid?.() !== 0) return;
  const home = join(tree, SESSION_USER.home);
  for (const folder of [home, ...foldersBelow(home)]) {
    for (const path of [folder, ...readdirSync(folder).map((name) => join(folder, name))])
      lchownSync(path, SESSION_USER.uid, SESSION_USER.gid);
  }
}

/**
 * Makes a folder of links to what is in `source`, by its path below `base`, where the real folder is bound; without the names
 * that match `dropped` and the links to such names. Made again if the source or `dropped` has changed.
 */
export function mirrorFolder(source: string, base: string, target: string, dropped: RegExp): void {
  const stamp = join(target, '..', `${basename(target)}.stamp`);
  const version = `${statSync(source).mtimeMs} ${dropped}\n`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === version) return;
  rmSync(stamp, { force: true });
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  chmodSync(target, 0o755);
  const isDropped = (entry: Dirent) =>
    dropped.test(entry.name) ||
    (entry.isSymbolicLink() && dropped.test(basename(readLink(join(source, entry.name)))));
  const names = readdirSync(source, { withFileTypes: true })
    .filter((entry) => !isDropped(entry))
    .map(({ name }) => join(base, name));
  // One process, in a fifth of the processor's time that Node takes.
  spawnSync('ln', ['-s', '--', ...names, target], { stdio: 'ignore' });
  writeFileSync(stamp, version);
}

/** Empty where it is gone since its folder was read: a package manager at work. */
function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** By cp, in a tenth of the processor's time that Node takes. What whoever runs the lab cannot read, the host does without. */
function copyFromMachine(etc: string): void {
  mkdirSync(etc, { recursive: true });
  const sources = COPIED.map((name) => join('/etc', name)).filter((path) => existsSync(path));
  spawnSync('cp', ['-a', ...sources, etc], { stdio: 'ignore' });
  // Without interpreters and old passwords.
  for (const folder of [etc, ...foldersBelow(etc)])
    for (const name of readdirSync(folder))
      if (/^((_?python|pypy)[\d.]*|opasswd)$/.test(name)) rmSync(join(folder, name), { recursive: true });
}

const UNIT = `[Unit]
Description=amazon-ssm-agent
Wants=network-online.target
After=network-online.target

[Service]
Type=simple
WorkingDirectory=/usr/bin/
ExecStart=/usr/bin/amazon-ssm-agent
KillMode=process
Restart=always

[Install]
WantedBy=multi-user.target
`;

export const PASSWD = `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
ec2-user:x:1000:1000::/home/ec2-user:/bin/bash
ssm-user:x:1001:1001::/home/ssm-user:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`;
export const GROUP = `root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
staff:x:50:
utmp:x:43:
ec2-user:x:1000:
users:x:100:ssm-user
ssm-user:x:1001:
nogroup:x:65534:
`;
const PROFILE = `# /etc/profile: system-wide .profile file for login shells
if [ "$(id -u)" -eq 0 ]; then
  PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
else
  PATH="/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
fi
export PATH
if [ "\${PS1-}" ]; then
  if [ "\${BASH-}" ] && [ "$BASH" != "/bin/sh" ]; then
    if [ -f /etc/bash.bashrc ]; then
      . /etc/bash.bashrc
    fi
  else
    if [ "$(id -u)" -eq 0 ]; then
      PS1='# '
    else
      PS1='$ '
    fi
  fi
fi
if [ -d /etc/profile.d ]; then
  for i in /etc/profile.d/*.sh; do
    if [ -r $i ]; then
      . $i
    fi
  done
  unset i
fi
`;
const BASHRC = `# System-wide .bashrc file for interactive bash shells
[ -z "\${PS1-}" ] && return
shopt -s checkwinsize
PS1='\\u@\\h:\\w\\$ '
`;
const USER_BASHRC = `case $- in
  *i*) ;;
  *) return ;;
esac
HISTCONTROL=ignoreboth
shopt -s histappend
`;
const USER_PROFILE = `if [ -n "$BASH_VERSION" ]; then
  if [ -f "$HOME/.bashrc" ]; then
    . "$HOME/.bashrc"
  fi
fi
`;
