import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHELL_PROFILE } from '../../src/bundle/index.ts';
import { makeClient, sandboxMissing, until } from '../lab/test-lab.ts';
import { startSession } from './dialogue.ts';
import { useKeptLab } from './kept-host.ts';

const skip = sandboxMissing();
const [BARE, KEPT] = ['i-0fffffffffffffff1', 'i-0fffffffffffffff2'];
const IDLE_SECONDS = 4;

test('the shell profile that `preferences set --shell-profile ours` saves keeps a session where the env entry is not installed, once', {
  skip,
}, async () => {
  const lab = await useKeptLab(
    [
      { spec: { name: 'bare', id: BARE, tags: {} } },
      { spec: { name: 'kept', id: KEPT, tags: {} }, settings: { entries: ['profile'] } },
    ],
    { idleSeconds: IDLE_SECONDS, shellProfile: SHELL_PROFILE },
  );
  const client = makeClient(lab);
  const bare = await startSession(client, BARE, { terminal: 'answers' });
  await bare.wait(/done; unset ENV[\s\S]*[$#] $/);
  assert.equal(await bare.ask('echo "${ENV-unset} $?"'), 'unset 0');
  bare.session.close();

  const talk = await startSession(client, KEPT, { terminal: 'answers' });
  await until(
    'several timeouts’ worth of heartbeats',
    () => talk.session.stats.answersSent > 2 * IDLE_SECONDS,
  );
  assert.equal(await talk.ask('echo "${ENV-unset}"'), 'unset');
  // The shell inside is a child of the relay, and the only one.
  assert.equal(await talk.ask('read -r comm </proc/$PPID/comm; echo "$comm"'), 'ssm-keepalive');
  talk.session.close();
});
