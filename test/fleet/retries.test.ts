// How soon a refused call is made again: the waits are counted on a clock that stands still until a wait moves it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { DescribeInstanceInformationCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { sleep } from '../../src/clock.ts';
import { makeClient } from '../../src/fleet/client.ts';
import { syntheticHosts, useLab } from '../lab/test-lab.ts';
import { ManualClock } from '../support/clock.ts';

const lab = await useLab({ hosts: syntheticHosts(2) });
const PAGE_MS = 80;
/** Of 10,000 instances. */
const PAGES = 200;

interface Service {
  /** Undefined where it takes the call, else the name of its refusal. */
  readonly refuse?: (nowMs: number) => string | undefined;
  readonly onSilence?: () => void;
}

/** A client whose every answer takes 80 ms of its clock. */
function makeTimedClient(clock: ManualClock, { refuse, onSilence }: Service = {}): SSMClient {
  const client = makeClient({
    region: 'us-east-1',
    endpointUrl: lab.endpoint,
    credentials: lab.credentials,
    clock,
    onSilence,
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const name = refuse?.(clock.now());
      if (name) throw Object.assign(new Error(name), { name, $metadata: { httpStatusCode: 400 } });
      await sleep(clock, PAGE_MS);
      return next(args);
    },
    { step: 'deserialize', priority: 'low' },
  );
  return client;
}

/** Milliseconds of the clock until the work is over. Time moves only where somebody waits for it. */
async function timeOf(clock: ManualClock, work: () => Promise<unknown>): Promise<number> {
  const startedAt = clock.now();
  let isOver = false;
  const ended = work().finally(() => {
    isOver = true;
  });
  ended.catch(() => {});
  while (!isOver) {
    const next = clock.nextInMilliseconds;
    if (next !== undefined) await clock.advance(next);
    await setImmediate();
  }
  await ended;
  return clock.now() - startedAt;
}

async function readPages(client: SSMClient, count = PAGES): Promise<void> {
  for (let page = 0; page < count; page += 1) await client.send(new DescribeInstanceInformationCommand({}));
}

for (const seed of [1, 42]) {
  test(`retries: with a tenth of all calls refused (seed ${seed}) 200 pages take at most 1.3 times as long`, async () => {
    const clock = new ManualClock();
    const plain = PAGES * PAGE_MS;
    const before = lab.requests.length;
    lab.faults.throttle(0.1, seed);
    const throttled = await timeOf(clock, () => readPages(makeTimedClient(clock)));
    lab.faults.throttle(0);
    const refused = lab.requests.slice(before).filter(({ error }) => error === 'ThrottlingException').length;
    assert.ok(refused > 10, `${refused} refusals`);
    assert.ok(throttled <= 1.3 * plain, `${(throttled / plain).toFixed(2)} × with ${refused} refusals`);
  });
}

test('retries: a service that takes five calls a second is asked at that pace, and not much more often', async () => {
  const clock = new ManualClock();
  const [pages, perSecond, most] = [50, 5, 5];
  let [tokens, at, asked] = [most, clock.now(), 0];
  const refuse = (now: number) => {
    asked += 1;
    tokens = Math.min(most, tokens + ((now - at) / 1000) * perSecond);
    at = now;
    if (tokens < 1) return 'ThrottlingException';
    tokens -= 1;
    return undefined;
  };
  const took = await timeOf(clock, () => readPages(makeTimedClient(clock, { refuse }), pages));
  const least = ((pages - most) / perSecond) * 1000;
  assert.ok(took <= 1.2 * least, `${took} ms where ${least} are the least`);
  assert.ok(asked <= 3 * pages, `${asked} calls for ${pages} pages`);
});

test('retries: silence is told once, where no call has reached the service yet', async () => {
  for (const [name, reached, told] of [
    ['TimeoutError', false, 1],
    ['TimeoutError', true, 0],
    ['ThrottlingException', false, 0],
  ] as const) {
    const clock = new ManualClock();
    let silences = 0;
    let isRefused = !reached;
    const client = makeTimedClient(clock, {
      refuse: () => (isRefused ? name : undefined),
      onSilence: () => {
        silences += 1;
      },
    });
    await timeOf(clock, async () => {
      if (reached) await client.send(new DescribeInstanceInformationCommand({}));
      isRefused = true;
      await assert.rejects(client.send(new DescribeInstanceInformationCommand({})), { name });
    });
    assert.equal(silences, told, `${name} ${reached}`);
  }
});

test('retries: a service that refuses everything is asked ten times in 20 to 40 s; a broken one eight times', async () => {
  for (const [name, times, least, most] of [
    ['ThrottlingException', 10, 19_000, 39_000],
    ['TimeoutError', 8, 4500, 9600],
    ['AccessDeniedException', 1, 0, 0],
  ] as const) {
    const clock = new ManualClock();
    let asked = 0;
    const client = makeTimedClient(clock, {
      refuse: () => {
        asked += 1;
        return name;
      },
    });
    const took = await timeOf(clock, async () => {
      await assert.rejects(client.send(new DescribeInstanceInformationCommand({})), { name });
    });
    assert.deepEqual(
      [asked, took >= least && took <= most],
      [times, true],
      `${name}: ${asked} calls in ${took} ms`,
    );
  }
});
