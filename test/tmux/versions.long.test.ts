// The wrapper's tests once more, with every other tmux that scripts/versions.mjs has unpacked.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { otherVersions } from '../../scripts/versions.mjs';
import { runTests } from '../support/run-tests.ts';

const { present, absent } = otherVersions();

suite('sessions in tmux: other versions', () => {
  for (const name of absent.filter((each) => each.startsWith('tmux')))
    test(name, { skip: 'not unpacked' }, () => {});

  for (const { program, version, folder } of present.filter((each) => each.program === 'tmux')) {
    test(`${program} ${version}`, async () => {
      const { passed, failed, output } = await runTests(new URL('tmux.test.ts', import.meta.url), '.', {
        SSM_KEEPALIVE_TEST_TMUX: join(folder, program),
        SSM_KEEPALIVE_TEST_TMUX_TREE: join(dirname(folder), 'tree'),
      });
      assert.ok(passed > 0 && failed === 0, output);
    });
  }
});
