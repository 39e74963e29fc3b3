/** One host's bubblewrap command line: its own files, processes and devices; this machine's /usr, read-only. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { shimText } from './machine/calls.ts';
import type { HostSpec } from './options.ts';
import { mirrorFolder } from './tree.ts';

/** The lab's own files inside a host. */
export const INSIDE = '/.lab';
/** An installer needs these: files, users, signals, and a look at processes of its host. */
const CAPABILITIES = [
  ...['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID'],
  ...['CAP_KILL', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SYS_PTRACE'],
];
/** bubblewrap reads the seccomp filter here. */
export const SECCOMP_FD = 3;

const OWN = ['usr/local', 'etc', 'opt', 'var', 'home', 'root', 'srv'];
const SHIMS = ['systemctl', 'systemd-run'];
const IS_PYTHON = /^(python|pypy|pydoc|pdb|py3|x86_64-linux-gnu-python|aarch64-linux-gnu-python)/;

let hasWorked = false;

/** Asked until the answer is yes, and not again. */
export function hasSandbox(): boolean {
  hasWorked ||= tryBubblewrap();
  return hasWorked;
}

function tryBubblewrap(): boolean {
  const own = isRoot() ? [] : ['--unshare-user'];
  const args = [...words('--unshare-pid --ro-bind / / --proc /proc --dev /dev'), ...own, 'true'];
  return spawnSync('bwrap', args, { stdio: 'ignore' }).status === 0;
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

export interface SandboxPlaces {
  /** Has tree/, bin/, shims/, faults/. */
  readonly folder: string;
  readonly program: string;
  /** Must be short: it holds unix sockets. */
  readonly run: string;
}

/** Arguments for `bwrap`, ending with the host's first program. */
export function sandboxArgs(spec: HostSpec, places: SandboxPlaces): string[] {
  const tree = join(places.folder, 'tree');
  const shims = makeShims(join(places.folder, 'shims'));
  const bin = needsMirror(spec) ? mirrorBin(spec, places.folder) : '/usr/bin';
  const args = [
    ...words('--unshare-pid --unshare-ipc --unshare-uts --unshare-net --hostname'),
    spec.name,
    // Otherwise the host could type into the lab's terminal.
    '--new-session',
    ...words('--die-with-parent --clearenv --cap-drop ALL'),
    ...CAPABILITIES.flatMap((name) => ['--cap-add', name]),
    '--add-seccomp-fd',
    String(SECCOMP_FD),
    ...words(isRoot() ? '' : '--unshare-user --uid 0 --gid 0'),
    ...words(`--perms 0755 --dir ${INSIDE} --perms 0755 --dir /.base`),
    ...bindMachine(tree, OWN, bin),
  ];
  // bubblewrap leaves these writable, and uid 0 needs no capability for most of their files.
  for (const path of ['/proc/sys', '/proc/irq', '/proc/fs', '/proc/bus', '/proc/acpi'])
    if (existsSync(path)) args.push('--ro-bind', path, path);
  if (bin !== '/usr/bin') args.push('--ro-bind', '/usr/bin', '/.base/bin');
  else for (const shim of SHIMS) args.push('--ro-bind', join(shims, shim), `/usr/bin/${shim}`);
  return [
    ...args,
    ...words('--perms 1777 --tmpfs /dev/shm --perms 1777 --tmpfs /tmp --perms 0755 --tmpfs /run'),
    ...words('--dir /run/systemd/system --perms 1777 --dir /run/lock --dir /mnt'),
    ...['--ro-bind', process.execPath, `${INSIDE}/node`],
    ...['--ro-bind', places.program, `${INSIDE}/program`],
    ...['--bind', places.run, `${INSIDE}/run`],
    ...['--bind', join(places.folder, 'faults'), `${INSIDE}/faults`],
    ...words(`--chdir / -- ${INSIDE}/node ${INSIDE}/program/machine.js manager ${INSIDE}/run/host.json`),
  ];
}

const words = (line: string) => line.split(' ').filter(Boolean);

/**
 * Binds this machine's /usr read-only, with `bin` as /usr/bin, then the host's `own` folders from `tree`.
 * Few binds: bubblewrap reads its list of mounts again for each.
 */
export function bindMachine(tree: string, own: readonly string[], bin = '/usr/bin'): string[] {
  // Not /usr as a whole: /usr itself then belongs to the host's root, also if root is only mapped.
  const args = ['--dir', '/usr'];
  for (const name of readdirSync('/usr')) {
    if (own.includes(`usr/${name}`)) continue;
    args.push(...(name === 'bin' ? ['--ro-bind', bin, '/usr/bin'] : bindAsIs(`/usr/${name}`)));
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) {
    if (existsSync(`/${name}`) && !own.includes(name)) args.push(...bindAsIs(`/${name}`));
  }
  for (const path of own) args.push('--bind', join(tree, path), `/${path}`);
  return [...args, '--proc', '/proc', '--dev', '/dev'];
}

function bindAsIs(path: string): string[] {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return ['--symlink', readlinkSync(path), path];
  return stat.isDirectory() ? ['--ro-bind', path, path] : [];
}

/** A file can only be bound over a file: without systemd, a mirrored /usr/bin holds the shims. */
function needsMirror(spec: HostSpec): boolean {
  return spec.python === false || SHIMS.some((shim) => !existsSync(`/usr/bin/${shim}`));
}

function mirrorBin(spec: HostSpec, folder: string): string {
  const target = join(folder, 'bin');
  const isShim = `^(${SHIMS.join('|')})$`;
  const dropped = new RegExp(spec.python === false ? `${isShim}|${IS_PYTHON.source}` : isShim);
  mirrorFolder('/usr/bin', '/.base/bin', target, dropped);
  return makeShims(target);
}

function makeShims(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const shim of SHIMS) {
    writeFileSync(join(folder, shim), shimText(shim, `${INSIDE}/run/calls`));
    chmodSync(join(folder, shim), 0o755);
  }
  return folder;
}
