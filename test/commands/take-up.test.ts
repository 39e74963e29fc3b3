import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Interruption } from '../../src/interruption.ts';
import type { Lab } from '../../src/lab/index.ts';
import { hosts, id } from '../fleet/push-rig.ts';
import { until } from '../lab/test-lab.ts';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';

const SLOW = { latencySeconds: 600 };

/** Sends without waiting and returns the command ids that it printed. */
async function send(lab: Lab, ...targets: string[]): Promise<string[]> {
  const sent = await runCli(['install', ...targets, '--no-restart', '--no-wait', '--yes'], lab.env);
  assert.equal(sent.status, 0, sent.stderr);
  const ids = sent.stdout.trim().split('\n');
  assert.ok(sent.stderr.includes(`install --command-id ${ids.join(' ')}`), sent.stderr);
  return ids;
}

test('cli: a run of several commands is taken up again with all of their ids, in one report', async (context) => {
  const lab = await startTestLab(context, { hosts: hosts(...Array(53).fill({})) });
  const ids = await send(lab, '--instance-id', ...Array.from({ length: 53 }, (_, n) => id(n)));
  assert.equal(ids.length, 2);
  const taken = await runCli(['install', '--command-id', ids.join(','), '--output', 'json'], lab.env);
  assert.equal(taken.status, 0, taken.stderr);
  const report = JSON.parse(taken.stdout);
  assert.deepEqual([report.summary, report.commandIds], [{ installed: 53 }, ids]);
  assert.equal(lab.requests.filter(({ operation }) => operation === 'SendCommand').length, 2);
  const half = JSON.parse(
    (await runCli(['install', '--command-id', ids[1] ?? '', '--output', 'json'], lab.env)).stdout,
  );
  assert.deepEqual(half.summary, { installed: 3 });
});

test('cli: the first instance and the others are two commands, and either order of their ids gives one verdict each', async (context) => {
  const lab = await startTestLab(context, {
    hosts: hosts({}, { outcome: 'Failed', exitCode: 3, stdout: '' }),
  });
  const run = await runCli(['install', '--tag', 'env=dev', '--max-errors', '1', '--output', 'json'], lab.env);
  const { commandIds, instances } = JSON.parse(run.stdout);
  assert.equal(commandIds.length, 2);
  const words = ['install', '--command-id', ...commandIds.reverse(), '--output', 'json'];
  const taken = await runCli(words, lab.env);
  assert.equal(taken.status, 1, taken.stderr);
  assert.deepEqual(JSON.parse(taken.stdout).instances, instances);
});

/** Takes slow commands up that another run sent, and hands over once it watches them. */
async function startTakeUp(context: TestContext) {
  const lab = await startTestLab(context, { hosts: hosts(SLOW, SLOW) });
  const ids = [...(await send(lab, '--instance-id', id(0))), ...(await send(lab, '--instance-id', id(1)))];
  const interruption = new Interruption();
  const running = runCli(['install', '--command-id', ...ids], lab.env, { interruption });
  const polls = () => lab.requests.filter(({ operation }) => operation === 'ListCommands').length;
  await until('it to watch both', () => polls() >= 2);
  return { lab, ids, interruption, running };
}

test('cli: Ctrl-C cancels commands that another run sent, and reports their end', async (context) => {
  const { lab, ids, interruption, running } = await startTakeUp(context);
  interruption.request();
  const result = await running;
  assert.equal(result.status, 130, result.stderr);
  assert.match(result.stdout, new RegExp(`${id(0)} .*cancelled[\\s\\S]*${id(1)} .*cancelled`));
  const cancelled = lab.requests.filter(({ operation }) => operation === 'CancelCommand');
  assert.equal(cancelled.length, ids.length);
});

test('cli: Ctrl-C twice leaves commands of another run at once, with all ids to take up', async (context) => {
  const { ids, interruption, running } = await startTakeUp(context);
  for (let times = 0; times < 2; times += 1) interruption.request();
  const result = await running;
  assert.equal(result.status, 130, result.stderr);
  assert.ok(result.stderr.includes(`install --command-id ${ids.join(' ')}`), result.stderr);
});
