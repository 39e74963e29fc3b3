import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAtEach, SCENARIOS } from '../support/killed.ts';
import { INSTALLER_SHELLS, skipUnless } from '../support/sandbox.ts';
import { someOf, TURN } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh');

/** Of those that decide what a login meets each day has so many, and one of all others. killed.long.test.ts takes every one. */
const DECISIVE_A_DAY = 2;
const CURRENT = /\/ssm-keepalive\/current$/;
const DECISIVE =
  /\/ssm-keepalive\/current( |$)|(renam|unlink).*(zz-ssm-keepalive\.conf|00-ssm-keepalive\.sh|ssm-keepalive\/entry\.sh|etc\/site\/bashrc|etc\/zsh\/z\w+)( |$)/;

/** Of the operations with these lines those that are killed today: `current` itself, the other names that go live, and any. */
function chooseToday(lines: readonly string[]): number[] {
  const callOf = (line = '') => line.replace(/^\d+ /, '').replace(/^renameat /, 'renameat2 ');
  // mv tries a second call where the first is not to be had: the moment before it is the same.
  const numbers = lines.flatMap((line, index) =>
    callOf(line) === callOf(lines[index - 1]) ? [] : [index + 1],
  );
  const lineOf = (n: number) => lines[n - 1]!;
  const decisive = numbers.filter((n) => DECISIVE.test(lineOf(n)));
  return [
    ...someOf(
      decisive.filter((n) => CURRENT.test(lineOf(n))),
      DECISIVE_A_DAY,
    ),
    ...someOf(
      decisive.filter((n) => !CURRENT.test(lineOf(n))),
      1,
    ),
    ...someOf(numbers, 1),
  ];
}

for (const [index, scenario] of SCENARIOS.entries()) {
  const shell = INSTALLER_SHELLS[(TURN + index) % INSTALLER_SHELLS.length]!;
  test(`${scenario.name}, killed at decisive file operations and at one of the others: a login meets the old keeper, the new one or none, and the next run succeeds`, {
    skip,
  }, (context) => {
    const kills = killAtEach(scenario, shell.argv, chooseToday);
    context.diagnostic(`${kills} kills under ${shell.name}, seed ${TURN}`);
    assert.ok(kills >= 2);
  });
}
