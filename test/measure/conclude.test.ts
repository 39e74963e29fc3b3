import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeEnd, type Outcome } from '../../src/session/measure/arm-run.ts';
import { ARM_NAMES, type ArmName } from '../../src/session/measure/arms.ts';
import { conclude } from '../../src/session/measure/conclude.ts';
import { makeRun, ticks } from './runs.ts';

type Policy = 'input' | 'output' | 'any' | 'neither';
const SIZES = ['none', 'changed', 'every'] as const;
type Sizes = (typeof SIZES)[number];

/** What each arm makes the client and the host send, and which of it a policy counts. */
const SENDS: Readonly<Record<ArmName, { input: boolean; output: boolean }>> = {
  nothing: { input: false, output: false },
  background: { input: false, output: false },
  foreground: { input: false, output: true },
  output: { input: false, output: true },
  input: { input: true, output: false },
  query: { input: true, output: true },
  keeper: { input: true, output: true },
  size: { input: false, output: false },
  resize: { input: false, output: false },
};
/** Under which of SIZES a size of this arm counts, if it sends any. */
const COUNTED_UNDER: Partial<Record<ArmName, readonly Sizes[]>> = {
  size: ['every'],
  resize: ['changed', 'every'],
};

/** One arm as a service with that policy would play it. */
function play(
  arm: ArmName,
  policy: Policy,
  timeout: number,
  tick: number,
  limit: number,
  sizes: Sizes = 'changed',
) {
  const sends = SENDS[arm];
  const isKept =
    tick < timeout &&
    (COUNTED_UNDER[arm]?.includes(sizes) ||
      (sends.input && (policy === 'input' || policy === 'any')) ||
      (sends.output && (policy === 'output' || policy === 'any')));
  const ends = isKept ? limit : Math.min(timeout, limit);
  return makeRun({
    arm,
    outcome: ends < limit ? 'timed-out' : 'alive',
    ends,
    input: sends.input ? ticks(tick, ends) : [],
    output: sends.output ? ticks(tick, ends) : [],
    sizes: COUNTED_UNDER[arm] ? ticks(tick, ends) : [],
    queries: sends.input && sends.output ? ticks(tick, ends).length : 0,
  });
}

const playAll = (policy: Policy, arms: readonly ArmName[] = ARM_NAMES) =>
  arms.map((arm) => play(arm, policy, 60, 10, 150));

for (const [policy, resetBy, keeper] of [
  ['input', 'input', 'holds'],
  ['output', 'output', 'holds'],
  ['any', 'either', 'holds'],
  ['neither', 'neither', 'does not hold'],
] as const) {
  test(`conclude: a service that counts ${policy} is found out, and so is the keeper`, () => {
    const conclusion = conclude(playAll(policy));
    assert.equal(conclusion.resetBy, resetBy);
    assert.equal(conclusion.keeper, keeper);
    assert.equal(conclusion.untouchedSeconds, 60);
    assert.deepEqual(conclusion.why, {});
  });
}

for (const sizes of SIZES) {
  test(`conclude: a timer that counts the sizes “${sizes}” is found out, whatever else it counts`, () => {
    for (const policy of ['input', 'output', 'any', 'neither'] as const) {
      const conclusion = conclude(ARM_NAMES.map((arm) => play(arm, policy, 60, 10, 150, sizes)));
      for (const arm of ['size', 'resize'] as const)
        assert.equal(conclusion[arm], COUNTED_UNDER[arm]?.includes(sizes) ? 'yes' : 'no', `${policy} ${arm}`);
      assert.deepEqual(conclusion.why, {});
    }
  });
}

test('conclude: a session with sizes and something else proves nothing about sizes', () => {
  const noisy = makeRun({
    arm: 'resize',
    outcome: 'alive',
    ends: 150,
    sizes: ticks(10, 150),
    output: ticks(50, 150),
  });
  const conclusion = conclude([...playAll('output', ['nothing']), noisy]);
  assert.deepEqual([conclusion.resize, conclusion.size], ['not shown', 'not shown']);
  assert.match(conclusion.why.resize ?? '', /size alone/);
  assert.match(conclusion.why.size ?? '', /no arm showed it: run {2}--arm size/);
});

test('conclude: whatever subset is run and however sessions end, nothing untrue is said', () => {
  const other: Outcome[] = ['maximum', 'ended', 'lost', 'silent', 'failed'];
  fc.assert(
    fc.property(
      fc.constantFrom<Policy>('input', 'output', 'any', 'neither'),
      fc.constantFrom(...SIZES),
      fc.array(
        fc.record({
          arm: fc.constantFrom(...ARM_NAMES),
          outcome: fc.option(fc.constantFrom(...other), { nil: undefined, freq: 3 }),
          cut: fc.double({ min: 0.05, max: 1, noNaN: true }),
        }),
        { maxLength: 12 },
      ),
      fc.integer({ min: 5, max: 1200 }),
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 1, max: 5000 }),
      (policy, sizes, wanted, timeout, tick, limit) => {
        const runs = wanted.map(({ arm, outcome, cut }) => {
          const run = play(arm, policy, timeout, tick, limit, sizes);
          if (!outcome) return run;
          const endedAt = run.begunAt! + (run.endedAt! - run.begunAt!) * cut;
          const keep = (at: number) => at < endedAt;
          return {
            ...run,
            outcome,
            endedAt,
            inputAt: run.inputAt.filter(keep),
            outputAt: run.outputAt.filter(keep),
            sizeAt: run.sizeAt.filter(keep),
          };
        });
        const { input, output, keeper, ...shown } = conclude(runs);
        const truth = (counts: boolean) => (counts ? 'yes' : 'no');
        assert.ok(
          [truth(policy === 'input' || policy === 'any'), 'not shown'].includes(input),
          `input ${input}`,
        );
        assert.ok(
          [truth(policy === 'output' || policy === 'any'), 'not shown'].includes(output),
          `output ${output}`,
        );
        for (const arm of ['size', 'resize'] as const)
          assert.ok(
            [truth(COUNTED_UNDER[arm]?.includes(sizes) ?? false), 'not shown'].includes(shown[arm]),
            `${arm} ${shown[arm]}`,
          );
        const holds = policy !== 'neither' && tick < timeout ? 'holds' : 'does not hold';
        assert.ok([holds, 'not shown'].includes(keeper), `keeper ${keeper}`);
      },
    ),
    { numRuns: 2000 },
  );
});

test('conclude: without the arm nothing, or with one that lived, nothing is shown at all', () => {
  const without = conclude(playAll('input', ['foreground', 'input', 'keeper']));
  assert.deepEqual([without.resetBy, without.keeper], ['not shown', 'not shown']);
  assert.match(without.why.untouched ?? '', /was not run/);
  const alive = conclude([
    makeRun({ arm: 'nothing', outcome: 'alive', ends: 30 }),
    ...playAll('input', ['input']),
  ]);
  assert.equal(alive.input, 'not shown');
  assert.match(alive.why.untouched ?? '', /still there after 30\.0 s/);
});

for (const outcome of ['lost', 'maximum', 'ended', 'failed', 'silent'] as const) {
  test(`conclude: an untouched session with the outcome ${outcome} is no timeout, and an arm with it proves nothing`, () => {
    const nothing = makeRun({ arm: 'nothing', outcome, ends: 60 });
    assert.equal(conclude([nothing, ...playAll('input', ['input'])]).input, 'not shown');
    const foreground = makeRun({ arm: 'foreground', outcome, ends: 140, output: ticks(10, 140) });
    const keeper = makeRun({
      arm: 'keeper',
      outcome,
      ends: 140,
      output: ticks(10, 140),
      input: ticks(10, 140),
      queries: 13,
    });
    const conclusion = conclude([...playAll('any', ['nothing']), foreground, keeper]);
    assert.deepEqual([conclusion.output, conclusion.keeper], ['not shown', 'not shown']);
    assert.match(conclusion.why.output ?? '', /no session showed it/);
  });
}

test('conclude: an arm watched for less than 1.5 timeouts proves no life', () => {
  const runs = [
    play('nothing', 'any', 60, 10, 80),
    play('foreground', 'any', 60, 10, 80),
    play('keeper', 'any', 60, 10, 80),
  ];
  const conclusion = conclude(runs);
  assert.deepEqual([conclusion.output, conclusion.keeper], ['not shown', 'not shown']);
  assert.match(conclusion.why.output ?? '', /too short: it takes at least 90 s/);
  assert.match(conclusion.why.keeper ?? '', /too short: it takes at least 90 s/);
});

test('conclude: an untouched session that something else touched is none', () => {
  const touched = makeRun({ arm: 'nothing', outcome: 'timed-out', ends: 70, output: [10] });
  assert.match(conclude([touched]).why.untouched ?? '', /traffic of their own/);
});

test('conclude: sessions of one kind that disagree show nothing, and the words say which', () => {
  const nulDied = makeRun({ arm: 'output', outcome: 'timed-out', ends: 60, output: ticks(10, 60) });
  const conclusion = conclude([...playAll('output', ['nothing', 'foreground']), nulDied]);
  assert.equal(conclusion.output, 'not shown');
  assert.match(conclusion.why.output ?? '', /foreground lived, output timed out/);
  const spread = conclude([
    makeRun({ arm: 'nothing', outcome: 'timed-out', ends: 60 }),
    makeRun({ arm: 'nothing', outcome: 'timed-out', ends: 200, repeat: 2 }),
  ]);
  assert.match(spread.why.untouched ?? '', /ended after 61\.0 to 201 s|ended after 60\.0 to 200 s/);
});

test('conclude: a timer that counts output leaves input open where no arm had input alone', () => {
  const conclusion = conclude(playAll('output', ['nothing', 'foreground', 'query']));
  assert.deepEqual(
    [conclusion.output, conclusion.input, conclusion.resetBy],
    ['yes', 'not shown', 'not shown'],
  );
  assert.match(conclusion.why.input ?? '', /input alone/);
});

test('conclude: a keeper that was never seen is not judged, nor one whose heartbeats had stopped', () => {
  const absent = conclude([
    ...playAll('input', ['nothing']),
    makeRun({ arm: 'keeper', outcome: 'timed-out', ends: 60 }),
  ]);
  assert.match(absent.why.keeper ?? '', /no heartbeat was seen/);
  const stopped = makeRun({
    arm: 'keeper',
    outcome: 'timed-out',
    ends: 360,
    input: ticks(10, 300),
    output: ticks(10, 300),
    queries: 29,
  });
  const conclusion = conclude([...playAll('input', ['nothing']), stopped]);
  assert.equal(conclusion.keeper, 'not shown');
  assert.match(conclusion.why.keeper ?? '', /heartbeats had stopped/);
});

test('conclude: an interrupted session proves life up to its last byte, not to the interruption', () => {
  const long = makeRun({ arm: 'foreground', outcome: 'interrupted', ends: 400, output: ticks(10, 120) });
  assert.equal(conclude([...playAll('output', ['nothing']), long]).output, 'yes');
  const short = makeRun({ arm: 'foreground', outcome: 'interrupted', ends: 400, output: ticks(10, 60) });
  assert.equal(conclude([...playAll('output', ['nothing']), short]).output, 'not shown');
});

test('an end is read from the service’s sentence: only inactivity is a timeout', () => {
  const read = (sentence: string, by: 'service' | 'lost' | 'closed' = 'service') =>
    describeEnd({ at: 0, by, sentence })[0];
  assert.equal(read('Your session timed out due to inactivity and has been terminated.'), 'timed-out');
  assert.equal(
    read('Your session timed out because it reached the maximum session duration and has been terminated.'),
    'maximum',
  );
  assert.equal(read(''), 'ended');
  assert.equal(read('The session worker ended.'), 'ended');
  assert.equal(read('the connection was closed', 'lost'), 'lost');
});
