import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KEEPERS, LIFE_TABLE } from '../../src/bundle/keepers.ts';
import type { HostSpec, Lab } from '../../src/lab/index.ts';
import { pause, sandboxMissing, useLab } from '../lab/test-lab.ts';
import { assertCell, IDLE_SECONDS, installKeeper, prepareHost } from './cells.ts';
import { Turns } from './turns.ts';

/** A shell that no entry starts in: test/session/matrix.test.ts. */
const CELLS = LIFE_TABLE.filter(({ shell }) => shell !== 'untouched');
const POLICIES = [...new Set(CELLS.map(({ policy }) => policy))];
const skip = sandboxMissing();
/** Sessions at the same time: a machine that is busy beside them starts no more before their timers run out. */
const MOST_AT_ONCE = 18;
const turns = new Turns(MOST_AT_ONCE);
const installing = new Turns(3);

/** One host per keeper, in every lab; one lab per policy. */
const hosts: HostSpec[] = KEEPERS.map(({ name }, index) => ({
  name,
  id: `i-0fffffffffffffff${index}`,
  tags: {},
}));

const labs = new Map<string, Lab>();
for (const policy of skip ? [] : POLICIES) {
  labs.set(policy, await useLab({ hosts, idleSeconds: IDLE_SECONDS, policy, consistencySeconds: 0 }));
}

async function setUp(lab: Lab, keeper: (typeof KEEPERS)[number]['name']): Promise<void> {
  await prepareHost(lab, keeper);
  if (keeper !== 'none')
    await installKeeper(lab, keeper, { keeper: keeper === 'prompt' ? 'prompt' : 'auto' });
}

describe('the live-and-die table', { skip, concurrency: true }, () => {
  const installed = Promise.all(
    [...labs.values()].flatMap((lab) => KEEPERS.map(({ name }) => installing.take(() => setUp(lab, name)))),
  );
  // A failure here is every cell's failure; without this it would also be an unhandled rejection.
  installed.catch(() => {});

  for (const [index, cell] of CELLS.entries()) {
    const what = `${cell.keeper}, ${cell.shell}, counting ${cell.policy}, ${cell.activity}`;
    test(`${what}: ${cell.lives ? 'lives' : 'dies after one timeout'}, and nothing leaks`, async () => {
      await installed;
      // Staggered: sessions that start at once would all be late.
      await pause((index % MOST_AT_ONCE) * 150);
      const lab = labs.get(cell.policy);
      assert.ok(lab);
      // The session's own sh is dash here: output only. A login bash is how a user gets a line editor, past the profile entry.
      const become = cell.shell === 'swallows' ? 'bash -l' : undefined;
      const { activity } = cell;
      const play = () =>
        assertCell(
          lab,
          {
            host: cell.keeper,
            activity,
            index,
            binary: become ? '/usr/bin/bash' : '/usr/bin/dash',
            isQueriedAtPrompt: cell.keeper === 'prompt' && cell.shell === 'swallows',
            ...(become && { become }),
          },
          cell.lives,
        );
      await turns.take(play);
    });
  }
});
