import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAtEvery, SCENARIOS } from '../support/killed.ts';
import { INSTALLER_SHELLS, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh');

/** One operation in so many; the day decides which, so that a week covers more and one day repeats. killed.long.test.ts takes every one. */
const STEP = 23;
const day = Math.floor(Date.now() / 86_400_000);
const seed = Number(process.env['SSM_KEEPALIVE_TEST_SEED'] ?? day);

for (const [index, scenario] of SCENARIOS.entries()) {
  const shell = INSTALLER_SHELLS[(seed + index) % INSTALLER_SHELLS.length]!;
  const first = 1 + ((seed * 7 + index * 3) % STEP);
  test(`${scenario.name}, killed at every ${STEP}th file operation: a login meets the old keeper, the new one or none, and the next run succeeds (${shell.name}, seed ${seed})`, {
    skip,
  }, (context) => {
    const kills = killAtEvery(scenario, shell.argv, first, STEP);
    context.diagnostic(`${kills} kills`);
    assert.ok(kills >= 3);
  });
}
