// Hosts whose users cannot reach the keeper, or are limited by root: what status and install say, and what install mends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleOf, LIBRARY } from '../support/bundle.ts';
import { Sandbox, skipUnless, type Verdict } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash');

test('what else keeps users from the keeper: a version that they cannot list, an unreadable `current`; install mends its own', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf({ restart: false });
    const run = (script: string) => sandbox.runScript(script).verdict;
    const sh = (line: string) => sandbox.run(['/usr/bin/dash', '-c', line]);
    assert.equal(run(bundle.installer)['verdict'], 'installed');
    const version = `/${LIBRARY}/${bundle.digest}`;
    for (const [spoil, at] of [
      [`chmod 711 ${version}`, version],
      [`chmod 600 /${LIBRARY}/current`, `/${LIBRARY}/current`],
    ] as const) {
      sh(spoil);
      const seen = run(bundle.status);
      assert.deepEqual(
        [seen['state'], seen['class'], seen['next']],
        ['limited', 'closed folder', `chmod o+rX ${at}`],
        spoil,
      );
      // The advice helps, and so does an install.
      sh(String(seen['next']));
      assert.equal(run(bundle.status)['state'], 'installed', spoil);
      sh(spoil);
      assert.equal(run(bundle.installer)['verdict'], 'updated', spoil);
      assert.equal(run(bundle.status)['state'], 'installed', spoil);
    }
    sh('chmod 711 /usr/local /usr/local/lib');
    assert.equal(run(bundle.status)['state'], 'installed', 'folders above need not be listed');
  } finally {
    sandbox.close();
  }
});

test('a host that root has switched off or capped is installed all the same: its self-test does not mind', {
  skip,
}, () => {
  for (const [name, text] of [
    ['off', ''],
    ['max-idle', '0\n'],
  ] as const) {
    const sandbox = new Sandbox();
    try {
      sandbox.write(`etc/ssm-keepalive/${name}`, text);
      const { verdict } = sandbox.runScript(bundleOf({ restart: false }).installer);
      assert.deepEqual(
        [verdict['verdict'], verdict['class'], verdict['keeper']],
        ['limited', name === 'off' ? 'switched off' : 'capped', 'relay'],
        JSON.stringify(verdict),
      );
    } finally {
      sandbox.close();
    }
  }
});

test('a folder that users cannot enter: their sessions start no keeper; status names it, an install mends it where it is ours and names it elsewhere, the first one too', {
  skip,
}, () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf({ restart: false });
    const run = (script: string) => sandbox.runScript(script).verdict;
    const close = (folder: string) => sandbox.run(['/usr/bin/chmod', '700', folder]);
    const open = (folder: string) => sandbox.run(['/usr/bin/chmod', '755', folder]);
    const expect = (verdict: Verdict, folder: string) => {
      assert.match(String(verdict['why']), new RegExp(`^users cannot use ${folder},`));
      assert.equal(verdict['next'], `chmod o+rX ${folder}`);
    };
    for (const parent of ['/usr/local', '/usr/local/lib']) {
      close(parent);
      const verdict = run(bundle.installer);
      assert.deepEqual([verdict['verdict'], verdict['step']], ['failed', 'path']);
      expect(verdict, parent);
      open(parent);
    }
    assert.equal(run(bundle.installer)['verdict'], 'installed');
    close(`/${LIBRARY}`);
    const other = bundleOf({ restart: false, intervalSeconds: 60 });
    assert.equal(run(other.installer)['verdict'], 'updated', 'also with another bundle');
    assert.equal(run(bundle.installer)['verdict'], 'updated');
    for (const folder of ['/usr/local', '/usr/local/lib', `/${LIBRARY}`, `/${LIBRARY}/${bundle.digest}`]) {
      close(folder);
      const seen = run(bundle.status);
      assert.deepEqual([seen['class'], seen['state']], ['closed folder', 'limited'], folder);
      expect(seen, folder);
      // Folders of ours are mended; the others are not ours to open.
      const isOurs = folder.startsWith(`/${LIBRARY}`);
      const again = run(bundle.installer);
      assert.equal(again['verdict'], isOurs ? 'updated' : 'failed', folder);
      if (!isOurs) expect(again, folder);
      if (!isOurs) open(folder);
      assert.equal(run(bundle.status)['state'], 'installed', folder);
    }
    // With an edited file both are told.
    close('/usr/local');
    sandbox.run(['/usr/bin/dash', '-c', 'echo >>/etc/profile.d/00-ssm-keepalive.sh']);
    const both = run(bundle.status);
    assert.deepEqual([both['state'], both['class']], ['drifted', 'closed folder']);
    expect(both, '/usr/local');
  } finally {
    sandbox.close();
  }
});
