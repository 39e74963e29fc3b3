import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VERSION_FILES } from '../../src/bundle/version-files.ts';
import { coverOf } from '../support/turns.ts';
import { IDLE_POLICIES, SHELLS } from './keepers.ts';
import { describeLife } from './life.ts';
import { featuresOf, LIFE_ROWS } from './life-table.ts';
import { outlives, type Traffic } from './record.ts';

// First: tests that are over before it would end the file, and its lab with it.
await describeLife(coverOf(LIFE_ROWS, featuresOf));

test('every prompt file of a version is that of a shell in the list', () => {
  const own = VERSION_FILES.flatMap(({ path }) => /^prompt\.(?!sh$)(\w+)$/.exec(path)?.[1] ?? []);
  const swallowing = SHELLS.filter((shell) => shell.class === 'swallows').map(({ name }) => name);
  assert.deepEqual(own.sort(), [...swallowing].sort());
});

test('a record outlives a timer while what it counts comes in time, and dies at the first silence as long as the timeout', () => {
  const every = (step: number, direction: Traffic['direction'], until: number): Traffic[] =>
    Array.from({ length: until / step }, (_, n) => ({ at: (n + 1) * step, direction }));
  const judge = (traffic: Traffic[]) =>
    IDLE_POLICIES.filter((policy) => outlives({ beganAt: 0, endedAt: 12, traffic }, policy, 4));
  assert.deepEqual(judge([]), []);
  assert.deepEqual(judge(every(3, 'output', 12)), ['output', 'any']);
  assert.deepEqual(judge(every(3, 'input', 12)), ['input', 'any']);
  assert.deepEqual(judge(every(3, 'output', 9)), ['output', 'any']);
  assert.deepEqual(judge(every(4, 'output', 12)), []);
  assert.deepEqual(judge(every(2, 'output', 8)), []);
  assert.deepEqual(judge([{ at: 5, direction: 'output' }, ...every(1, 'output', 12).slice(5)]), []);
});
