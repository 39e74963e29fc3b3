import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAtEach, SCENARIOS } from '../support/killed.ts';
import { INSTALLER_SHELLS, skipUnless } from '../support/sandbox.ts';
import { rotate, someOf, TURN } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh');

const CURRENT = /\/ssm-keepalive\/current$/;
const DECISIVE =
  /\/ssm-keepalive\/current( |$)|(renam|unlink).*(zz-ssm-keepalive\.conf|00-ssm-keepalive\.sh|ssm-keepalive\/entry\.sh|etc\/site\/bashrc|etc\/zsh\/z\w+)( |$)/;

const [uninstall, ...installs] = SCENARIOS.toReversed();
/** An install and the uninstall. */
const TODAY = [...rotate(installs, Math.floor(TURN / 2)), uninstall!];

/**
 * Of the operations with these lines those that are killed today: `current` itself; and for one of today's scenarios one of
 * the other names that go live or of all, by turns. killed.long.test.ts takes every one.
 */
function chooseToday(lines: readonly string[], index: number): number[] {
  const callOf = (line = '') => line.replace(/^\d+ /, '').replace(/^renameat /, 'renameat2 ');
  // mv tries a second call where the first is not to be had: the moment before it is the same.
  const numbers = lines.flatMap((line, index) =>
    callOf(line) === callOf(lines[index - 1]) ? [] : [index + 1],
  );
  const lineOf = (n: number) => lines[n - 1]!;
  const decisive = numbers.filter((n) => DECISIVE.test(lineOf(n)));
  const current = decisive.filter((n) => CURRENT.test(lineOf(n)));
  const others = decisive.filter((n) => !current.includes(n));
  // There is one, as long as it is replaced by a single rename.
  const chosen = someOf(current, 2);
  if ((TURN + index) % 2 !== 0) return [...chosen];
  return [...chosen, ...rotate(Math.floor(TURN / 4) % 2 === 0 ? others : numbers, Math.floor(TURN / 8))];
}

for (const [index, scenario] of TODAY.entries()) {
  const shell = INSTALLER_SHELLS[(TURN + index) % INSTALLER_SHELLS.length]!;
  test(`${scenario.name}, killed at decisive file operations, or at one of the others: a login meets the old keeper, the new one or none, and the next run succeeds`, {
    skip,
  }, (context) => {
    const kills = killAtEach(scenario, shell.argv, (lines) => chooseToday(lines, index));
    context.diagnostic(`${kills} kills under ${shell.name}, seed ${TURN}`);
    assert.ok(kills >= 1);
  });
}
