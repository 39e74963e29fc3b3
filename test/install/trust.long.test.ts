import { test } from 'node:test';
import { assertNothingPlantedRuns, PLANTED } from '../support/planted.ts';
import { INSTALLER_SHELLS, skipUnless } from '../support/sandbox.ts';

const skip =
  skipUnless('bwrap', 'dash', 'bash', 'busybox', 'ksh', 'mksh') ||
  (process.getuid?.() === 0 ? false : 'needs root to give files to somebody else');

for (const shell of INSTALLER_SHELLS) {
  test(`${shell.name}: a program that somebody planted never runs as root, in every place`, { skip }, () =>
    assertNothingPlantedRuns(shell, [...PLANTED.keys()]),
  );
}
