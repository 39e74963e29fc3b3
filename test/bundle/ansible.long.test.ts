import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleOf } from '../support/bundle.ts';
import { formatOf, skipWithout } from '../support/formats.ts';
import { Sandbox, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3') || skipWithout('/usr/bin/ansible-playbook');

/** A host that Ansible manages, Ansible included. */
class Managed extends Sandbox {
  readonly bundle = bundleOf();

  constructor() {
    super();
    this.write('tmp/tasks.yml', formatOf('ansible', this.bundle));
    this.write(
      'tmp/play.yml',
      '- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.include_tasks: tasks.yml\n',
    );
  }

  /** What the play recap counts. */
  play(...flags: string[]): { changed: number; failed: number; output: string } {
    const variables = 'ansible_become=false ansible_python_interpreter=/usr/bin/python3';
    const { stdout, stderr } = this.run(
      [
        '/usr/bin/ansible-playbook',
        '-i',
        'localhost,',
        '-c',
        'local',
        '-e',
        variables,
        ...flags,
        '/tmp/play.yml',
      ],
      { env: { HOME: '/root', LC_ALL: 'C.UTF-8', ANSIBLE_NOCOLOR: '1' }, timeout: 300_000 },
    );
    const count = (word: string) => Number(new RegExp(`${word}=(\\d+)`).exec(stdout)?.[1] ?? -1);
    return { changed: count('changed'), failed: count('failed'), output: stdout + stderr };
  }
}

test('ansible: check mode tells and does nothing, the first run changes, the second does not, drift and an update do', {
  skip,
}, () => {
  const host = new Managed();
  try {
    const assertPlays = (changed: number, what: string, ...flags: string[]) => {
      const played = host.play(...flags);
      assert.deepEqual([played.changed, played.failed], [changed, 0], `${what}\n${played.output}`);
    };
    assertPlays(1, 'check on a bare host', '--check', '--diff');
    assert.equal(host.has('usr/local/lib/ssm-keepalive'), false);
    assertPlays(1, 'first run');
    const { verdict } = host.runScript(host.bundle.status);
    assert.deepEqual([verdict['state'], verdict['digest']], ['installed', host.bundle.digest]);
    assertPlays(0, 'second run');
    assertPlays(0, 'check of what is installed', '--check');
    host.write(`usr/local/lib/ssm-keepalive/${host.bundle.digest}/entry.sh`, 'edited\n');
    assertPlays(1, 'check of drift', '--check');
    assertPlays(1, 'repair');
    host.write('tmp/tasks.yml', formatOf('ansible', bundleOf({ intervalSeconds: 30 })));
    assertPlays(1, 'check of another bundle', '--check');
    assert.equal(host.run(['/usr/bin/find', '/tmp', '-name', '*.ssm-keepalive']).stdout, '');
  } finally {
    host.close();
  }
});

test('ansible: a host that refuses fails the play, with the verdict, and no script stays behind', {
  skip,
}, () => {
  const host = new Managed();
  try {
    host.write('usr/local/lib/ssm-keepalive', 'somebody else’s');
    const { failed, output } = host.play();
    assert.equal(failed, 1, output);
    assert.match(output, /ssm-keepalive could not be made/);
    assert.equal(host.run(['/usr/bin/find', '/tmp', '-name', '*.ssm-keepalive']).stdout, '');
  } finally {
    host.close();
  }
});
