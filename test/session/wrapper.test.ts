import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TerminateSessionCommand } from '@aws-sdk/client-ssm';
import { makeClient, sandboxMissing, until } from '../lab/test-lab.ts';
import { ManualClock } from '../support/clock.ts';
import { skipUnless } from '../support/sandbox.ts';
import { startSession } from './dialogue.ts';
import { useKeptLab } from './kept-host.ts';

const skip = sandboxMissing() || skipUnless('tmux', 'setpriv');
const ID = 'i-0fffffffffffffff7';
const IDLE_SECONDS = 5;
/** Stands still, so that no other session is ended while a busy machine is slow. */
const clock = new ManualClock(Date.now());
const spec = { name: 'wrapped', id: ID, tags: {} };
const lab = await useKeptLab(skip ? [] : [{ spec, settings: { wrap: 'tmux' } }], {
  clock,
  idleSeconds: IDLE_SECONDS,
  policy: 'input',
});
const client = makeClient(lab);

/** How a session ends without its user, in the service's ways. */
const ENDINGS = {
  // A client whose line is dead answers nothing, and the timer that counts input ends its session.
  'at the idle timeout': () => clock.advance(IDLE_SECONDS * 1000),
  'when it is terminated': async (SessionId: string) => {
    await client.send(new TerminateSessionCommand({ SessionId }));
  },
} as const;

/** Name and number of attached logins of every session in the user's tmux. */
async function tmuxSessions(): Promise<string> {
  const { stdout } = await lab
    .host('wrapped')
    .exec([
      'setpriv',
      '--reuid=1001',
      '--regid=1001',
      '--clear-groups',
      'tmux',
      '-L',
      'ssm-keepalive-lab',
      'list-sessions',
      '-F',
      '#{session_name} #{session_attached}',
    ]);
  return stdout.trim();
}
const ticks = async () => (await lab.host('wrapped').exec(['cat', '/tmp/ticks'])).stdout;

test('tmux: a session that ends takes no job with it, and the next login is back in it', {
  skip,
}, async (t) => {
  for (const [when, end] of Object.entries(ENDINGS)) {
    await t.test(when, async () => {
      let answer = () => {};
      let owed = 0;
      const lost = await startSession(client, ID, {
        onOutput: (bytes) => {
          if (!Buffer.from(bytes).includes('\x1b[5n')) return;
          owed += 1;
          answer();
        },
      });
      answer = () => {
        for (; owed > 0; owed -= 1) lost.session.write('\x1b[0n');
      };
      answer();
      await lost.wait(/[$#] /);
      // A shell of its own: the login's dash loses a Ctrl-C that comes while it starts a program.
      const job = 'n=0; while :; do n=$((n+1)); echo $n >/tmp/ticks; sleep 0.1; done';
      await lost.say(`echo be"gun"; sh -c '${job}'\r`, /begun/);
      assert.equal(await tmuxSessions(), '0 1');
      if (when === 'at the idle timeout') answer = () => {};
      await end(lost.session.id);
      await lost.session.ended;
      await until('it to be detached', async () => (await tmuxSessions()) === '0 0');
      const before = await ticks();
      await until('the job to go on', async () => !['', before].includes(await ticks()));

      const back = await startSession(client, ID, { terminal: 'answers' });
      await back.wait(/begun/);
      assert.equal(await tmuxSessions(), '0 1');
      await back.say('\x03', /[$#] /);
      back.session.write('exit\r');
      assert.equal((await back.session.ended).by, 'service');
      await until('tmux to be gone', async () => (await tmuxSessions()) === '');
    });
  }
});
