// A fleet with Windows and macOS instances: nothing can be kept there, which is no failure of theirs and stops no other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostSpec } from '../../src/lab/index.ts';
import { id, line } from '../fleet/push-rig.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

const SAYS = {
  install: line({ verdict: 'installed', entries: { env: 'live' }, restart: 'not-needed' }),
  uninstall: line({ verdict: 'removed' }),
  status: line({ verdict: 'status', state: 'installed', entries: { env: 'live' } }),
} as const;
type Verb = keyof typeof SAYS;
const VERDICTS = { install: 'installed', uninstall: 'removed', status: 'installed' } as const;

/** What the scripts print on macOS: test/install/odd-hosts.test.ts. */
const NOT_LINUX = line({ verdict: 'skipped', class: 'wrong platform', step: 'platform', why: 'not Linux' });
/** What an agent says of a document of our own there [agent source, runpluginutil]. */
const PRECONDITION = `Step execution skipped due to unsatisfied preconditions: '"StringEquals": [platformType, Linux]'. Step name: install`;

const fleet = (verb: Verb, onMac = NOT_LINUX): HostSpec[] => [
  // First in every list: none of them is the instance that is tried first.
  { name: 'win-1', id: id(0), tags: { env: 'dev', os: 'other' }, platform: 'Windows', synthetic: {} },
  {
    name: 'mac-1',
    id: id(1),
    tags: { env: 'dev', os: 'other' },
    platform: 'MacOS',
    synthetic: { stdout: onMac },
  },
  { name: 'web-1', id: id(2), tags: { env: 'dev' }, synthetic: { stdout: SAYS[verb] } },
  { name: 'web-2', id: id(3), tags: { env: 'dev' }, synthetic: { stdout: SAYS[verb] } },
];

interface Row {
  readonly name: string;
  readonly verdict: string;
  readonly class: string;
  readonly why: string;
  readonly next: string;
}

for (const verb of ['install', 'uninstall', 'status'] as const) {
  for (const [what, flags, onMac] of [
    ['by tag', '--tag env=dev'],
    ['by id', `--instance-id ${[0, 1, 2, 3].map(id).join(',')}`],
    ['by tag, with a document of the account', '--tag env=dev --document Keepalive', PRECONDITION],
  ] as const) {
    test(`${verb} ${what}: Windows and macOS are skipped, the others are done, and all is good`, async (context) => {
      const lab = await startTestLab(context, { hosts: fleet(verb, onMac), timeoutScale: 0.05 });
      const words = `${verb} ${flags} --output json${verb === 'status' ? '' : ' --yes'}`;
      const { status, stdout, stderr } = await runCli(words.split(' '), lab.env);
      assert.equal(status, 0, `${stderr}${stdout}`);
      const { instances, stopped } = JSON.parse(stdout) as { instances: Row[]; stopped: string | null };
      assert.equal(stopped, null);
      const skipped = { verdict: 'skipped', class: 'wrong platform' };
      const done = { verdict: VERDICTS[verb], class: '' };
      assert.deepEqual(
        instances.map((row) => [row.name, { verdict: row.verdict, class: row.class }]),
        [
          ['win-1', skipped],
          ['mac-1', skipped],
          ['web-1', done],
          ['web-2', done],
        ],
      );
      for (const { why, next } of instances.slice(0, 1)) {
        assert.match(why, /Linux/);
        assert.match(next, /preferences set --idle 60/);
      }
    });
  }
}

for (const verb of ['install', 'uninstall', 'status'] as const) {
  test(`${verb} where nobody runs Linux: all skipped, exit status 0, and the table says why`, async (context) => {
    const lab = await startTestLab(context, { hosts: fleet(verb), timeoutScale: 0.05 });
    const words = `${verb} --tag os=other${verb === 'status' ? '' : ' --yes'}`;
    const { status, stdout, stderr } = await runCli(words.split(' '), lab.env);
    assert.equal(status, 0, `${stderr}${stdout}`);
    assert.equal(stdout.match(/skipped.*wrong platform/g)?.length, 2, stdout);
  });
}

test('install --follow: the association runs on them too, and they are skipped there', async (context) => {
  const lab = await startTestLab(context, { hosts: fleet('install'), timeoutScale: 0.05 });
  const words = 'install --follow --tag env=dev --yes --output json';
  const { status, stdout, stderr } = await runCli(words.split(' '), lab.env);
  assert.equal(status, 0, `${stderr}${stdout}`);
  const { instances } = JSON.parse(stdout) as { instances: Row[] };
  assert.deepEqual(
    instances.map(({ name, verdict }) => [name, verdict]),
    [
      ['win-1', 'skipped'],
      ['mac-1', 'skipped'],
      ['web-1', 'installed'],
      ['web-2', 'installed'],
    ],
  );
});
