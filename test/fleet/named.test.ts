// Instances that were named by id, and a list of invocations that is not of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFront } from '../support/answer-front.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';
import { hosts, id, line } from './push-rig.ts';

const OTHER = 'i-0cccccccccccccccc';
type Listed = Record<string, unknown>;

/** The invocations in place of the one, and the verdicts of all rows. */
const LISTS: readonly (readonly [
  what: string,
  list: (one: Listed) => Listed[],
  rows: Readonly<Record<string, string>>,
])[] = [
  [
    'only one of another',
    (one) => [{ ...one, InstanceId: OTHER }],
    { [id(0)]: 'no result', [OTHER]: 'not named' },
  ],
  [
    'also one of another',
    (one) => [one, { ...one, InstanceId: OTHER }],
    { [id(0)]: '', [OTHER]: 'not named' },
  ],
  ['one without an id', ({ InstanceId: _, ...one }) => [one], { [id(0)]: 'no result' }],
];

for (const verb of ['install', 'status', 'uninstall'])
  for (const [what, list, rows] of LISTS)
    test(`${verb}: of a named instance the service lists ${what}: each is told, and it is no success`, async (context) => {
      const stdout = line({ verdict: verb === 'status' ? 'status' : 'unchanged', state: 'installed' });
      const lab = await startTestLab(context, { hosts: hosts({ stdout }, {}) });
      const env = await startFront(context, lab, (operation, _, { CommandInvocations: all }) =>
        operation === 'ListCommandInvocations' && Array.isArray(all) && all[0]
          ? { CommandInvocations: list(all[0]) }
          : undefined,
      );
      const { status, stdout: said } = await runCli([verb, id(0), '--output', 'json'], env);
      const { instances } = JSON.parse(said);
      const found = instances.map((one: { instanceId: string; class: string }) => [
        one.instanceId,
        one.class,
      ]);
      assert.deepEqual(Object.fromEntries(found), rows);
      assert.equal(status, 1);
    });

test('status: an invocation without an id is counted as missing where a tag was named, and is no row', async (context) => {
  const lab = await startTestLab(context, {
    hosts: hosts({ stdout: line({ verdict: 'status', state: 'installed' }) }),
  });
  const env = await startFront(context, lab, (operation, _, { CommandInvocations: all }) =>
    operation === 'ListCommandInvocations' && Array.isArray(all)
      ? { CommandInvocations: all.map(({ InstanceId: _, ...one }) => one) }
      : undefined,
  );
  const { status, stdout, stderr } = await runCli(['status', '--tag', 'env=dev'], env);
  assert.equal(status, 1);
  assert.match(stderr, /counted 1 more instance than it lists/);
  assert.doesNotMatch(stdout, /installed/);
});
