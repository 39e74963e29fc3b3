// The small end of bench/fleet.ts: every way in which a host can fail, through a service that throttles, lags and pages slowly.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';
import { countClasses, makeRoughFleet } from '../support/rough-fleet.ts';

const SIZE = 100;
const UNKNOWN = 'i-0fffffffffffffff0';
const PUSH = '--no-canary --no-restart --yes --max-concurrency 100% --max-errors 100% --timeout 30';

async function install(context: TestContext, targets: readonly string[]) {
  const hosts = makeRoughFleet(SIZE, 1);
  const lab = await startTestLab(context, {
    hosts,
    consistencySeconds: 1,
    pageLatencySeconds: 0.08,
    timeoutScale: 0.1,
  });
  lab.faults.throttle(0.1, 11);
  const done = await runCli(['install', ...targets, ...PUSH.split(' '), '--output', 'json'], lab.env);
  assert.equal(done.status, 1, done.stderr);
  const { instances, missingCount } = JSON.parse(done.stdout);
  const counts: Record<string, number> = {};
  for (const { class: kind } of instances) counts[kind] = (counts[kind] ?? 0) + 1;
  assert.equal(missingCount, 0);
  assert.equal(new Set(lab.runs.map(({ instanceId }) => instanceId)).size, lab.runs.length, 'none ran twice');
  return { lab, counts, ran: lab.runs.length };
}

test('cli: of a hundred hosts one fails in every way, through throttling, slow pages and late lists: each has its verdict', async (context) => {
  const { lab, counts, ran } = await install(context, ['--tag', 'env=dev']);
  assert.deepEqual(counts, countClasses(SIZE));
  // The one that is away.
  assert.equal(ran, SIZE - 1);
  const answered = lab.requests
    .filter(({ error }) => error !== 'ThrottlingException')
    .map(({ operation }) => operation);
  const polls = answered.filter((operation) => operation === 'ListCommands').length;
  assert.ok(answered.length <= 4 + SIZE / 50 + polls, answered.join(' '));
});

test('cli: the same hundred by id: who is away or unknown is told without being sent anything', async (context) => {
  const ids = makeRoughFleet(SIZE, 1).map(({ id }) => id);
  const { counts, ran } = await install(context, ['--instance-id', ...ids, UNKNOWN]);
  const { 'delivery timed out': away = 0, offline = 0, ...others } = countClasses(SIZE);
  assert.deepEqual(counts, { ...others, offline: offline + away, 'not registered': 1 });
  assert.equal(ran, SIZE - away);
});
