import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPythons, holdLive } from './rendered.ts';

test('every exit status from 0 to 255 becomes the relay’s', async () => {
  const python = findPythons().at(-1)!;
  assert.deepEqual(await holdLive(python, [{ python, name: 'every_exit_status_becomes_ours' }]), ['']);
});
