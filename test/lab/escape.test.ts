/** Every way from root in a host of the lab to the machine that is known: each has to be refused. */
import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolder, sandboxMissing, useLab } from './test-lab.ts';

const skip = sandboxMissing();
const dir = makeFolder();
const lab = await useLab({
  dir,
  port: 0,
  hosts: skip ? [] : [{ name: 'web-1', id: 'i-0aaaaaaaaaaaaaaa1', tags: {} }],
});
const python = (text: string) => `python3 -I -c '${text}'`;
/** A system call by its number on x86-64 and on ARM; succeeds where the kernel took it. */
const call = (x64: number, arm64: number, ...args: (number | string)[]) =>
  python(
    `import ctypes; c = ctypes.CDLL(None, use_errno=True); r = c.syscall(${process.arch === 'arm64' ? arm64 : x64}, ${args.join(', ')}); e = ctypes.get_errno(); print(r, e); raise SystemExit(0 if r >= 0 or e not in (1, 13, 38) else 1)`,
  );

/** Each is a script that ends with 0 where it got out. */
const ESCAPES: Record<string, string> = {
  'a block device': 'mknod /tmp/disk b 8 0 || mknod /tmp/disk2 b 259 0',
  'a character device': 'mknod /tmp/mem c 1 1 || mknod /tmp/null c 1 3',
  'a device of the machine in /dev': 'ls /dev | grep -E "^(sd|vd|nvme|mem|kmsg|port|kvm|fuse|loop)"',
  'a mount': 'mount -t tmpfs none /mnt',
  'a bind mount': 'mount --bind /root /mnt',
  'a new /sys': 'mount -t sysfs none /mnt',
  'a new /proc': 'mount -t proc none /mnt',
  '/usr made writable': 'mount -o remount,rw /usr/bin',
  '/proc/sys made writable': 'mount -o remount,rw,bind /proc/sys',
  '/proc/sys uncovered': 'umount /proc/sys',
  'the core pattern': 'cat /proc/sys/kernel/core_pattern >/proc/sys/kernel/core_pattern',
  'any setting of the kernel':
    'for f in $(find /proc/sys -type f -perm /222 ! -path "*/net/*"); do (: >>"$f") 2>/dev/null && { echo "$f"; exit 0; }; done; exit 1',
  'a setting of /sys':
    'for f in $(find /sys -type f -perm /222 2>/dev/null); do (: >>"$f") && exit 0; done; exit 1',
  sysrq: '(: >>/proc/sysrq-trigger)',
  'a file of the machine': 'touch /usr/bin/planted || touch /usr/lib/planted || touch /usr/share/planted',
  'a program of the machine':
    'for f in /usr/bin/true /lib*/ld-linux* /usr/lib/os-release; do (: >>"$f") 2>/dev/null && exit 0; chmod u+s "$f" 2>/dev/null && exit 0; done; exit 1',
  "the lab's own program":
    'for f in /.lab/node /.lab/program/machine.js; do (: >>$f) 2>/dev/null && exit 0; done; touch /.lab/program/planted',
  chroot: python('import os; os.chroot("/tmp")'),
  'a new mount namespace': 'unshare --mount true',
  'a new user namespace': 'unshare --user --map-root-user true',
  'a new user namespace with mounts': 'unshare --user --mount --map-root-user true',
  "another process's namespaces": 'nsenter --target 1 --mount true',
  'a keyring': call(250, 219, 0, -3, 1),
  'a key': call(248, 217, 'b"user"', 'b"planted"', 'b"x"', 1, -3),
  bpf: call(321, 280, 0, 0, 0),
  'a module': call(175, 105, 0, 0, 'b""'),
  'a module from a file': call(313, 273, -1, 'b""', 0),
  kexec: call(246, 104, 0, 0, 0, 0),
  'events of the machine': call(298, 241, 0, -1, 0, -1, 0),
  'a file by its handle': call(304, 265, -100, 0, 0),
  'rings around the filter': call(425, 425, 1, 0),
  "the kernel's log": call(103, 116, 3, 0, 0),
  reboot: call(169, 142, 0, 0, 0, 0),
  'the clock': 'date -s "@$(date +%s)"',
  'the host name of the machine': `[ "$(hostname)" != web-1 ]`,
  'the terminal of whoever started it': '(: >/dev/tty)',
  // Field 6: 0 is a session of the machine, and its terminal is that session's.
  'a session of the machine': `sed 's/.*) //' /proc/[0-9]*/stat | grep -Eq '^. [0-9]+ [0-9]+ 0 '`,
  'a process of the machine, by its number': `kill -0 ${process.pid} 2>/dev/null && grep -q test /proc/${process.pid}/cmdline`,
  'a trace of a process of the machine': python(
    `import ctypes; c = ctypes.CDLL(None); raise SystemExit(0 if c.ptrace(0x4206, ${process.pid}, 0, 0) == 0 and ${process.pid} > 1000 else 1)`,
  ),
  "the machine's passwords": '[ "$(wc -l </etc/shadow)" != 3 ]',
  "the lab's folder": `ls ${dir}`,
  'old passwords': 'ls /etc/security/opasswd',
};

for (const [what, script] of Object.entries(ESCAPES)) {
  test(`no way out of a host: ${what}`, { skip }, async () => {
    const { code, stdout, stderr } = await lab.host('web-1').exec(['sh', '-c', script]);
    assert.notEqual(code, 0, `${stdout}${stderr}`);
    assert.doesNotMatch(stderr, /not found|SyntaxError/, 'the way was tried');
  });
}

test('a host has these capabilities, a filter, and no way to new ones', { skip }, async () => {
  const { stdout } = await lab.host('web-1').exec(['cat', '/proc/self/status']);
  assert.match(stdout, /^CapEff:\s+00000000000800fb$/m);
  // The bounding set is wider; NoNewPrivs lets no program gain from it.
  assert.match(stdout, /^CapPrm:\s+00000000000800fb$/m);
  assert.match(stdout, /^Seccomp:\s+2$/m);
  assert.match(stdout, /^NoNewPrivs:\s+1$/m);
});

test('a link that a host left where faults are kept leads to no file of the machine', { skip }, async () => {
  const victim = join(makeFolder(), 'victim');
  writeFileSync(victim, 'whole');
  const link = join(dir, 'hosts/web-1/faults/restart');
  symlinkSync(victim, link);
  lab.host('web-1').failNext('restart');
  assert.equal(readFileSync(victim, 'utf8'), 'whole');
  assert.ok(existsSync(link) && !lstatSync(link).isSymbolicLink());
});
