import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MeasurePlan, measureRuns, planRuns } from '../../src/session/measure/run.ts';

const PLAN: MeasurePlan = {
  arms: ['nothing', 'keeper'],
  repeat: 3,
  tickSeconds: 1,
  limitSeconds: 1,
  parallel: 2,
};

test('run: never more sessions at a time than asked for, and each arm is tried once before one is repeated', async () => {
  const runs = planRuns(PLAN);
  let now = 0;
  let most = 0;
  await measureRuns(runs, PLAN, {
    account: {
      async start() {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setImmediate(resolve));
        now -= 1;
        throw new Error('refused');
      },
      resume: async () => undefined,
      terminate: async () => assert.fail('nothing to end'),
    },
    stop: new AbortController().signal,
    leave: new AbortController().signal,
  });
  assert.equal(most, 2);
  assert.deepEqual(
    runs.map(({ arm, repeat, outcome, words }) => [arm, repeat, outcome, words]),
    [1, 2, 3].flatMap((repeat) => ['nothing', 'keeper'].map((arm) => [arm, repeat, 'failed', 'refused'])),
  );
});

test('run: what had not begun when it was stopped is not begun', async () => {
  const stop = new AbortController();
  const runs = planRuns(PLAN);
  let started = 0;
  await measureRuns(runs, PLAN, {
    account: {
      async start() {
        started += 1;
        stop.abort();
        throw new Error('refused');
      },
      resume: async () => undefined,
      terminate: async () => {},
    },
    stop: stop.signal,
    leave: new AbortController().signal,
  });
  assert.ok(started <= PLAN.parallel);
  assert.ok(runs.slice(PLAN.parallel).every(({ outcome }) => outcome === 'interrupted'));
});

test('run: a stream nobody answers on is one failed session, named with its reason, and is ended on the service’s side', async () => {
  const plan: MeasurePlan = { ...PLAN, arms: ['nothing'], repeat: 1 };
  const runs = planRuns(plan);
  const terminated: string[] = [];
  await measureRuns(runs, plan, {
    account: {
      start: async () => ({
        SessionId: 's-1',
        StreamUrl: 'ws://127.0.0.1:9/none',
        TokenValue: 't',
        endpoint: 'http://127.0.0.1:9',
        headers: {},
      }),
      resume: async () => undefined,
      terminate: async (id) => void terminated.push(id),
    },
    stop: new AbortController().signal,
    leave: new AbortController().signal,
  });
  assert.equal(runs[0]?.outcome, 'failed');
  assert.notEqual(runs[0]?.words, '');
  assert.deepEqual(terminated, ['s-1']);
});
