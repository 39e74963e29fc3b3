import assert from 'node:assert/strict';
import { chmodSync, existsSync, linkSync, lstatSync, rmSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { bundleOf, installQuietly } from '../support/bundle.ts';
import { Sandbox, shellsInTurn, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh');
const ROOTED = { SSM_KEEPALIVE_ROOT: '/.' };
const bundle = bundleOf({ entries: ['env', 'profile', 'rc'] });
const RC = 'etc/bash.bashrc';

const blockOf = (path: string) =>
  bundle.files.find((file) => file.path === `/${path}` && file.place === 'local')!.text;

/** What startup files hold in the wild, by the file that has it here; each comes back byte for byte. */
const TEXTS: Readonly<Record<string, string>> = {
  // Without a final newline.
  'etc/bash.bashrc': 'a=1\nb=2',
  'etc/bashrc': '',
  'etc/zsh/zprofile': '\n\n',
  'etc/zprofile': 'a=1\r\n\tb=é\xff\n# \\',
  'etc/zsh/zshrc': 'case $- in *i*) ;; *) return ;; esac\nPS1=x\n',
};

for (const { name, argv } of shellsInTurn(0)) {
  test(`${name}: a startup file gets the block on top, once, and is byte for byte as before when that is gone`, {
    skip,
  }, () => {
    const sandbox = new Sandbox();
    const run = (script: string) => sandbox.runScript(script, { shell: argv, env: ROOTED });
    try {
      for (const [path, text] of Object.entries(TEXTS)) sandbox.write(path, text, 0o640);
      sandbox.run(['/usr/bin/chgrp', '5', ...Object.keys(TEXTS).map((path) => `/${path}`)]);
      const before = sandbox.snapshot('etc', 'usr/local');
      for (const verdict of ['installed', 'unchanged'])
        assert.equal(run(bundle.installer).verdict['verdict'], verdict);
      for (const [path, text] of Object.entries(TEXTS)) {
        assert.equal(sandbox.read(path), blockOf(path) + text, path);
        const { mode, gid } = lstatSync(sandbox.path(path));
        assert.deepEqual([mode & 0o7777, gid], [0o640, 5], path);
      }
      assert.deepEqual(run(bundle.status).verdict.entries!['rc'], 'live');
      assert.deepEqual(run(bundle.uninstaller).verdict['left'], []);
      assert.equal(sandbox.snapshot('etc', 'usr/local'), before);
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

test('a startup file that has several names, that others may write, or that leads to such a place is left alone, and the verdict says why', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    const [several, open, link] = [RC, 'etc/zsh/zshrc', 'etc/zsh/zprofile'] as const;
    sandbox.write('tmp/profile', 'a=1\n');
    linkSync(sandbox.path(several), sandbox.path('etc/other'));
    chmodSync(sandbox.path(open), 0o666);
    rmSync(sandbox.path(link));
    symlinkSync('/tmp/profile', sandbox.path(link));
    const readAll = () =>
      sandbox.run(['/usr/bin/head', ...[several, open, link].map((path) => `/${path}`)]).stdout;
    const before = readAll();
    const { stdout } = installQuietly(sandbox, bundle);
    assert.match(stdout, /^not edited: \/etc\/bash.bashrc has several names/m);
    assert.match(stdout, /^not edited: .*\/etc\/zsh\/zshrc can be written by others/m);
    assert.match(stdout, /^not edited: .*\/tmp can be written by others/m);
    assert.equal(readAll(), before);
    assert.equal(sandbox.runScript(bundle.status, { env: ROOTED }).verdict['state'], 'installed');
  } finally {
    sandbox.close();
  }
});

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

test('a block that was edited inside, or lost its end or its beginning is drift; uninstall leaves it alone and names the file', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    installQuietly(sandbox, bundle);
    const edited = [
      [RC, sandbox.read(RC).replace('undo:', 'edited:')],
      ['etc/zsh/zprofile', sandbox.read('etc/zsh/zprofile').replace('# <<< ssm-keepalive <<<\n', '')],
      ['etc/zsh/zshrc', sandbox.read('etc/zsh/zshrc').replace('# >>> ssm-keepalive >>>\n', '')],
    ] as const;
    for (const [path, text] of edited) sandbox.write(path, text);
    const paths = edited.map(([path]) => `/${path}`);
    const run = (script: string) => sandbox.runScript(script, { env: ROOTED }).verdict;
    assert.deepEqual([...run(bundle.status).drifted!].sort(), paths);
    const gone = run(bundle.uninstaller);
    assert.deepEqual([gone['verdict'], [...gone.left!].sort()], ['removed', paths]);
    for (const [path, text] of edited) assert.equal(sandbox.read(path), text);
    // With nothing of ours left to run, what is left says so on the next run too, and does nothing in a shell.
    assert.deepEqual([...run(bundle.uninstaller).left!].sort(), paths);
  } finally {
    sandbox.close();
  }
});

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
