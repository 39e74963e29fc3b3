import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { repeat, sleep, steadyClock, systemClock } from '../src/clock.ts';
import { ManualClock } from './support/clock.ts';

test('clock: a wait ends when its time has come, and not before', async () => {
  const clock = new ManualClock(0);
  const ended: string[] = [];
  const waits = [
    sleep(clock, 2000).then(() => ended.push(`second ${clock.now()}`)),
    sleep(clock, 1000).then(() => ended.push(`first ${clock.now()}`)),
  ];
  await clock.advance(999);
  assert.deepEqual(ended, []);
  await clock.advance(1001);
  await Promise.all(waits);
  assert.deepEqual(ended, ['first 1000', 'second 2000']);
  assert.equal(clock.waiting, 0);
});

test('clock: an aborted signal ends a wait at once, before it begins and during it', async () => {
  for (const clock of [new ManualClock(), systemClock]) {
    const early = new AbortController();
    early.abort();
    await sleep(clock, 3_600_000, early.signal);
    const late = new AbortController();
    const wait = sleep(clock, 3_600_000, undefined, late.signal);
    late.abort();
    await wait;
  }
});

test('clock: a wait longer than setTimeout can count does not end at once', async () => {
  let hasEnded = false;
  const cancel = systemClock.after(2 ** 32, () => {
    hasEnded = true;
  });
  await sleep(systemClock, 5);
  cancel();
  assert.equal(hasEnded, false);
});

test('clock: no wait of the machine’s clock is a millisecond short', async () => {
  const waits = Array.from({ length: 400 }, async () => {
    // A look at the time within a turn of the event loop that has lasted for a while.
    await readFile('/dev/null');
    const busy = performance.now() + 0.5;
    while (performance.now() < busy);
    const [start, steady] = [Date.now(), steadyClock.now()];
    await sleep(systemClock, 20);
    return Date.now() - start < 20 || steadyClock.now() - steady < 20;
  });
  assert.equal((await Promise.all(waits)).filter(Boolean).length, 0);
});

test('clock: what repeats goes on until it is ended, and may end itself', async () => {
  const clock = new ManualClock(0);
  const at: number[] = [];
  const end = repeat(clock, 100, () => {
    at.push(clock.now());
    if (at.length === 3) end();
  });
  await clock.advance(1000);
  assert.deepEqual(at, [100, 200, 300]);
  assert.equal(clock.waiting, 0);
});
