import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ResumeSessionCommand } from '@aws-sdk/client-ssm';
import type { IdlePolicy, Lab } from '../../src/lab/index.ts';
import type { SessionEnd } from '../../src/session/index.ts';
import { makeClient, pause, sandboxMissing, useLab } from '../lab/test-lab.ts';
import { coverOf, someOf } from '../support/turns.ts';
import { type Dialogue, startSession } from './dialogue.ts';

const SENTENCE = 'Your session timed out due to inactivity and has been terminated.';
/** Longer than a session takes to start on a busy machine: ten start at once. */
const IDLE_SECONDS = 6;
/** What outlives this many timeouts is alive because something kept it so. */
const TIMEOUTS = 2;
const skip = sandboxMissing();
const WEB = 'i-0aaaaaaaaaaaaaaa1';
const HOSTS = skip ? [] : [{ name: 'web-1', id: WEB, tags: {} }];

const POLICIES = ['input', 'output', 'any'] as const;

interface Arm {
  readonly what: string;
  readonly command: string;
  readonly answers?: boolean;
  readonly livesUnder: readonly IdlePolicy[];
}

/** Every way to spend a session, and under which policies it lives: the field measurement of 2019 is the `output` column. */
const arms: readonly Arm[] = [
  { what: 'an untouched session', command: '', livesUnder: [] },
  {
    what: 'a background loop that prints nothing',
    command: '(while sleep 1; do :; done) &\r',
    livesUnder: [],
  },
  {
    what: 'a foreground loop that prints',
    command: 'while sleep 1; do date; done\r',
    livesUnder: ['output', 'any'],
  },
  {
    what: 'a query nobody answers',
    command: "while sleep 1; do printf '\\033[5n'; done\r",
    livesUnder: ['output', 'any'],
  },
  {
    what: 'an answered query',
    command: "stty -echo; while sleep 1; do printf '\\033[5n'; done\r",
    answers: true,
    livesUnder: ['input', 'output', 'any'],
  },
];
const rows = coverOf(
  POLICIES.flatMap((policy) => arms.map((arm) => ({ policy, arm, lives: arm.livesUnder.includes(policy) }))),
  ({ policy, arm, lives }) => [arm.what, `${policy} ${lives}`],
);

const LABS = {
  input: { policy: 'input' },
  output: { policy: 'output', sizes: 'every' },
  every: { policy: 'input', sizes: 'every' },
  any: { policy: 'any', sizes: 'every' },
  uncounted: { policy: 'input', sizes: 'none' },
} as const;
/** What a client sends without a key, under which settings of the lab it counts, once in a second. */
const touches = someOf<{
  readonly what: string;
  readonly lab: keyof typeof LABS;
  readonly touch: (talk: Dialogue, n: number, lab: Lab) => unknown;
  readonly counts: boolean;
}>(
  [
    {
      what: 'a new size',
      lab: 'input',
      touch: ({ session }, n) => session.resize(80 + (n % 2), 24),
      counts: true,
    },
    { what: 'the size again', lab: 'every', touch: ({ session }) => session.resize(80, 24), counts: true },
    { what: 'the size again', lab: 'output', touch: ({ session }) => session.resize(80, 24), counts: false },
    {
      what: 'a new size',
      lab: 'any',
      touch: ({ session }, n) => session.resize(80 + (n % 2), 24),
      counts: true,
    },
    { what: 'a WebSocket ping', lab: 'input', touch: ({ session }) => session.ping(), counts: false },
    { what: 'the size again', lab: 'any', touch: ({ session }) => session.resize(80, 24), counts: true },
    { what: 'a key', lab: 'input', touch: ({ session }) => session.write(' '), counts: true },
    { what: 'the size again', lab: 'input', touch: ({ session }) => session.resize(80, 24), counts: false },
    {
      what: 'ResumeSession',
      lab: 'input',
      touch: ({ session }, _, lab) =>
        makeClient(lab)
          .send(new ResumeSessionCommand({ SessionId: session.id }))
          .catch(() => {}),
      counts: true,
    },
    {
      what: 'a new size, where the lab is told that none counts',
      lab: 'uncounted',
      touch: ({ session }, n) => session.resize(80 + (n % 2), 24),
      counts: false,
    },
  ],
  2,
);

type LabName = keyof typeof LABS;
const wanted = new Set<LabName>([...rows.map(({ policy }) => policy), ...touches.map((each) => each.lab)]);
const labs = new Map(
  await Promise.all(
    [...wanted].map(async (name): Promise<[LabName, Lab]> => {
      const times = { idleSeconds: IDLE_SECONDS, consistencySeconds: 0 };
      return [name, await useLab({ hosts: HOSTS, ...times, ...LABS[name] })];
    }),
  ),
);

/** How the session ended, if it did before that many timeouts. */
async function findEnd(talk: Dialogue): Promise<SessionEnd | undefined> {
  const end = await Promise.race([talk.session.ended, pause(IDLE_SECONDS * TIMEOUTS * 1000)]);
  talk.session.close();
  return end;
}

describe('what keeps a session alive', { concurrency: true }, () => {
  for (const { policy, arm, lives } of rows)
    test(`counting ${policy}: ${arm.what} ${lives ? 'lives' : "dies with the service's sentence"}`, {
      skip,
    }, async () => {
      const began = Date.now();
      const terminal = arm.answers ? 'answers' : 'silent';
      const talk = await startSession(makeClient(labs.get(policy)!), WEB, { terminal });
      if (arm.command !== '') talk.session.write(arm.command);
      const end = await findEnd(talk);
      if (lives) {
        assert.equal(end, undefined);
        if (arm.answers) assert.ok(talk.session.stats.answersSent > 0);
      } else {
        assert.equal(end?.sentence, SENTENCE);
        assert.ok(end.at - began >= IDLE_SECONDS * 1000, 'it ended before the timeout');
      }
    });

  for (const { what, lab: name, touch, counts } of touches)
    test(`counting ${name}: ${what} ${counts ? 'counts' : 'does not count'}`, { skip }, async () => {
      const lab = labs.get(name)!;
      const talk = await startSession(makeClient(lab), WEB);
      let n = 0;
      const timer = setInterval(() => void touch(talk, n++, lab), 1000);
      const end = await findEnd(talk);
      clearInterval(timer);
      assert.equal(end === undefined, counts);
    });
});
