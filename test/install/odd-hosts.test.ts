// Hosts whose files or folders are unlike others: what cannot be edited leaves nothing half done, and links of root's are followed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { wireCommands } from '../../src/bundle/index.ts';
import { readReportLine } from '../../src/fleet/report-line.ts';
import { bundleOf } from '../support/bundle.ts';
import { INSTALLER_SHELLS, Sandbox, skipUnless } from '../support/sandbox.ts';
import { someOf, TURN } from '../support/turns.ts';

const skip =
  skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh') ||
  (process.getuid?.() === 0 ? false : 'needs root to mount and to mark files');

const SCRIPTS = ['install', 'status', 'uninstall'] as const;

interface OddHost {
  readonly what: string;
  /** sh, as root, before and after. */
  readonly make: string;
  readonly unmake?: string;
  /** What the install says, and what is true in the end; `spoilt` files have no block, no file of ours waits anywhere. */
  readonly says: RegExp;
  readonly verdict: 'installed' | 'failed';
  readonly check?: string;
}

const CHATTR = 'chattr +i /tmp/probe 2>/dev/null && chattr -i /tmp/probe';
const RC = '/etc/bash.bashrc';

/** Of these one a day. */
const RC_FILES: readonly OddHost[] = [
  {
    what: 'an immutable rc file',
    make: `: >/tmp/probe; if ${CHATTR}; then chattr +i ${RC}; else mount --bind ${RC} ${RC} && mount -o remount,bind,ro ${RC}; fi`,
    unmake: `chattr -i ${RC} 2>/dev/null; umount ${RC} 2>/dev/null`,
    says: /^not edited: \/etc\/bash\.bashrc cannot be written: it is read-only or immutable$/m,
    verdict: 'installed',
  },
  {
    what: 'a read-only rc file',
    make: `mount --bind ${RC} ${RC} && mount -o remount,bind,ro ${RC}`,
    unmake: `umount ${RC}`,
    says: /^not edited: \/etc\/bash\.bashrc is a mount of its own, so it cannot be replaced$/m,
    verdict: 'installed',
  },
  {
    what: 'an rc file that is a mount of its own',
    make: `cp ${RC} /tmp/rc && mount --bind /tmp/rc ${RC}`,
    unmake: `umount ${RC}`,
    says: /^not edited: \/etc\/bash\.bashrc is a mount of its own, so it cannot be replaced$/m,
    verdict: 'installed',
  },
  {
    what: 'an rc file with several names',
    make: `ln ${RC} /etc/other-name`,
    unmake: 'rm /etc/other-name',
    says: /^not edited: \/etc\/bash\.bashrc has several names \(hard links\)$/m,
    verdict: 'installed',
  },
];
/** The second needs what the first made. */
const LINKS: readonly OddHost[] = [
  {
    what: "/usr/local is a link of root's, as on CoreOS",
    make: 'umount /usr/local; rmdir /usr/local; mkdir -p /var/usrlocal/lib && ln -s ../var/usrlocal /usr/local',
    says: /^installed: bundle .* in \/usr\/local\/lib\/ssm-keepalive$/m,
    verdict: 'installed',
    check: '[ -f /var/usrlocal/lib/ssm-keepalive/current ] && [ -h /usr/local ]',
  },
  {
    what: '/usr/local is a link whose folder others may write, and /opt is read-only',
    make: `mount -o remount,bind,ro /opt; chmod 775 /var`,
    unmake: 'mount -o remount,bind,rw /opt; chmod 755 /var',
    says: /\/opt\/ssm-keepalive could not be made; \S*\/var can be written by others than root .*chmod go-w \S*\/var/,
    verdict: 'failed',
    check: '[ ! -e /var/usrlocal/lib/ssm-keepalive ]',
  },
];

const HOSTS = [...someOf(RC_FILES, 1), ...LINKS];
const LEFT = `find / -xdev \\( -path /proc -o -path /sys \\) -prune -o -name '*ssm-keepalive*' -print 2>/dev/null | grep -v '^/tmp/'`;

test('what cannot be edited or lies behind a link: said, whole, and gone again after an uninstall', {
  skip,
}, async (context) => {
  context.diagnostic(`SSM_KEEPALIVE_TEST_SEED=${TURN}`);
  const bundle = bundleOf({ entries: ['env', 'profile', 'rc'] });
  const sandbox = new Sandbox();
  try {
    sandbox.write('tmp/install.sh', bundle.installer);
    sandbox.write('tmp/status.sh', bundle.status);
    sandbox.write('tmp/uninstall.sh', bundle.uninstaller);
    const runs = HOSTS.map(({ make, unmake = ':', check = ':' }, index) => {
      const shell = INSTALLER_SHELLS[(index + TURN) % INSTALLER_SHELLS.length]!.argv.join(' ');
      const run = (script: string) =>
        `${shell} /tmp/${script}.sh >/tmp/out/${index}.${script} 2>&1 </dev/null`;
      return `sum=$(sha256sum <${RC}); { ${make}; } >/tmp/out/${index}.make 2>&1
${run('install')}; ${run('status')}
{ ${check}; } && [ ! -e ${'/etc/.bash.bashrc.ssm-keepalive-new'} ] && echo good >/tmp/out/${index}.check
${run('uninstall')}
{ ${unmake}; } >>/tmp/out/${index}.make 2>&1
[ "$sum" = "$(sha256sum <${RC})" ] || echo changed >>/tmp/out/${index}.make
${LEFT} >/tmp/out/${index}.left`;
    });
    sandbox.write(
      'tmp/driver.sh',
      `umask 022\nmkdir /tmp/out\nexport SSM_KEEPALIVE_ROOT=/.\n${runs.join('\n')}\n`,
    );
    await once(sandbox.start(['/usr/bin/dash', '/tmp/driver.sh'], 'ignore'), 'exit');
    for (const [index, { what, says, verdict }] of HOSTS.entries())
      await context.test(what, () => {
        const read = (name: string) => sandbox.read(`tmp/out/${index}.${name}`);
        assert.equal(read('make'), '');
        const installed = read('install');
        assert.equal(readReportLine(installed)?.verdict, verdict, installed);
        assert.match(installed, says);
        assert.equal(read('check'), 'good\n', installed);
        if (verdict === 'installed') {
          const { state, partial } = readReportLine(read('status'))!;
          assert.deepEqual([state, partial], ['installed', false], read('status'));
          assert.equal(readReportLine(read('uninstall'))?.verdict, 'removed', read('uninstall'));
        }
        assert.equal(read('left'), '');
      });
  } finally {
    sandbox.close();
  }
});

/** macOS has neither; what is bound over them is what a script meets there. */
const DARWIN = `printf '#!/bin/sh\\necho Darwin\\n' >/tmp/uname; chmod 755 /tmp/uname; mount --bind /tmp/uname /usr/bin/uname; mount --bind /tmp/uname /usr/bin/sha256sum`;

test('a host that is not Linux: install, status and uninstall say skipped, with exit status 0, and change nothing', {
  skip,
}, async () => {
  const bundle = bundleOf({});
  const sandbox = new Sandbox();
  try {
    const runs = SCRIPTS.map((script) => {
      sandbox.write(`tmp/${script}.sh`, `${wireCommands(script, bundle).join('\n')}\n`);
      return `sh /tmp/${script}.sh >/tmp/out/${script} 2>&1 </dev/null; echo $? >/tmp/out/${script}.status`;
    });
    const list = 'ls -lRA --time-style=full-iso /etc /usr/local /opt /var';
    sandbox.write(
      'tmp/driver.sh',
      `mkdir /tmp/out\n${DARWIN}\n${list} >/tmp/out/before\n${runs.join('\n')}\n${list} >/tmp/out/after\n`,
    );
    await once(sandbox.start(['/usr/bin/dash', '/tmp/driver.sh'], 'ignore'), 'exit');
    for (const script of SCRIPTS) {
      const said = sandbox.read(`tmp/out/${script}`);
      const report = readReportLine(said);
      assert.deepEqual([report?.verdict, report?.class], ['skipped', 'wrong platform'], said);
      assert.equal(sandbox.read(`tmp/out/${script}.status`), '0\n', said);
    }
    assert.equal(sandbox.read('tmp/out/after'), sandbox.read('tmp/out/before'));
  } finally {
    sandbox.close();
  }
});
