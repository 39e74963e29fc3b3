import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleOf, installQuietly } from '../support/bundle.ts';
import { INSTALLER_SHELLS, Sandbox, skipUnless } from '../support/sandbox.ts';
import { someOf } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh');
const ROOTED = { SSM_KEEPALIVE_ROOT: '/.' };
/** What may be hostile in the environment of a root script; LC_ALL and TMPDIR name things that are not there. */
const HOSTILE = {
  IFS: 'e/1 ',
  LC_ALL: 'tr_TR.UTF-8',
  TMPDIR: '/nonexistent',
  CDPATH: '/etc:/usr',
  POSIXLY_CORRECT: '1',
  PATH: '/nonexistent',
};

for (const { name, argv } of someOf(INSTALLER_SHELLS, 2)) {
  test(`${name}: a hostile IFS, umask, locale, PATH, TMPDIR, set -u and no HOME change nothing`, {
    skip,
  }, () => {
    const sandbox = new Sandbox();
    try {
      const bundle = bundleOf();
      const usual = new Sandbox();
      installQuietly(usual, bundle);
      const wanted = usual.snapshot('etc', 'usr/local');
      usual.close();
      sandbox.write('tmp/hostile.sh', bundle.installer);
      const outcome = sandbox.run([
        '/usr/bin/env',
        '-i',
        ...Object.entries({ ...HOSTILE, ...ROOTED }).map(([key, value]) => `${key}=${value}`),
        ...argv,
        '-u',
        '-c',
        'umask 077; . /tmp/hostile.sh',
      ]);
      // The shell's own complaint about a locale that is not there comes before our first line.
      const complaints = outcome.stderr
        .split('\n')
        .filter((line) => line !== '' && !line.includes('setlocale'));
      assert.deepEqual([outcome.status, outcome.verdict['verdict'], complaints], [0, 'installed', []]);
      assert.equal(sandbox.snapshot('etc', 'usr/local'), wanted);
    } finally {
      sandbox.close();
    }
  });
}
