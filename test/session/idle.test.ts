import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ResumeSessionCommand } from '@aws-sdk/client-ssm';
import type { CountedSizes, IdlePolicy } from '../../src/lab/index.ts';
import { makeClient, pause, sandboxMissing, useLab } from '../lab/test-lab.ts';
import { startSession } from './dialogue.ts';

const SENTENCE = 'Your session timed out due to inactivity and has been terminated.';
/** Longer than a session takes to start on a busy machine: fifteen start at once. */
const IDLE_SECONDS = 6;
/** What outlives this many timeouts is alive because something kept it so. */
const TIMEOUTS = 2;
const skip = sandboxMissing();
const WEB = 'i-0aaaaaaaaaaaaaaa1';
const HOSTS = skip ? [] : [{ name: 'web-1', id: WEB, tags: {} }];

const POLICIES = ['input', 'output', 'any'] as const;

/** Every way to spend a session, and under which policies it lives: the field measurement of 2019 is the `output` column. */
const arms: [what: string, command: string, answers: boolean, livesUnder: IdlePolicy[]][] = [
  ['an untouched session', '', false, []],
  ['a background loop that prints nothing', '(while sleep 0.2; do :; done) &\r', false, []],
  ['a foreground loop that prints', 'while sleep 0.2; do date; done\r', false, ['output', 'any']],
  ['a query nobody answers', "while sleep 0.2; do printf '\\033[5n'; done\r", false, ['output', 'any']],
  [
    'an answered query',
    "stty -echo; while sleep 0.2; do printf '\\033[5n'; done\r",
    true,
    ['input', 'output', 'any'],
  ],
];

const useIdleLab = (policy: IdlePolicy, sizes?: CountedSizes) =>
  useLab({
    hosts: HOSTS,
    idleSeconds: IDLE_SECONDS,
    policy,
    consistencySeconds: 0,
    ...(sizes ? { sizes } : {}),
  });
const [uncounted, ...labs] = await Promise.all([
  useIdleLab('input', 'none'),
  ...POLICIES.map((policy) => useIdleLab(policy, policy === 'any' ? 'every' : undefined)),
]);

describe('what keeps a session alive', { concurrency: true }, () => {
  for (const [index, policy] of POLICIES.entries()) {
    const client = makeClient(labs[index]!);
    for (const [what, command, answers, livesUnder] of arms) {
      const lives = livesUnder.includes(policy);
      test(`counting ${policy}: ${what} ${lives ? 'lives' : "dies with the service's sentence"}`, {
        skip,
      }, async () => {
        const began = Date.now();
        const talk = await startSession(client, WEB, { terminal: answers ? 'answers' : 'silent' });
        if (command !== '') talk.session.write(command);
        const limit = pause(IDLE_SECONDS * TIMEOUTS * 1000);
        const end = await Promise.race([talk.session.ended, limit]);
        if (lives) {
          assert.equal(end, undefined);
          assert.equal(answers ? talk.session.stats.answersSent > 0 : true, true);
        } else {
          assert.equal(end?.sentence, SENTENCE);
          assert.ok(end.at - began >= IDLE_SECONDS * 1000, 'it ended before the timeout');
        }
        talk.session.close();
      });
    }
  }

  test('counting input: a new size, a key and ResumeSession count, a WebSocket ping does not; of sizes those that the lab is told', {
    skip,
  }, async () => {
    const client = makeClient(labs[0]!);
    const outlives = async (
      client: ReturnType<typeof makeClient>,
      touch: (talk: Awaited<ReturnType<typeof startSession>>, n: number) => unknown,
    ): Promise<boolean> => {
      const talk = await startSession(client, WEB);
      let n = 0;
      const timer = setInterval(() => void touch(talk, n++), 250);
      const limit = pause(IDLE_SECONDS * TIMEOUTS * 1000);
      const end = await Promise.race([talk.session.ended, limit]);
      clearInterval(timer);
      talk.session.close();
      return end === undefined;
    };
    const none = makeClient(uncounted);
    const every = makeClient(labs[2]!);
    const lived = await Promise.all([
      outlives(client, ({ session }, n) => session.resize(80 + (n % 2), 24)),
      outlives(client, ({ session }) => session.write(' ')),
      outlives(client, ({ session }) =>
        client.send(new ResumeSessionCommand({ SessionId: session.id })).catch(() => {}),
      ),
      outlives(client, ({ session }) => session.ping()),
      outlives(client, ({ session }) => session.resize(80, 24)),
      outlives(none, ({ session }, n) => session.resize(80 + (n % 2), 24)),
      outlives(every, ({ session }) => session.resize(80, 24)),
    ]);
    assert.deepEqual(lived, [true, true, true, false, false, false, true]);
  });
});
