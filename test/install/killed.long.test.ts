import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killAtEach, SCENARIOS } from '../support/killed.ts';
import { INSTALLER_SHELLS, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'ksh', 'mksh');

for (const scenario of SCENARIOS) {
  for (const shell of INSTALLER_SHELLS) {
    test(`${shell.name}: ${scenario.name}, killed at every file operation there is`, { skip }, (context) => {
      const kills = killAtEach(scenario, shell.argv, (lines) => lines.map((_, index) => index + 1));
      context.diagnostic(`${kills} kills`);
      assert.ok(kills > 30);
    });
  }
}
