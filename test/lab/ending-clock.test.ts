import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Accounts } from '../../src/lab/accounts.ts';
import { AlarmBook } from '../../src/lab/alarms.ts';
import { EndingClock } from '../../src/lab/ending-clock.ts';
import { ALLOW_ALL } from '../../src/lab/guard.ts';
import { ManualClock } from '../support/clock.ts';
import { makeFolder } from './test-lab.ts';

test('lab: on a clock that has ended nothing waits, neither what began before nor what begins later', async () => {
  const machine = new ManualClock();
  const clock = new EndingClock(machine);
  const fired: string[] = [];
  clock.after(10, () => fired.push('due'));
  clock.after(10, () => fired.push('cancelled'))();
  await machine.advance(10);
  clock.after(10, () => fired.push('too late'));
  clock.keepAliveAfter(10, () => fired.push('too late'));
  clock.end();
  assert.equal(machine.waiting, 0);
  clock.after(10, () => fired.push('after the end'))();
  clock.keepAliveAfter(10, () => fired.push('after the end'));
  assert.equal(machine.waiting, 0);
  await machine.advance(1000);
  assert.deepEqual(fired, ['due']);
  assert.equal(clock.now(), machine.now(), 'it still tells the time');
});

test('lab: a request that was still on its way in when the lab ended finds no account', () => {
  const dir = makeFolder();
  const clock = new EndingClock(new ManualClock());
  const accounts = new Accounts([], new AlarmBook(dir), ALLOW_ALL, { dir }, clock);
  const scope = { accessKeyId: 'any', region: 'us-east-1' };
  assert.equal(accounts.find(scope).region, 'us-east-1');
  clock.end();
  assert.throws(() => accounts.find(scope), { message: 'The lab is stopping.' });
});
