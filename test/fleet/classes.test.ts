import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hosts, id, line, makeRig } from './push-rig.ts';

const FAILED = line({
  verdict: 'failed',
  class: 'script failed',
  step: 'self-test',
  why: 'no prompt came',
  next: 'look',
});

test('verdict classes: each that the service can give has its name, why and next', async (context) => {
  const expected = [
    [{ outcome: 'Undeliverable' }, 'failed: offline'],
    [{ outcome: 'InvalidPlatform' }, 'skipped: wrong platform'],
    [{ outcome: 'AccessDenied' }, 'failed: access denied'],
    [{ outcome: 'Offline' }, 'failed: delivery timed out'],
    [{ outcome: 'DeliveryTimedOut' }, 'failed: delivery timed out'],
    [{ outcome: 'ExecutionTimedOut' }, 'failed: execution timed out'],
    [{ outcome: 'Cancelled' }, 'failed: cancelled'],
    [{ outcome: 'Terminated' }, 'failed: not sent'],
    [{ outcome: 'RateExceeded' }, 'failed: throttled'],
    [{ outcome: 'Failed', exitCode: 1, stdout: FAILED }, 'failed: script failed'],
    [{ outcome: 'Failed', exitCode: 7, stdout: 'sh: no such file\n' }, 'failed: script failed'],
    [{ outcome: 'Quarantined' }, 'unknown: unknown status'],
    [{}, 'installed: '],
  ] as const;
  const rig = await makeRig(context, hosts(...expected.map(([synthetic]) => synthetic)));
  const { verdicts, missingCount } = await rig.push();
  assert.deepEqual(
    verdicts.map(({ verdict, class: kind }) => `${verdict}: ${kind}`),
    expected.map(([, words]) => words),
  );
  assert.equal(missingCount, 0);
  for (const { instanceId, why, next } of verdicts.slice(0, -1))
    assert.ok(why !== '' && next !== '', instanceId);
  assert.match(verdicts[9]?.why ?? '', /no prompt came \(its script was at the step “self-test”\)/);
  assert.match(verdicts[10]?.why ?? '', /exit status 7 .*no such file/);
  assert.match(verdicts[11]?.why ?? '', /"Quarantined", which this version does not know/);
});

test('verdict classes: ids that are offline or unknown are told without being sent anything', async (context) => {
  const rig = await makeRig(context, hosts({}, { outcome: 'Offline' }));
  const { verdicts } = await rig.push({ ids: [id(0), id(1), id(99)] });
  assert.deepEqual(
    verdicts.map(({ class: kind }) => kind),
    ['', 'offline', 'not registered'],
  );
});
