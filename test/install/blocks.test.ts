import assert from 'node:assert/strict';
import { chmodSync, existsSync, linkSync, lstatSync, rmSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { bundleOf, DROP_IN, installQuietly, PROFILE_STUB } from '../support/bundle.ts';
import { INSTALLER_SHELLS, Sandbox, shellsInTurn, skipUnless } from '../support/sandbox.ts';

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

// Each shell: in a pattern, bash takes an empty word in quotes in a way of its own.
for (const { name, argv } of INSTALLER_SHELLS)
  test(`${name}: of a link the target gets the block, and the link stays; extended attributes stay too`, {
    skip,
  }, () => {
    const sandbox = new Sandbox();
    try {
      sandbox.write('etc/site/bashrc', 'a=1');
      rmSync(sandbox.path(RC));
      symlinkSync('site/bashrc', sandbox.path(RC));
      const hasAttributes =
        existsSync('/usr/bin/setfattr') &&
        sandbox.run(['/usr/bin/setfattr', '-n', 'user.site', '-v', 'yes', `/${RC}`]).status === 0;
      const before = sandbox.snapshot('etc');
      const run = (script: string) => sandbox.runScript(script, { shell: argv, env: ROOTED }).verdict;
      assert.equal(run(bundle.installer)['verdict'], 'installed');
      assert.equal(run(bundle.status)['state'], 'installed');
      assert.ok(lstatSync(sandbox.path(RC)).isSymbolicLink());
      assert.equal(sandbox.read('etc/site/bashrc'), `${blockOf(RC)}a=1`);
      if (hasAttributes)
        assert.match(sandbox.run(['/usr/bin/getfattr', '-d', `/${RC}`]).stdout, /user.site="yes"/);
      run(bundle.uninstaller);
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

test('a block that was edited or taken out is put back by install, in its place; text that others add around one stays, also when the block goes', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    const block = blockOf(RC);
    const [moved, out, edited] = [RC, 'etc/zsh/zprofile', 'etc/zsh/zshrc'] as const;
    const own = new Map([moved, out, edited].map((path) => [path, sandbox.read(path)]));
    installQuietly(sandbox, bundle);
    sandbox.write(moved, `# above\n${sandbox.read(moved)}\n# below`);
    sandbox.write(out, own.get(out)!);
    sandbox.write(edited, `# above\n${block.replace('undo:', 'edited:')}${own.get(edited)}`);
    assert.equal(installQuietly(sandbox, bundle).verdict['verdict'], 'updated');
    assert.equal(sandbox.read(moved), `# above\n${block}${own.get(moved)}\n# below`);
    assert.equal(sandbox.read(out), block + own.get(out));
    assert.equal(sandbox.read(edited), `# above\n${block}${own.get(edited)}`);
    assert.deepEqual(sandbox.runScript(bundle.uninstaller, { env: ROOTED }).verdict['left'], []);
    assert.equal(sandbox.read(moved), `# above\n${own.get(moved)}\n# below`);
    assert.equal(sandbox.read(edited), `# above\n${own.get(edited)}`);
  } finally {
    sandbox.close();
  }
});

test('settings without an entry take it off again, with its blocks', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    const own = sandbox.read(RC);
    installQuietly(sandbox, bundle);
    const { verdict } = installQuietly(sandbox, bundleOf({ entries: ['env'] }));
    assert.deepEqual([verdict.entries, verdict['left']], [{ env: 'pending', profile: 'off', rc: 'off' }, []]);
    assert.equal(sandbox.read(RC), own);
    assert.equal(sandbox.read('etc/zsh/zprofile'), '');
    assert.ok(!sandbox.has('etc/fish/conf.d/00-ssm-keepalive.fish') && !sandbox.has(PROFILE_STUB));
    assert.ok(sandbox.has(DROP_IN));
  } finally {
    sandbox.close();
  }
});

test('an image: links that lead out of it are left alone, and files that are not there are not made', {
  skip,
}, () => {
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
    for (const path of ['zsh', 'zprofile', 'fish', 'profile.d'])
      assert.ok(!sandbox.has(`tmp/image/etc/${path}`), path);
  } finally {
    sandbox.close();
  }
});
