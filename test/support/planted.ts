/** Libraries and programs that somebody planted, for the tests that root's scripts neither read nor run them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { bundleOf } from './bundle.ts';
import { type INSTALLER_SHELLS, Sandbox, type Verdict } from './sandbox.ts';
import { rotate, TURN } from './turns.ts';

interface Planted {
  readonly what: string;
  /** sh, after `plant FOLDER PROGRAM` has been defined: makes a library there that names that program. */
  readonly spoil: string;
  /** What the refusal names; without it the program is passed over, or another library is used. */
  readonly why?: RegExp;
}

const LIBRARY = '/usr/local/lib/ssm-keepalive';
const EVIL = '/home/evil/python3';

export const PLANTED: readonly Planted[] = [
  {
    what: 'a group may write /usr/local/lib',
    spoil: `chown 0:1001 /usr/local/lib; chmod 2775 /usr/local/lib; plant ${LIBRARY} ${EVIL}; chown -R 1001:1001 ${LIBRARY}`,
    why: /\/usr\/local\/lib can be written by others than root .*chmod go-w \/usr\/local\/lib/,
  },
  {
    what: 'a group may write /usr/local/lib, and what lies there claims to be root',
    spoil: `chmod 775 /usr/local/lib; plant ${LIBRARY} ${EVIL}`,
    why: /\/usr\/local\/lib can be written/,
  },
  {
    what: '/usr/local belongs to somebody',
    spoil: `plant ${LIBRARY} ${EVIL}; chown 1001 /usr/local`,
    why: /\/usr\/local belongs to uid 1001, not to root: chown root:root \/usr\/local/,
  },
  {
    what: 'everybody may write /opt, and the first place is free',
    spoil: `plant /opt/ssm-keepalive ${EVIL}; chmod 777 /opt`,
    why: /\/opt can be written by others than root/,
  },
  {
    what: 'the library is open, whatever is above it',
    spoil: `plant ${LIBRARY} ${EVIL}; chmod 777 ${LIBRARY}`,
    why: /lib\/ssm-keepalive can be written/,
  },
  {
    what: 'an access list lets somebody write /usr/local/lib',
    spoil: `plant ${LIBRARY} ${EVIL}; give access /usr/local/lib`,
    why: /\/usr\/local\/lib can be written by others than root/,
  },
  {
    what: 'an access list of /usr/local/lib is for what is made there',
    spoil: `plant ${LIBRARY} ${EVIL}; give default /usr/local/lib`,
    why: /\/usr\/local\/lib has an access list: setfacl -b \/usr\/local\/lib/,
  },
  {
    what: 'an access list lets somebody write `current`',
    spoil: `plant ${LIBRARY} ${EVIL}; give access ${LIBRARY}/current`,
    why: /current in .* can be written by others/,
  },
  {
    what: 'an access list lets somebody write the program',
    spoil: `mkdir /srv/site; mv ${EVIL} /srv/site; chown 0:0 /srv/site/python3; give access /srv/site/python3; plant ${LIBRARY} /srv/site/python3`,
  },
  {
    what: 'a version belongs to somebody',
    spoil: `plant ${LIBRARY} ${EVIL}; chown 1001 ${LIBRARY}/abcdef0123456789`,
    why: /abcdef0123456789 .*belongs to uid 1001/,
  },
  {
    what: 'the manifest may be written by everybody',
    spoil: `plant ${LIBRARY} ${EVIL}; chmod 666 ${LIBRARY}/abcdef0123456789/manifest`,
    why: /manifest in .* can be written by others/,
  },
  {
    what: 'the file that names the interpreter belongs to somebody',
    spoil: `plant ${LIBRARY} ${EVIL}; chown 1001 ${LIBRARY}/abcdef0123456789/interpreter`,
    why: /interpreter in .* belongs to uid 1001/,
  },
  {
    what: 'a compiled module belongs to somebody',
    spoil: `plant ${LIBRARY} ${EVIL}; mkdir ${LIBRARY}/abcdef0123456789/__pycache__; : >${LIBRARY}/abcdef0123456789/__pycache__/selftest.pyc; chown 1001 ${LIBRARY}/abcdef0123456789/__pycache__/*`,
    why: /selftest.pyc in .* belongs to uid 1001/,
  },
  {
    what: '`current` may be written by everybody',
    spoil: `plant ${LIBRARY} ${EVIL}; chmod 666 ${LIBRARY}/current`,
    why: /current in .* can be written by others/,
  },
  {
    what: 'a link on the way leads to a folder of somebody',
    spoil: `rmdir /usr/local/lib; mkdir /home/evil/lib; ln -s /home/evil/lib /usr/local/lib; plant /home/evil/lib/ssm-keepalive ${EVIL}`,
    why: /\/home\/evil belongs to uid 1001/,
  },
  { what: 'the program is in the home of somebody', spoil: `plant ${LIBRARY} ${EVIL}` },
  {
    what: 'the program belongs to root, in a folder that a group may write',
    spoil: `chown 0:0 ${EVIL}; mkdir /srv/site; mv ${EVIL} /srv/site; chmod 775 /srv/site; plant ${LIBRARY} /srv/site/python3`,
  },
  {
    what: 'the program may be written by its group',
    spoil: `mkdir /srv/site; mv ${EVIL} /srv/site; chown 0:0 /srv/site/python3; chmod 775 /srv/site/python3; plant ${LIBRARY} /srv/site/python3`,
  },
  {
    what: 'a link of root leads to the program of somebody',
    spoil: `mkdir /srv/site; ln -s ${EVIL} /srv/site/python3; plant ${LIBRARY} /srv/site/python3`,
  },
  {
    what: 'two links, of which the second may be replaced by somebody',
    spoil: `mkdir /srv/site; chown 0:0 ${EVIL}; mv ${EVIL} /srv/site/real; ln -s /srv/site/real /home/evil/alternative; ln -s /home/evil/alternative /srv/site/python3; plant ${LIBRARY} /srv/site/python3`,
  },
  {
    what: 'the folder of its own modules may be written by a group',
    spoil: `mkdir -p /srv/site/bin /srv/site/lib; chmod 775 /srv/site/lib; chown 0:0 ${EVIL}; mv ${EVIL} /srv/site/bin; plant ${LIBRARY} /srv/site/bin/python3`,
  },
  {
    what: 'the folder of its own version in that folder may be written by a group',
    spoil: `mkdir -p /srv/site/bin /srv/site/lib64/python3.9; chmod 775 /srv/site/lib64/python3.9; chown 0:0 ${EVIL}; mv ${EVIL} /srv/site/bin; plant ${LIBRARY} /srv/site/bin/python3`,
  },
  {
    what: 'a package of its own library may be written by a group',
    spoil: `mkdir -p /srv/site/bin /srv/site/lib/python3.9/encodings; chmod 775 /srv/site/lib/python3.9/encodings; chown 0:0 ${EVIL}; mv ${EVIL} /srv/site/bin; plant ${LIBRARY} /srv/site/bin/python3`,
  },
  {
    what: 'the path climbs through a folder of somebody',
    spoil: `mkdir /srv/site /home/evil/up; chown 0:0 ${EVIL}; mv ${EVIL} /srv/site; plant ${LIBRARY} /home/evil/up/../../../srv/site/python3`,
  },
];

/** As `setfacl -m u:1001:rwx` does: version 2, then tag, permissions and id of each entry. */
const GIVE = `import os, struct, sys
entries = (1, 7, -1), (2, 7, 1001), (4, 5, -1), (16, 7, -1), (32, 5, -1)
text = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
os.setxattr(sys.argv[2], "system.posix_acl_" + sys.argv[1], text)`;

const SCRIPTS = ['install', 'status', 'uninstall'] as const;
/** What looks is the same text in each: of the scripts one, another for each place and each day; all in the long run. */
const scriptsIn = (index: number) => rotate(SCRIPTS, index + TURN);

/** Every case in turn in one host; what a script printed goes to /tmp/out/CASE.SCRIPT, and a program that ran says so in /tmp/ran. */
function driver(shell: readonly string[], places: readonly number[]): string {
  return `plant() {
  mkdir -p "$1/abcdef0123456789"
  echo abcdef0123456789 >"$1/current"
  echo 'set keeper relay' >"$1/abcdef0123456789/manifest"
  echo "$2" >"$1/abcdef0123456789/interpreter"
  : >"$1/abcdef0123456789/relay.py"
}
give() {
  /setter -I -S -c '${GIVE}' "$@" || echo "no access list: $*" >>/tmp/ran
}
prepare() {
  rm -rf /usr/local/lib /opt/* /srv/* /home/evil /etc/systemd/system/*
  chmod 755 /usr/local /opt
  chown 0:0 /usr/local /opt
  mkdir -m 755 /usr/local/lib /home/evil
  printf '#!/bin/sh\\necho "$case $script" >>/tmp/ran\\n' >${EVIL}
  chmod 755 ${EVIL}
  chown -R 1001:1001 /home/evil
}
umask 022
mkdir /tmp/out
export case script
${places
  .map(
    (index) => `case=${index}
for script in ${scriptsIn(index).join(' ')}; do
  prepare
  ${PLANTED[index]!.spoil}
  ${shell.join(' ')} /tmp/$script.sh >/tmp/out/$case.$script 2>&1 </dev/null
done
`,
  )
  .join('')}`;
}

/** Runs scripts under this shell in these places of PLANTED, and looks at what each said. */
export async function assertNothingPlantedRuns(
  shell: (typeof INSTALLER_SHELLS)[number],
  places: readonly number[],
): Promise<void> {
  const bundle = bundleOf({ entries: ['env'] });
  const sandbox = new Sandbox({ hasPython: false });
  try {
    // A Python that no script of ours finds.
    sandbox.extra = ['--tmpfs', '/srv', '--ro-bind', realpathSync('/usr/bin/python3'), '/setter'];
    sandbox.write('tmp/install.sh', bundle.installer);
    sandbox.write('tmp/status.sh', bundle.status);
    sandbox.write('tmp/uninstall.sh', bundle.uninstaller);
    sandbox.write('tmp/driver.sh', driver(shell.argv, places));
    await once(sandbox.start(['/usr/bin/dash', '/tmp/driver.sh'], 'ignore'), 'exit');
    assert.equal(sandbox.has('tmp/ran') ? sandbox.read('tmp/ran') : '', '', 'case and script that ran it');
    for (const index of places) {
      const { what, why } = PLANTED[index]!;
      for (const script of scriptsIn(index)) {
        const said = sandbox.read(`tmp/out/${index}.${script}`);
        const where = `${what}, ${script}: ${said}`;
        const verdict = JSON.parse(said.split('\n')[0] ?? '') as Verdict;
        if (why === undefined) {
          assert.notEqual(verdict['verdict'], 'failed', where);
          assert.equal(verdict['interpreter'], '', where);
          continue;
        }
        assert.deepEqual([verdict['verdict'], verdict['step']], ['failed', 'path'], where);
        assert.match(String(verdict['why']), why, where);
        assert.match(String(verdict['next']), /^mend that on the instance/, where);
      }
    }
  } finally {
    sandbox.close();
  }
}
