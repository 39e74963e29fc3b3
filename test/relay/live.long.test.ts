import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPythons, pathOf, run, writeRelay } from './rendered.ts';

test('every exit status from 0 to 255 becomes the relay’s', async () => {
  const newest = findPythons().at(-1)!;
  const argv = [
    pathOf('live.py'),
    writeRelay('relay.py'),
    newest.path,
    newest.flags.join(' '),
    'every_exit_status_becomes_ours',
  ];
  const { code, text } = await run(newest.path, argv);
  assert.equal(code, 0, text);
});
