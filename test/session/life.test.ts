import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENTRIES } from '../../src/bundle/index.ts';
import { CLIENTS, IDLE_POLICIES, KEEPERS, SHELLS, WRAPPERS } from '../../src/bundle/keepers.ts';
import { VERSION_FILES } from '../../src/bundle/version-files.ts';
import { describeLife } from './life.ts';
import { isInSlice, LIFE_ROWS, type LifeRow } from './life-table.ts';
import { outlives, type Traffic } from './record.ts';

const slice = LIFE_ROWS.filter(isInSlice);

// First: tests that are over before it would end the file, and its lab with it.
await describeLife(slice);

test('the slice has every keeper, wrapper, shell, entry and client, and each keeper in each class of shell', () => {
  const has = (what: (row: LifeRow) => unknown, all: readonly unknown[]) =>
    assert.deepEqual(new Set(slice.map(what)), new Set(all));
  has(
    ({ keeper }) => keeper,
    KEEPERS.map(({ name }) => name),
  );
  has(({ wrapper }) => wrapper, WRAPPERS);
  has(({ shell }) => shell, SHELLS);
  has(({ seat }) => seat.entry, ENTRIES);
  has(({ client }) => client, CLIENTS);
  const classes = SHELLS.map((shell) => shell.class);
  has(
    ({ keeper, client, shell }) => `${keeper} ${client} ${shell.class}`,
    KEEPERS.flatMap(({ name }) =>
      CLIENTS.flatMap((client) => classes.map((shell) => `${name} ${client} ${shell}`)),
    ),
  );
});

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
