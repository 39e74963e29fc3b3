import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAtEach, SCENARIOS } from '../support/killed.ts';
import { INSTALLER_SHELLS, skipUnless } from '../support/sandbox.ts';
import { TURN } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh');

/** Of the rest one operation in so many; the day decides which. killed.long.test.ts takes every one. */
const STEP = 200;

/** The moments that decide what a login meets: whatever touches `current` itself, each time, and the names that entries go live under, every eighth. */
const DECISIVE =
  /\/ssm-keepalive\/current( |$)|(renam|unlink).*(zz-ssm-keepalive\.conf|00-ssm-keepalive\.sh|ssm-keepalive\/entry\.sh|etc\/site\/bashrc|etc\/zsh\/z\w+)( |$)/;

const CURRENT = /\/ssm-keepalive\/current$/;

for (const [index, scenario] of SCENARIOS.entries()) {
  const shell = INSTALLER_SHELLS[(TURN + index) % INSTALLER_SHELLS.length]!;
  test(`${scenario.name}, killed at the decisive file operations and every ${STEP}th other: a login meets the old keeper, the new one or none, and the next run succeeds`, {
    skip,
  }, (context) => {
    const first = (TURN * 7 + index * 3) % STEP;
    let decisive = TURN;
    let before = '';
    const isChosen = (line: string, n: number) => {
      // mv tries a second call where the first is not to be had: the moment before it is the same.
      const isRetry = line.replace(/^\d+ renameat /, 'renameat2 ') === before;
      before = line.replace(/^\d+ /, '');
      if (!DECISIVE.test(line) || isRetry) return n % STEP === first;
      decisive += 1;
      return CURRENT.test(line) || decisive % 8 === 0;
    };
    const kills = killAtEach(scenario, shell.argv, isChosen);
    context.diagnostic(`${kills} kills under ${shell.name}, seed ${TURN}`);
    assert.ok(kills >= 1);
  });
}
