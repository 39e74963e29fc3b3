import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeClient, runOn, sandboxMissing, until, useLab } from '../lab/test-lab.ts';
import { runCli } from '../support/cli.ts';
import { EagerClock } from '../support/clock.ts';
import { startSession } from './dialogue.ts';

const skip = sandboxMissing();
const [BARE, KEPT] = ['i-0fffffffffffffff1', 'i-0fffffffffffffff2'];
const IDLE_SECONDS = 4;

test('the way without ENV, command by command: --entry profile installs, --shell-profile ours keeps a session there, and no script sees ENV', {
  skip,
}, async () => {
  const lab = await useLab({
    consistencySeconds: 0,
    idleSeconds: IDLE_SECONDS,
    hosts: [
      { name: 'bare', id: BARE, tags: {} },
      { name: 'kept', id: KEPT, tags: {} },
    ],
  });
  const run = async (line: string) => {
    const result = await runCli(line.split(' '), lab.env, { clock: new EagerClock(5) });
    assert.equal(result.status, 0, `${line}\n${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  const installed = JSON.parse(
    await run(`install --instance-id ${KEPT} --entry profile --interval 1 --output json`),
  );
  assert.deepEqual(installed.instances[0].entries, { env: 'off', profile: 'live', rc: 'off' });
  await run('preferences set --shell-profile ours --yes');
  const client = makeClient(lab);
  const script = await runOn(client, KEPT, ['echo "${ENV-unset}"']);
  assert.equal(script.StandardOutputContent, 'unset\n');

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
