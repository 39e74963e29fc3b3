import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hosts, makeRig, verdicts } from './push-rig.ts';

const SLOW = { latencySeconds: 600 };
const delivery = (alarm: string) => ({
  targets: { tags: [{ key: 'env', values: ['dev'] }], instanceIds: [] },
  commands: ['true'],
  script: 'install' as const,
  comment: 'test',
  alarm,
  timeoutSeconds: 60,
  executionTimeoutSeconds: 60,
  maxConcurrency: '1',
  maxErrors: '0',
});

test('push: an alarm that goes off stops the command, and every verdict says so', async (context) => {
  const rig = await makeRig(context, hosts(SLOW, SLOW));
  rig.lab.setAlarm('errors', 'OK');
  const result = await rig.push({
    delivery: delivery('errors'),
    onEvent: (event) => {
      if (event.kind === 'counters' && event.counters.targetCount > 0) rig.lab.setAlarm('errors', 'ALARM');
    },
  });
  assert.deepEqual(verdicts(result), ['failed: alarm', 'failed: alarm']);
  assert.match(result.verdicts[0]?.why ?? '', /the alarm "errors" went off/);
});

test('push: an alarm that the service cannot read stops the command too, and the verdict says that', async (context) => {
  const rig = await makeRig(context, hosts(SLOW));
  const result = await rig.push({ delivery: delivery('no-such-alarm') });
  assert.match(result.verdicts[0]?.why ?? '', /could not read the alarm "no-such-alarm"/);
});

test('push: an alarm that stays quiet changes nothing', async (context) => {
  const rig = await makeRig(context, hosts({}, {}));
  rig.lab.setAlarm('errors', 'INSUFFICIENT_DATA');
  const result = await rig.push({ delivery: delivery('errors') });
  assert.deepEqual(verdicts(result), ['installed', 'installed']);
});
