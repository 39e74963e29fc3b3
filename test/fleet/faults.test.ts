// Every fault ends in the right verdict, with nothing lost and nothing done twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CancelCommandCommand } from '@aws-sdk/client-ssm';
import { sandboxMissing, until } from '../lab/test-lab.ts';
import { hosts, id, line, makeRig, type Rig, verdicts } from './push-rig.ts';

const many = (count: number) => hosts(...Array.from({ length: count }, () => ({})));

/** Every host ran the script, and none ran it twice: what the hosts saw, not what a client believes to have sent. */
function assertRanOnce({ lab }: Rig): void {
  const ids = lab.runs.map(({ instanceId }) => instanceId);
  assert.deepEqual(
    [...ids].sort(),
    lab
      .hosts()
      .map(({ spec }) => spec.id)
      .sort(),
  );
}

test('push: with every third call throttled each host still gets its verdict, and one command was sent', async (context) => {
  const rig = await makeRig(context, many(120));
  rig.lab.faults.throttle(0.3, 11);
  const result = await rig.push();
  assert.equal(verdicts(result).filter((verdict) => verdict === 'installed').length, 120);
  assert.ok(rig.lab.requests.some(({ error }) => error === 'ThrottlingException'));
  assertRanOnce(rig);
});

for (const fault of ['cut', 'truncated'] as const) {
  test(`push: a SendCommand whose answer was ${fault} is found again and not sent twice`, async (context) => {
    const rig = await makeRig(context, many(2));
    rig.lab.faults.breakNext('SendCommand', fault);
    const result = await rig.push();
    assert.deepEqual(verdicts(result), ['installed', 'installed']);
    assertRanOnce(rig);
  });

  test(`push: every other answer that was ${fault} is asked for again`, async (context) => {
    const long = line({ verdict: 'installed', entries: { env: 'live' }, why: 'x'.repeat(4000) });
    const rig = await makeRig(context, hosts({ stdout: long }, {}));
    const reads = [
      'DescribeInstanceInformation',
      'ListCommands',
      'ListCommandInvocations',
      'GetCommandInvocation',
    ];
    for (const operation of reads) rig.lab.faults.breakNext(operation as 'ListCommands', fault, 2);
    const result = await rig.push({ ids: [id(0), id(1)] });
    assert.deepEqual(verdicts(result), ['installed', 'installed']);
    assert.equal(result.missingCount, 0);
    for (const operation of reads)
      assert.ok(
        rig.lab.requests.some((one) => one.operation === operation && one.error === fault),
        operation,
      );
    assertRanOnce(rig);
  });
}

test('push: a SendCommand that was never heard is sent once more', async (context) => {
  const rig = await makeRig(context, many(2));
  rig.lab.faults.breakNext('SendCommand', 'lost');
  const result = await rig.push();
  assert.deepEqual(verdicts(result), ['installed', 'installed']);
  assertRanOnce(rig);
});

test('push: a service that fails inside after SendCommand is asked whether it heard, and then once more', async (context) => {
  const rig = await makeRig(context, many(1));
  rig.lab.faults.failNext('SendCommand', 'InternalServerError');
  const result = await rig.push();
  assert.deepEqual(verdicts(result), ['installed']);
  assertRanOnce(rig);
});

test('push: 500s on the way are waited out', async (context) => {
  const rig = await makeRig(context, many(2));
  rig.lab.faults.failNext('ListCommands', 'InternalServerError', 2);
  rig.lab.faults.failNext('ListCommandInvocations', 'InternalServerError', 2);
  assert.deepEqual(verdicts(await rig.push()), ['installed', 'installed']);
});

test('push: a clock that is an hour off is set right by the service’s own, and nothing fails', async (context) => {
  const rig = await makeRig(context, many(1));
  rig.lab.faults.skewClock(3600);
  assert.deepEqual(verdicts(await rig.push()), ['installed']);
});

test('push: a page token that leads back loses no host', async (context) => {
  const rig = await makeRig(context, many(60));
  rig.lab.faults.breakNext('ListCommandInvocations', 'looped', 2);
  const result = await rig.push();
  assert.equal(result.verdicts.length, 60);
  assert.equal(result.missingCount, 0);
});

test('push: instances whose list leads back to its start are not half reached: nothing is sent', async (context) => {
  const rig = await makeRig(context, many(60));
  rig.lab.faults.breakNext('DescribeInstanceInformation', 'looped', 3);
  await assert.rejects(rig.push({ hasCanary: true, ids: Array.from({ length: 60 }, (_, n) => id(n)) }), {
    code: 'looping-list',
  });
  assert.equal(rig.lab.runs.length, 0);
});

test('push: an invocation that is listed late is waited for', async (context) => {
  const rig = await makeRig(context, many(3), { consistencySeconds: 1 });
  assert.deepEqual(verdicts(await rig.push()), ['installed', 'installed', 'installed']);
});

test('push: a host that dies in mid-script timed out, whatever the others do', async (context) => {
  const rig = await makeRig(context, hosts({}, { outcome: 'ExecutionTimedOut' }));
  assert.deepEqual(verdicts(await rig.push()), ['installed', 'failed: execution timed out']);
});

test('push: a real host that is switched off in mid-script ran it once and timed out', {
  skip: sandboxMissing(),
}, async (context) => {
  const rig = await makeRig(context, [{ name: 'web-1', id: id(0), tags: { env: 'dev' } }], {
    timeoutScale: 0.05,
  });
  const host = rig.lab.host('web-1');
  const pushed = rig.push({ commands: ['touch /root/begun', 'sleep 600'] });
  await until('the script to begin', async () => (await host.exec(['test', '-e', '/root/begun'])).code === 0);
  await host.stop();
  const result = await pushed;
  assert.deepEqual(verdicts(result), ['failed: execution timed out']);
  assertRanOnce(rig);
});

test('push: a command that somebody else cancelled says so for each host', async (context) => {
  const rig = await makeRig(context, hosts({}, { latencySeconds: 60 }));
  const result = await rig.push({
    onEvent: (event) => {
      if (event.kind !== 'counters' || event.counters.completedCount !== 1) return;
      const CommandId = rig.lab.requests.length > 0 ? rig.sentIds()[0] : undefined;
      void rig.client.send(new CancelCommandCommand({ CommandId }));
    },
  });
  assert.deepEqual(verdicts(result), ['installed', 'failed: cancelled']);
});

test('push: a report that the list cut short is fetched whole', async (context) => {
  const long = line({ verdict: 'installed', entries: { env: 'live' }, why: 'x'.repeat(4000) });
  const rig = await makeRig(context, hosts({ stdout: long }));
  const [verdict] = (await rig.push()).verdicts;
  assert.equal(verdict?.verdict, 'installed');
  assert.equal(verdict?.report?.why.length, 4000);
  assert.equal(rig.lab.requests.filter(({ operation }) => operation === 'GetCommandInvocation').length, 1);
});

test('push: a report longer than the service keeps is no verdict at all', async (context) => {
  const endless = line({ verdict: 'installed', why: 'x'.repeat(30_000) });
  const rig = await makeRig(context, hosts({ stdout: endless }));
  assert.deepEqual(verdicts(await rig.push()), ['failed: no report']);
});

test('push: credentials that expire half-way lose nothing: the command goes on, and can be taken up', async (context) => {
  const rig = await makeRig(context, hosts({ latencySeconds: 0.3 }));
  rig.lab.faults.failNext('ListCommands', 'ExpiredTokenException', 1);
  await assert.rejects(rig.push({ ids: [id(0)] }), /the AWS credentials have expired/);
  assert.equal(rig.sentIds().length, 1);
});
