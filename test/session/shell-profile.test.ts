import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderBundle, SHELL_PROFILE, wireCommands } from '../../src/bundle/index.ts';
import { makeClient, runOn, sandboxMissing, until, useLab } from '../lab/test-lab.ts';
import { SETTINGS } from '../support/bundle.ts';
import { startSession } from './dialogue.ts';

const skip = sandboxMissing();
const IDLE_SECONDS = 4;

test('the shell profile that `preferences set --shell-profile ours` saves keeps a session where the env entry is not installed, once', {
  skip,
}, async () => {
  const lab = await useLab({
    hosts: [
      { name: 'kept', id: 'i-0fffffffffffffff1', tags: {} },
      { name: 'bare', id: 'i-0fffffffffffffff2', tags: {} },
    ],
    idleSeconds: IDLE_SECONDS,
    shellProfile: SHELL_PROFILE,
  });
  const client = makeClient(lab);
  const bundle = renderBundle({ ...SETTINGS, intervalSeconds: 1, entries: ['profile'], restart: false });
  const kept = lab.host('kept');
  const done = await runOn(client, kept.spec.id, wireCommands('install', bundle));
  assert.match(done.StandardOutputContent ?? '', /"verdict":"installed"/);

  const talk = await startSession(client, kept.spec.id, { terminal: 'answers' });
  await until(
    'several timeouts’ worth of heartbeats',
    () => talk.session.stats.answersSent > 2 * IDLE_SECONDS,
  );
  assert.equal(await talk.ask('echo "${ENV-unset}"'), 'unset');
  // The shell inside is a child of the relay, and the only one.
  assert.equal(await talk.ask('read -r comm </proc/$PPID/comm; echo "$comm"'), 'ssm-keepalive');
  talk.session.close();

  const bare = await startSession(client, lab.host('bare').spec.id, { terminal: 'answers' });
  await bare.wait(/done; unset ENV[\s\S]*[$#] $/);
  assert.equal(await bare.ask('echo "${ENV-unset} $?"'), 'unset 0');
  bare.session.close();
});
