import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { makeProgress } from '../../src/commands/deliver/progress.ts';
import { NoMatchError } from '../../src/fleet/choose.ts';
import { makeClient } from '../../src/fleet/client.ts';
import { Interruption } from '../../src/interruption.ts';
import { makeIo } from '../support/cli.ts';
import { HurriedClock } from '../support/clock.ts';
import { hosts, id, line, makeRig, verdicts } from './push-rig.ts';

test('push: every instance gets its own verdict, and one bad host hides no other', async (context) => {
  const rig = await makeRig(
    context,
    hosts(
      {},
      { outcome: 'Undeliverable' },
      { outcome: 'InvalidPlatform' },
      { outcome: 'AccessDenied' },
      { exitCode: 7, outcome: 'Failed', stdout: '' },
    ),
  );
  const result = await rig.push();
  assert.deepEqual(verdicts(result), [
    'installed',
    'failed: offline',
    'skipped: wrong platform',
    'failed: access denied',
    'failed: script failed',
  ]);
  assert.equal(result.missingCount, 0);
});

test('push: the verdict comes from the invocations even where the command as a whole says Success', async (context) => {
  const rig = await makeRig(context, hosts({}, { outcome: 'Undeliverable' }));
  const result = await rig.push();
  const last = rig.events.findLast((event) => event.kind === 'counters');
  assert.equal(
    last?.kind === 'counters' && last.counters.status,
    'Success',
    'the lab hides it as the service does',
  );
  assert.deepEqual(verdicts(result), ['installed', 'failed: offline']);
});

test('push: a tag that nobody has is an error that says how to look', async (context) => {
  const rig = await makeRig(context, hosts({}));
  for (const hasCanary of [false, true]) {
    await assert.rejects(rig.push({ tags: { env: 'nowhere' }, hasCanary }), (error: NoMatchError) => {
      assert.ok(error instanceof NoMatchError);
      assert.match(error.why, /--tag env=nowhere/);
      assert.match(error.next, /describe-instance-information/);
      return true;
    });
  }
});

test('push: ids the service cannot reach get a verdict each, and the others are still done', async (context) => {
  const rig = await makeRig(context, hosts({}, { outcome: 'Offline' }));
  const result = await rig.push({ ids: [id(0), id(1), id(99)] });
  assert.deepEqual(verdicts(result), ['installed', 'failed: offline', 'failed: not registered']);
});

test('push: the canary goes alone, and its first verdict is the one reported', async (context) => {
  const rig = await makeRig(context, hosts({}, {}, {}));
  const result = await rig.push({ hasCanary: true });
  const stages = rig.events.flatMap((event) => (event.kind === 'stage' ? [event.stage] : []));
  assert.deepEqual(stages, ['canary', 'fleet']);
  assert.equal(result.commandIds.length, 2);
  assert.deepEqual(verdicts(result), ['installed', 'installed', 'installed']);
});

test('push: when the canary fails nobody else is touched, and the result says why', async (context) => {
  const rig = await makeRig(context, hosts({ outcome: 'Failed', exitCode: 1, stdout: '' }, {}, {}));
  const result = await rig.push({ hasCanary: true });
  assert.equal(result.commandIds.length, 1);
  assert.match(result.stopped ?? '', new RegExp(`${id(0)}, failed`));
  assert.deepEqual(verdicts(result), ['failed: script failed']);
});

test('push: a canary whose agent is never seen back stops the push', async (context) => {
  const scheduled = line({ verdict: 'installed', entries: { env: 'pending' }, restart: 'scheduled' });
  const rig = await makeRig(context, hosts({ stdout: scheduled }, {}));
  const result = await rig.push({ hasCanary: true, lookCommands: ['true'], lookSeconds: 1 });
  assert.match(result.stopped ?? '', /was not confirmed/);
  assert.equal(result.verdicts.length, 1);
});

for (const hasCanary of [false, true])
  test(`push: a limited host ${hasCanary ? 'tried first ' : ''}is looked at until its agent is back, and stays limited`, async (context) => {
    const report = { why: 'no Python', entries: { env: 'pending' } };
    const limited = line({ ...report, verdict: 'limited', restart: 'scheduled' });
    const rig = await makeRig(context, hosts({ stdout: limited }, {}));
    const result = await rig.push({ hasCanary, lookCommands: ['true'], lookSeconds: 1 });
    const stages = rig.events.flatMap((event) => (event.kind === 'stage' ? [event.stage] : []));
    assert.deepEqual(stages, [hasCanary ? 'canary' : 'fleet', 'look']);
    assert.deepEqual(result.stopped, hasCanary ? `the first instance, ${id(0)}, is limited` : undefined);
    assert.deepEqual([result.verdicts[0]?.verdict, result.verdicts[0]?.why], ['limited', 'no Python']);
  });

test('push: a look that an agent drops while it restarts is no verdict: the next one sees it back', async (context) => {
  let looks = 0;
  const scheduled = line({ verdict: 'installed', entries: { env: 'pending' }, restart: 'scheduled' });
  const isLook = (script: string) => script.includes('a look');
  const rig = await makeRig(
    context,
    hosts({
      stdout: (script) =>
        isLook(script) ? line({ verdict: 'status', entries: { env: 'live' } }) : scheduled,
      drops: (script) => isLook(script) && looks++ === 0,
    }),
  );
  const result = await rig.push({ lookCommands: ['# a look'] });
  assert.deepEqual([verdicts(result), result.verdicts[0]?.report?.restart], [['installed'], 'confirmed']);
  assert.equal(looks, 2);
});

for (const kind of ['switched off', 'capped'])
  test(`push: a first host that its own root has ${kind} is limited, and the others get the script`, async (context) => {
    const limited = line({ verdict: 'limited', class: kind, entries: { env: 'live' } });
    const rig = await makeRig(context, hosts({ stdout: limited }, {}));
    const result = await rig.push({ hasCanary: true, lookCommands: ['true'], lookSeconds: 1 });
    assert.equal(result.stopped, undefined);
    assert.equal(result.verdicts.length, 2);
    assert.deepEqual([result.verdicts[0]?.verdict, result.verdicts[0]?.class], ['limited', kind]);
  });

for (const restart of ['pending', 'unknown'])
  test(`push: a canary whose restart is ${restart} stops the push at once`, async (context) => {
    const open = line({ verdict: 'installed', entries: { env: 'pending' }, restart, why: 'a document ran' });
    const rig = await makeRig(context, hosts({ stdout: open }, {}));
    const result = await rig.push({ hasCanary: true, lookCommands: ['true'] });
    assert.match(result.stopped ?? '', /was not confirmed/);
    assert.equal(result.verdicts.length, 1);
  });

test('push: more than 50 ids are split into several commands, and all are judged', async (context) => {
  const rig = await makeRig(context, hosts(...Array.from({ length: 53 }, () => ({}))));
  const result = await rig.push({ ids: Array.from({ length: 53 }, (_, n) => id(n)) });
  assert.equal(result.commandIds.length, 2);
  assert.equal(result.verdicts.length, 53);
});

test('push: throttled calls are tried again and nothing is sent twice', async (context) => {
  const rig = await makeRig(context, hosts({}));
  rig.lab.faults.failNext('ListCommands', 'ThrottlingException', 2);
  rig.lab.faults.failNext('ListCommandInvocations', 'ThrottlingException', 1);
  const result = await rig.push();
  assert.deepEqual(verdicts(result), ['installed']);
  assert.equal(rig.lab.requests.filter(({ operation }) => operation === 'SendCommand').length, 1);
});

test('push: expired credentials half-way say so and how to go on', async (context) => {
  const rig = await makeRig(context, hosts({ latencySeconds: 0.3 }));
  rig.lab.faults.failNext('ListCommands', 'ExpiredTokenException', 1);
  await assert.rejects(rig.push(), /the AWS credentials have expired/);
});

test('push: an interruption cancels what was sent and waits for the outcome', async (context) => {
  const rig = await makeRig(context, hosts({ latencySeconds: 30 }, { latencySeconds: 30 }));
  const interruption = new Interruption();
  const result = await rig.push({
    interruption,
    onEvent: (event) => {
      if (event.kind === 'counters' && event.counters.targetCount > 0) interruption.request();
    },
  });
  assert.ok(rig.lab.requests.some(({ operation }) => operation === 'CancelCommand'));
  assert.deepEqual(verdicts(result), ['failed: cancelled', 'failed: cancelled']);
});

/** Fifteen seconds without a change go by in a moment. */
async function standStill(context: TestContext, deny?: 'DescribeInstanceInformation') {
  const rig = await makeRig(context, hosts({}, { outcome: 'Offline' }), { timeoutScale: 1 });
  if (deny) rig.lab.faults.failNext(deny, 'AccessDeniedException', 1);
  const { endpoint: endpointUrl, credentials } = rig.lab;
  const client = makeClient({ endpointUrl, region: 'us-east-1', credentials, clock: new HurriedClock(50) });
  context.after(() => client.destroy());
  const interruption = new Interruption();
  let shown = '';
  const io = makeIo({
    err: (text) => {
      shown += text;
    },
  });
  const progress = makeProgress(io, false).forAccount('');
  const result = await rig.push({
    client,
    interruption,
    pollSeconds: 2,
    onEvent: (event) => {
      progress(event);
      if (event.kind === 'standstill') interruption.request();
    },
  });
  const countCalls = (name: string) => rig.lab.requests.filter(({ operation }) => operation === name).length;
  return { result, shown, countCalls };
}

test('push: where nothing changes for a while, the instance that has not answered is named, once; Ctrl-C then says to start its agent', async (context) => {
  const { result, shown, countCalls } = await standStill(context);
  assert.match(
    shown,
    /^waiting for host-1 \(offline: ConnectionLost\); the service tries to deliver for at most \d+(s|m) more \(--delivery-timeout\)$/m,
  );
  const [answered, offline] = result.verdicts;
  assert.equal(answered?.verdict, 'installed');
  assert.match(offline?.why ?? '', /its agent is not connected \(ConnectionLost\)/);
  assert.match(offline?.next ?? '', /^start the instance or its agent/);
  // One look at the standstill, one at the end; names were known then.
  assert.equal(countCalls('ListCommandInvocations'), 2);
});

test('push: who may not list instances still sees which one has not answered', async (context) => {
  const { shown } = await standStill(context, 'DescribeInstanceInformation');
  assert.match(shown, /^waiting for (host-1|i-\w+) \(Pending\); the service/m);
});
