// Root's scripts read no library, and run no program that a file names, before all of its path is known to be root's alone.
import { test } from 'node:test';
import { assertNothingPlantedRuns, PLANTED } from '../support/planted.ts';
import { INSTALLER_SHELLS, skipUnless } from '../support/sandbox.ts';
import { TURN } from '../support/turns.ts';

const skip =
  skipUnless('bwrap', 'dash', 'bash', 'busybox', 'ksh', 'mksh') ||
  (process.getuid?.() === 0 ? false : 'needs root to give files to somebody else');

// The shells and the scripts take the places in turn. trust.long.test.ts has every shell and script in every place.

test('a program that somebody planted never runs as root, wherever it is named; the refusal says what to do', {
  skip,
}, async (context) => {
  context.diagnostic(`SSM_KEEPALIVE_TEST_SEED=${TURN}`);
  await Promise.all(
    INSTALLER_SHELLS.map((shell, turn) =>
      context.test(shell.name, () =>
        assertNothingPlantedRuns(
          shell,
          [...PLANTED.keys()].filter((index) => (index + TURN) % INSTALLER_SHELLS.length === turn),
        ),
      ),
    ),
  );
});
