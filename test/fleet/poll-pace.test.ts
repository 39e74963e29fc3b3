import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ListCommandsCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { makeClient } from '../../src/fleet/client.ts';
import { LEAST_POLL_SECONDS, LONGEST_POLL_SECONDS, makePollPace } from '../../src/fleet/poll-pace.ts';
import { awaitInvocations } from '../../src/fleet/watch.ts';
import { runCli } from '../support/cli.ts';
import { HurriedClock, ManualClock } from '../support/clock.ts';
import { startTestLab } from '../support/lab.ts';
import { seededRandom } from '../support/random.ts';
import { hosts } from './push-rig.ts';

const repeat = (count: number, pace: (seen: string) => number, seen: string) =>
  Array.from({ length: count }, () => pace(seen));

test('poll pace: 2 s while something changes, half as long again each time nothing does, at most 15 s', () => {
  const pace = makePollPace({ random: () => 0 });
  assert.deepEqual(repeat(7, pace, 'InProgress 1'), [2, 3, 4.5, 6.75, 10.125, 12.5, 12.5]);
  assert.equal(pace('InProgress 2'), 2);
  assert.equal(pace('InProgress 2'), 3);
  const late = makePollPace({ random: () => 1 });
  assert.deepEqual(repeat(7, late, 'InProgress 1').at(-1), 15);
});

test('poll pace: with any chance it stays within 2 and 15 s, and no two runs keep step', () => {
  const lists = Array.from({ length: 200 }, (_, seed) =>
    repeat(12, makePollPace({ random: seededRandom(seed + 1) }), 'Pending 0'),
  );
  for (const pause of lists.flat())
    assert.ok(pause >= LEAST_POLL_SECONDS && pause <= LONGEST_POLL_SECONDS, String(pause));
  for (const at of [0, 5, 11]) {
    const pauses = lists.map((list) => list[at] ?? 0);
    assert.equal(new Set(pauses).size, lists.length, `poll ${at}`);
    const spread = Math.max(...pauses) / Math.min(...pauses);
    assert.ok(spread > 1.15 && spread <= 1.2, `poll ${at}: ${spread}`);
  }
});

test('watch: after Ctrl-C the next poll comes at once, whatever the pace has come to', async () => {
  const ask = new AbortController();
  const command = { CommandId: 'c', TargetCount: 1, CompletedCount: 0, StatusDetails: 'InProgress' };
  let polls = 0;
  const send = async (call: object) => {
    if (call instanceof ListCommandsCommand) {
      polls += 1;
      if (polls === 1) setImmediate(() => ask.abort());
      return { Commands: [polls === 1 ? command : { ...command, StatusDetails: 'Cancelled' }] };
    }
    return { CommandInvocations: [{ InstanceId: 'i-1', StatusDetails: 'Cancelled' }] };
  };
  const { kept } = await awaitInvocations({ send } as unknown as SSMClient, 'c', {
    keep: ({ statusDetails }) => statusDetails,
    pollSeconds: 3600,
    deadlineSeconds: 7200,
    hurry: ask.signal,
  });
  assert.deepEqual([kept, polls], [['Cancelled'], 2]);
});

test('watch: a laptop that sleeps during a call whose answer does not have the command yet asks once more', async () => {
  const clock = new ManualClock();
  const client = makeClient({ region: 'us-east-1', clock });
  let polls = 0;
  client.middlewareStack.add(
    (_, { commandName }) =>
      async () => {
        const answer = (rest: object) => ({ response: {}, output: { $metadata: {}, ...rest } });
        if (commandName !== 'ListCommandsCommand')
          return answer({ CommandInvocations: [{ InstanceId: 'i-1', Status: 'Success' }] });
        polls += 1;
        if (polls === 1) await clock.advance(3_600_000);
        return answer({ Commands: polls === 1 ? [] : [{ Status: 'Success' }] });
      },
    { step: 'initialize' },
  );
  let isOver = false;
  const watched = awaitInvocations(client, 'c', {
    keep: ({ statusDetails }) => statusDetails,
    deadlineSeconds: 7200,
  }).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await clock.advance(clock.nextInMilliseconds ?? 0);
    await setImmediate();
  }
  assert.deepEqual([(await watched).kept.length, polls], [1, 2]);
});

test('cli: an install polls at that pace, and sees the end of the last instance', async (context) => {
  // Service and command line live by one clock, in which nine seconds take two.
  const clock = new HurriedClock(5);
  const lab = await startTestLab(context, {
    hosts: hosts({}, { latencySeconds: 9 }),
    consistencySeconds: 0,
    clock,
  });
  const words = 'install --tag env=dev --no-canary --no-restart'.split(' ');
  const done = await runCli(words, lab.env, { clock });
  assert.equal(done.status, 0, done.stderr);
  const times = lab.requests.filter(({ operation }) => operation === 'ListCommands').map(({ at }) => at);
  const gaps = times.slice(1).map((at, index) => (at - (times[index] ?? 0)) / 1000);
  // A busy machine makes them longer, nothing makes them shorter.
  for (const gap of gaps) assert.ok(gap >= LEAST_POLL_SECONDS - 0.05, gaps.join(' '));
  assert.ok(gaps.length <= 5 && Math.max(...gaps) >= 2.95, gaps.join(' '));
});
