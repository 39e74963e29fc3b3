import assert from 'node:assert/strict';
import { existsSync, linkSync, lstatSync, rmSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { bundleOf, installQuietly } from '../support/bundle.ts';
import { INSTALLER_SHELLS, Sandbox, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh');
const ROOTED = { SSM_KEEPALIVE_ROOT: '/.' };
const bundle = bundleOf({ entries: ['env', 'profile', 'rc'] });
const RC = 'etc/bash.bashrc';

const blockOf = (path: string) =>
  bundle.files.find((file) => file.path === `/${path}` && file.place === 'local')!.text;

/** What startup files hold in the wild; each comes back byte for byte. */
const TEXTS: readonly (readonly [string, string])[] = [
  ['without a final newline', 'a=1\nb=2'],
  ['empty', ''],
  ['with nothing but blank lines', '\n\n'],
  ['with a backslash at the end, CRLF and bytes beyond ASCII', 'a=1\r\n\tb=é\xff\n# \\'],
  ['with a guard on top', 'case $- in *i*) ;; *) return ;; esac\nPS1=x\n'],
];

for (const { name, argv } of INSTALLER_SHELLS) {
  test(`${name}: a startup file gets the block on top, once, and is byte for byte as before when that is gone`, {
    skip,
  }, () => {
    const sandbox = new Sandbox();
    const run = (script: string) => sandbox.runScript(script, { shell: argv, env: ROOTED });
    try {
      // Each text costs four runs: the first shell takes all, the others the odd ones.
      for (const [what, text] of name === 'dash' ? TEXTS : TEXTS.slice(3, 4)) {
        sandbox.write(RC, text, 0o640);
        sandbox.run(['/usr/bin/chgrp', '5', `/${RC}`]);
        const before = sandbox.snapshot('etc', 'usr/local');
        for (const verdict of ['installed', 'unchanged'])
          assert.equal(run(bundle.installer).verdict['verdict'], verdict, what);
        assert.equal(sandbox.read(RC), blockOf(RC) + text, what);
        const { mode, gid } = lstatSync(sandbox.path(RC));
        assert.deepEqual([mode & 0o7777, gid], [0o640, 5], what);
        assert.deepEqual(run(bundle.status).verdict.entries!['rc'], 'live');
        assert.deepEqual(run(bundle.uninstaller).verdict['left'], [], what);
        assert.equal(sandbox.snapshot('etc', 'usr/local'), before, what);
      }
    } finally {
      sandbox.close();
    }
  });
}

test('a block is three lines, constant, and sources a stub that is constant', () => {
  assert.equal(blockOf(RC).split('\n').length, 4);
  assert.equal(blockOf(RC), blockOf('etc/zsh/zshrc'));
  const other = bundleOf({ entries: ['rc'], intervalSeconds: 30, scope: 'all' });
  for (const path of ['/etc/bashrc', '/usr/local/lib/ssm-keepalive/rc.sh'])
    assert.equal(
      other.files.find((file) => file.path === path)!.text,
      bundle.files.find((file) => file.path === path)!.text,
    );
});

test('files that are not there are not made', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    for (const path of [RC, 'etc/zsh', 'etc/fish']) rmSync(sandbox.path(path), { recursive: true });
    const { verdict } = installQuietly(sandbox, bundle);
    assert.equal(verdict.entries!['rc'], 'absent');
    for (const path of [RC, 'etc/bashrc', 'etc/zsh', 'etc/zprofile', 'etc/fish'])
      assert.ok(!sandbox.has(path), path);
  } finally {
    sandbox.close();
  }
});

test('of a link the target gets the block, and the link stays', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    sandbox.write('etc/site/bashrc', 'a=1');
    rmSync(sandbox.path(RC));
    symlinkSync('site/bashrc', sandbox.path(RC));
    const before = sandbox.snapshot('etc');
    installQuietly(sandbox, bundle);
    assert.ok(lstatSync(sandbox.path(RC)).isSymbolicLink());
    assert.equal(sandbox.read('etc/site/bashrc'), `${blockOf(RC)}a=1`);
    sandbox.runScript(bundle.uninstaller, { env: ROOTED });
    assert.equal(sandbox.snapshot('etc'), before);
  } finally {
    sandbox.close();
  }
});

for (const [what, spoil] of [
  ['has several names', (sandbox: Sandbox) => linkSync(sandbox.path(RC), sandbox.path('etc/other'))],
  ['others may write', (sandbox: Sandbox) => sandbox.run(['/usr/bin/chmod', '666', `/${RC}`])],
  [
    'is a link to a place that others may write',
    (sandbox: Sandbox) => {
      sandbox.write('tmp/bashrc', 'a=1\n');
      rmSync(sandbox.path(RC));
      symlinkSync('/tmp/bashrc', sandbox.path(RC));
    },
  ],
] as const) {
  test(`a startup file that ${what} is left alone, and the verdict says why`, { skip }, () => {
    const sandbox = new Sandbox();
    try {
      spoil(sandbox);
      const text = sandbox.run(['/usr/bin/cat', `/${RC}`]).stdout;
      const { stdout } = installQuietly(sandbox, bundle);
      assert.match(stdout, /^not edited: /m);
      assert.equal(sandbox.run(['/usr/bin/cat', `/${RC}`]).stdout, text);
      assert.equal(sandbox.runScript(bundle.status, { env: ROOTED }).verdict['state'], 'installed');
    } finally {
      sandbox.close();
    }
  });
}

test('extended attributes stay', {
  skip: skip || (existsSync('/usr/bin/setfattr') ? false : 'absent: setfattr, getfattr'),
}, () => {
  const sandbox = new Sandbox();
  try {
    const set = sandbox.run(['/usr/bin/setfattr', '-n', 'user.site', '-v', 'yes', `/${RC}`]);
    if (set.status !== 0) return;
    installQuietly(sandbox, bundle);
    assert.match(sandbox.run(['/usr/bin/getfattr', '-d', `/${RC}`]).stdout, /user.site="yes"/);
  } finally {
    sandbox.close();
  }
});

test('text that others add around the block stays; the block moves with it', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    const own = sandbox.read(RC);
    installQuietly(sandbox, bundle);
    sandbox.write(RC, `# above\n${sandbox.read(RC)}\n# below`);
    assert.equal(installQuietly(sandbox, bundle).verdict['verdict'], 'unchanged');
    sandbox.runScript(bundle.uninstaller, { env: ROOTED });
    assert.equal(sandbox.read(RC), `# above\n${own}\n# below`);
  } finally {
    sandbox.close();
  }
});

for (const [what, edit] of [
  ['was edited inside', (text: string) => text.replace('undo:', 'edited:')],
  ['lost its end', (text: string) => text.replace('# <<< ssm-keepalive <<<\n', '')],
  ['lost its beginning', (text: string) => text.replace('# >>> ssm-keepalive >>>\n', '')],
] as const) {
  test(`a block that ${what} is drift; uninstall leaves it alone and names the file`, { skip }, () => {
    const sandbox = new Sandbox();
    try {
      installQuietly(sandbox, bundle);
      const edited = edit(sandbox.read(RC));
      sandbox.write(RC, edited);
      assert.deepEqual(sandbox.runScript(bundle.status, { env: ROOTED }).verdict['drifted'], [`/${RC}`]);
      const { verdict } = sandbox.runScript(bundle.uninstaller, { env: ROOTED });
      assert.deepEqual([verdict['verdict'], verdict['left']], ['removed', [`/${RC}`]]);
      assert.equal(sandbox.read(RC), edited);
      // With nothing of ours left to run, what is left says so on the next run too, and does nothing in a shell.
      assert.deepEqual(sandbox.runScript(bundle.uninstaller, { env: ROOTED }).verdict['left'], [`/${RC}`]);
    } finally {
      sandbox.close();
    }
  });
}

test('a block that was edited or taken out is put back by install, in its place', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    const own = sandbox.read(RC);
    installQuietly(sandbox, bundle);
    for (const [text, wanted] of [
      [own, blockOf(RC) + own],
      [`# above\n${blockOf(RC).replace('undo:', 'edited:')}${own}`, `# above\n${blockOf(RC)}${own}`],
    ] as const) {
      sandbox.write(RC, text);
      assert.equal(installQuietly(sandbox, bundle).verdict['verdict'], 'updated');
      assert.equal(sandbox.read(RC), wanted);
    }
  } finally {
    sandbox.close();
  }
});

test('settings without the entry take its blocks out again', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    const own = sandbox.read(RC);
    installQuietly(sandbox, bundle);
    const { verdict } = installQuietly(sandbox, bundleOf({ entries: ['env'] }));
    assert.deepEqual([verdict.entries, verdict['left']], [{ env: 'pending', profile: 'off', rc: 'off' }, []]);
    assert.equal(sandbox.read(RC), own);
    assert.equal(sandbox.read('etc/zsh/zprofile'), '');
    assert.ok(!sandbox.has('etc/fish/conf.d/00-ssm-keepalive.fish'));
  } finally {
    sandbox.close();
  }
});

test('an image: links that lead out of it are left alone', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    sandbox.run([
      '/usr/bin/dash',
      '-c',
      'cd /tmp && mkdir -p image/usr/local/lib image/etc && echo a=1 >image/etc/real && ln -s /etc/real image/etc/bash.bashrc && ln -s real image/etc/bashrc && chmod -R go-w image; echo outside >/etc/real',
    ]);
    const { stdout } = sandbox.runScript(bundle.installer, { env: { SSM_KEEPALIVE_ROOT: '/tmp/image' } });
    assert.match(stdout, /not edited: \/etc\/bash.bashrc leads to no file here/);
    assert.equal(sandbox.read('etc/real'), 'outside\n');
    assert.equal(sandbox.read('tmp/image/etc/real'), `${blockOf('etc/bashrc')}a=1\n`);
  } finally {
    sandbox.close();
  }
});
