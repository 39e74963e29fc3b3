import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { makeResume } from '../../src/commands/resume-session.ts';
import { terminateSession } from '../../src/fleet/sessions.ts';
import { openSession, ResumeRefusedError } from '../../src/session/index.ts';
import { makeClient, sandboxMissing, until, useLab } from '../lab/test-lab.ts';
import { ManualClock } from '../support/clock.ts';
import { isLong } from '../support/turns.ts';
import { useCuttingProxy } from './cutting-proxy.ts';
import { startSession } from './dialogue.ts';

const skip = sandboxMissing();
const WEB = 'i-0aaaaaaaaaaaaaaa1';
const HOSTS = skip ? [] : [{ name: 'web-1', id: WEB, tags: {} }];
const lab = await useLab({ consistencySeconds: 0, hosts: HOSTS });
const direct = makeClient(lab);
const proxy = await useCuttingProxy(lab);
const client = makeClient({ ...lab, endpoint: proxy.endpoint });

const resume = makeResume(client);

const LINES = isLong ? 3000 : 1000;
const FLOOD = `seq 1 ${isLong ? 150_000 : 60_000}`;

test('cut 25 times at random moments, a session loses and doubles nothing, either way', {
  skip,
}, async () => {
  const talk = await startSession(client, WEB, { resume });
  // Each line is numbered by the program that reads it, so that a lost, doubled or swapped one shows.
  const sink = `stty raw -echo; echo go; awk '{ n++; if ($0 != n) bad++; print; fflush() } n == ${LINES} { print "bad", bad + 0; exit }'; stty sane\r`;
  await talk.say(sink, /go\s/);
  const from = talk.printed().length;
  const isDone = () => /bad \d+/.test(talk.printed().slice(from));
  let cuts = 0;
  for (let n = 1; n <= LINES; n += 1) {
    talk.session.write(`${n}\n`);
    // Not one tick for all of them: cuts have to find messages on their way.
    if (n % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1 + Math.random() * 4));
    if (n % (LINES / 25) !== 0) continue;
    // Not before the last cut is mended: what is cut again at once counts as one, and is tried more slowly each time.
    await until('a connection', () => talk.session.isConnected);
    cuts += proxy.cut();
  }
  await until('the last line', isDone);
  const expected = Array.from({ length: LINES }, (_, n) => `${n + 1}\n`).join('');
  assert.equal(talk.printed().slice(from, from + expected.length + 6), `${expected}bad 0\n`);
  assert.ok(cuts >= 20, `${cuts} cuts`);
  assert.ok(talk.session.reconnects >= 20, `${talk.session.reconnects} reconnects`);
  talk.session.close();
});

test('a flood that is cut again and again arrives whole', { skip }, async () => {
  let seen = 0;
  let cutAt = Number.POSITIVE_INFINITY;
  // By what has come, not by time: a flood can be over before a timer runs.
  const onOutput = (bytes: Uint8Array) => {
    seen += bytes.length;
    if (seen < cutAt) return;
    cutAt = seen + 30_000;
    proxy.cut();
  };
  const talk = await startSession(client, WEB, { resume, onOutput });
  const digest = await talk.ask(`stty -opost; ${FLOOD} | md5sum | cut -c1-32`);
  const opened = proxy.openedCount;
  cutAt = seen + 10_000;
  const printed = await talk.ask(FLOOD);
  assert.equal(createHash('md5').update(`${printed.trim()}\n`).digest('hex'), digest);
  assert.ok(proxy.openedCount > opened + 3, `opened ${proxy.openedCount - opened} times more`);
  talk.session.close();
});

test('a session that ended while its connection was broken is over, not lost', { skip }, async () => {
  const talk = await startSession(client, WEB, { resume });
  proxy.refuse();
  await terminateSession(direct, talk.session.id);
  proxy.heal();
  assert.deepEqual(await talk.session.ended.then(({ by, sentence }) => [by, sentence]), ['over', '']);
});

test('nobody to be reached: lost within the time given, and why', { skip }, async () => {
  const states: string[] = [];
  const clock = new ManualClock();
  const talk = await startSession(client, WEB, {
    resume,
    clock,
    onConnection: (state) => states.push(state),
  });
  const brokenAt = clock.now();
  proxy.refuse();
  await until('notice', () => states.length > 0);
  const end = await passTime(clock, talk.session.ended);
  proxy.heal();
  assert.ok(end.at - brokenAt >= 60_000, `given up after ${end.at - brokenAt} ms`);
  assert.equal(end.by, 'lost');
  assert.match(end.sentence, /could not be reached|closed/);
  assert.deepEqual(states, ['broken']);
  await terminateSession(direct, talk.session.id);
});

test('a refusal is final: credentials that have expired are not tried again', { skip }, async () => {
  let calls = 0;
  const talk = await startSession(client, WEB, {
    resume: async () => {
      calls += 1;
      throw new ResumeRefusedError('the AWS credentials have expired');
    },
  });
  proxy.cut();
  assert.deepEqual(await talk.session.ended.then(({ by, sentence }) => [by, sentence]), [
    'lost',
    'the AWS credentials have expired',
  ]);
  assert.equal(calls, 1);
  await terminateSession(direct, talk.session.id);
});

test('without a way to resume, the first loss is the end', { skip }, async () => {
  const talk = await startSession(client, WEB);
  proxy.cut();
  assert.equal((await talk.session.ended).by, 'lost');
  await terminateSession(direct, talk.session.id);
});

test('a receiver that stops reading stops the program, and then gets every byte', { skip }, async () => {
  const talk = await startSession(client, WEB, { resume });
  await talk.say('stty -opost; echo re"ady"\r', /ready[\s\S]*[$#] $/);
  const from = talk.printed().length;
  talk.session.pauseOutput();
  talk.session.write("seq 1 400000 > /tmp/seq; printf '<'; cat /tmp/seq; printf '>'; touch /tmp/printed\r");
  const isPrinted = async () => (await lab.host(WEB).exec(['test', '-e', '/tmp/printed'])).code === 0;
  await until(
    'the file',
    async () => (await lab.host(WEB).exec(['grep', '-qx', '400000', '/tmp/seq'])).code === 0,
  );
  // 2.7 MB do not fit into the windows and socket buffers in between.
  for (let look = 0; look < 5; look += 1) assert.equal(await isPrinted(), false);
  // Also over a reconnect: the new socket is as paused as the old one.
  proxy.cut();
  await until('a new connection', () => proxy.openCount > 0);
  const arrived = talk.printed().length;
  talk.session.resumeOutput();
  await until('the rest', () => talk.printed().slice(from).includes('400000\n>'));
  assert.ok(arrived < 1_500_000, `${arrived} bytes came while nobody read`);
  const text = talk.printed().slice(from);
  const expected = Array.from({ length: 400_000 }, (_, n) => `${n + 1}\n`).join('');
  assert.ok(text.includes(`<${expected}>`), 'every byte, in order');
  await until('the end', isPrinted);
  talk.session.close();
});

test('a program that does not read makes the writer wait, and drained tells when to go on', {
  skip,
}, async () => {
  const talk = await startSession(client, WEB, { resume });
  await talk.say('stty raw -echo; echo go; sleep 600\r', /go\s/);
  const piece = Buffer.alloc(64 * 1024, 'x');
  let written = 0;
  while (talk.session.write(piece)) {
    written += piece.length;
    assert.ok(written < 64 * 1024 * 1024, 'hasRoom never said no');
    await new Promise((resolve) => setImmediate(resolve));
  }
  let isDrained = false;
  const drained = talk.session.drained().then(() => {
    isDrained = true;
  });
  // As long as an answer from the host takes, several times.
  for (let look = 0; look < 5; look += 1) {
    await lab.host(WEB).exec(['true']);
    assert.equal(isDrained, talk.session.write(''));
  }
  talk.session.close();
  await drained;
});

test('the connection can be abandoned before the session is open', async () => {
  const stop = new AbortController();
  const silent = await useCuttingProxy(lab);
  const opening = openSession({
    session: {
      SessionId: 'x',
      StreamUrl: `ws://127.0.0.1:${new URL(silent.endpoint).port}/v1/data-channel/x`,
      TokenValue: 'y',
    },
    signal: stop.signal,
  });
  silent.swallow();
  stop.abort();
  await assert.rejects(opening, /ended before it was open/);
});

test('input to a host that fell silent is noticed, and goes through once somebody answers again', {
  skip,
}, async () => {
  const clock = new ManualClock();
  const talk = await startSession(client, WEB, { resume, clock, giveUpSeconds: 3600 });
  await talk.say('stty -echo; echo go\r', /go\s[\s\S]*[$#] $/);
  proxy.swallow();
  const silentAt = clock.now();
  talk.session.write('echo heard; exit\r');
  await passTimeUntil(clock, () => !talk.session.isConnected);
  assert.ok(clock.now() - silentAt > 15_000, `noticed after ${clock.now() - silentAt} ms`);
  proxy.cut();
  proxy.heal();
  assert.equal((await passTime(clock, talk.session.ended)).by, 'service');
  assert.equal(talk.printed().split('heard').length, 2, 'once');
});

/** Moves the clock until `what` has happened. */
async function passTime<T>(clock: ManualClock, what: Promise<T>): Promise<T> {
  let isOver = false;
  void what.then(() => {
    isOver = true;
  });
  await passTimeUntil(clock, () => isOver);
  return what;
}

/** Not `until`: it pauses ten times as long as a look takes, and here each moves the clock. */
async function passTimeUntil(clock: ManualClock, isOver: () => boolean): Promise<void> {
  for (const limit = Date.now() + 30_000; !isOver(); ) {
    assert.ok(Date.now() < limit, 'gave up waiting');
    await clock.advance(100);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
