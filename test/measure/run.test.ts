import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../../src/clock.ts';
import { type ArmProcess, startArmProcess } from '../../src/session/measure/arm-client.ts';
import type { FromArm, ToArm } from '../../src/session/measure/messages.ts';
import { type MeasurePlan, measureRuns, planRuns } from '../../src/session/measure/run.ts';
import { ManualClock } from '../support/clock.ts';

const PLAN: MeasurePlan = {
  arms: ['nothing', 'keeper'],
  repeat: 3,
  tickSeconds: 1,
  limitSeconds: 1,
  parallel: 2,
};

const SESSION = {
  SessionId: 's-1',
  StreamUrl: 'ws://127.0.0.1:9/none',
  TokenValue: 't',
  endpoint: 'http://127.0.0.1:9',
  headers: {},
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
        await setImmediate();
        now -= 1;
        throw new Error('refused');
      },
      resume: async () => undefined,
      terminate: async () => assert.fail('nothing to end'),
    },
    startArm: () => assert.fail('no session to open'),
    clock: new ManualClock(),
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
    startArm: () => assert.fail('no session to open'),
    clock: new ManualClock(),
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
      start: async () => SESSION,
      resume: async () => undefined,
      terminate: async (id) => void terminated.push(id),
    },
    startArm: startArmProcess,
    clock: systemClock,
    stop: new AbortController().signal,
    leave: new AbortController().signal,
  });
  assert.equal(runs[0]?.outcome, 'failed');
  assert.notEqual(runs[0]?.words, '');
  assert.deepEqual(terminated, ['s-1']);
});

/** One session with a limit of an hour, whose client says what the test lets it say; time is the test's. */
function measureOne(terminate: () => Promise<void> = async () => {}) {
  const plan: MeasurePlan = { ...PLAN, arms: ['foreground'], repeat: 1, limitSeconds: 3600 };
  const runs = planRuns(plan);
  const clock = new ManualClock();
  const startedAt = clock.now();
  const stop = new AbortController();
  const asked: ToArm['op'][] = [];
  let say: (message: FromArm) => void = () => {};
  const client: ArmProcess = {
    send: ({ op }) => void asked.push(op),
    onMessage: (listener) => {
      say = listener;
    },
    onExit: () => {},
    end: async () => {},
    kill: () => {},
  };
  const over = measureRuns(runs, plan, {
    account: { start: async () => SESSION, resume: async () => undefined, terminate },
    startArm: () => client,
    clock,
    stop: stop.signal,
    leave: new AbortController().signal,
  });
  const seconds = () => (clock.now() - startedAt) / 1000;
  return {
    run: runs[0]!,
    clock,
    stop,
    over,
    asked,
    seconds,
    tell: async (message: FromArm) => {
      await setImmediate();
      say(message);
      await setImmediate();
    },
  };
}

test('run: a session whose arm has not begun after two minutes is given up', async () => {
  const { run, clock, over, tell, seconds } = measureOne();
  await tell({ kind: 'opened', at: clock.now() });
  await clock.advance(119_999);
  assert.equal(run.state, 'opening');
  await clock.advance(1);
  await over;
  assert.deepEqual([run.outcome, run.words, seconds()], ['failed', 'the shell did not get ready', 120]);
  assert.equal(clock.waiting, 0);
});

for (const isAlive of [true, false]) {
  test(`run: at the limit, counted from the arm's beginning, a session that ${isAlive ? 'answers is alive' : 'says nothing for twelve seconds is silent'}`, async () => {
    const { run, clock, over, tell, asked } = measureOne();
    await clock.advance(60_000);
    await tell({ kind: 'begun', at: clock.now() });
    await clock.advance(3_599_999);
    assert.deepEqual([run.state, asked], ['open', []]);
    await clock.advance(1);
    assert.deepEqual(asked, ['probe']);
    const at = clock.now();
    if (isAlive) await tell({ kind: 'probed', isAlive });
    else await clock.advance(12_000);
    await over;
    assert.deepEqual([run.outcome, run.endedAt], [isAlive ? 'alive' : 'silent', at]);
    assert.equal(clock.waiting, 0);
  });
}

test('run: an arm that begins while it is being ended keeps nothing waiting for its limit', async () => {
  let begin = async (): Promise<void> => {};
  const { run, clock, stop, over, tell } = measureOne(() => begin());
  begin = () => tell({ kind: 'begun', at: clock.now() });
  await tell({ kind: 'opened', at: clock.now() });
  stop.abort();
  await over;
  assert.deepEqual([run.outcome, run.begunAt, clock.waiting], ['interrupted', undefined, 0]);
});
