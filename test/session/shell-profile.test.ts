import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHELL_PROFILE } from '../../src/bundle/index.ts';
import { makeClient, sandboxMissing, until, useLab } from '../lab/test-lab.ts';
import { startSession } from './dialogue.ts';
import { installKeeper } from './kept-host.ts';

const skip = sandboxMissing();
const ID = 'i-0fffffffffffffff1';
const IDLE_SECONDS = 4;

test('the shell profile that `preferences set --shell-profile ours` saves keeps a session where the env entry is not installed, once', {
  skip,
}, async () => {
  const lab = await useLab({
    hosts: [{ name: 'kept', id: ID, tags: {} }],
    idleSeconds: IDLE_SECONDS,
    consistencySeconds: 0,
    shellProfile: SHELL_PROFILE,
  });
  const client = makeClient(lab);
  const bare = await startSession(client, ID, { terminal: 'answers' });
  await bare.wait(/done; unset ENV[\s\S]*[$#] $/);
  assert.equal(await bare.ask('echo "${ENV-unset} $?"'), 'unset 0');
  bare.session.close();

  await installKeeper(lab, 'kept', { entries: ['profile'] });
  const talk = await startSession(client, ID, { terminal: 'answers' });
  await until(
    'several timeouts’ worth of heartbeats',
    () => talk.session.stats.answersSent > 2 * IDLE_SECONDS,
  );
  assert.equal(await talk.ask('echo "${ENV-unset}"'), 'unset');
  // The shell inside is a child of the relay, and the only one.
  assert.equal(await talk.ask('read -r comm </proc/$PPID/comm; echo "$comm"'), 'ssm-keepalive');
  talk.session.close();
});
