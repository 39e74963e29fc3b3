import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartSessionCommand } from '@aws-sdk/client-ssm';
import { startSession } from '../session/dialogue.ts';
import { cutSession, holdSessions, printNumbers } from '../support/session-load.ts';
import { isLong } from '../support/turns.ts';
import { rawClient } from './raw-client.ts';
import { makeClient, sandboxMissing, until, useLab } from './test-lab.ts';

const skip = sandboxMissing();
const WEB = 'i-0aaaaaaaaaaaaaaa1';
const lab = await useLab({
  hosts: skip ? [] : [{ name: 'web-1', id: WEB, tags: {} }],
  consistencySeconds: 0,
});
const client = makeClient(lab);
/** `npm run test:long` has the whole load. */
const [SESSIONS, LINES, LINES_BYTES, CUTS] = isLong ? [100, 600_000, 4_088_903, 10] : [4, 20_000, 108_902, 2];

test(`${SESSIONS} sessions of one host are open at once, and each answers its queries`, {
  skip,
  timeout: 240_000,
}, async () => {
  const held = await holdSessions(client, WEB, { count: SESSIONS, atOnce: 10, intervalSeconds: 2 });
  await until('an answer in each', () => held.sessions.every(({ stats }) => stats.answersSent > 0), 120);
  assert.equal(held.alive(), SESSIONS);
  await held.close();
});

test(`${LINES} lines come through one session whole and in order`, { skip }, async () => {
  assert.deepEqual(await printNumbers(client, WEB, LINES), { bytes: LINES_BYTES, isWhole: true });
});

test(`a session whose connection is cut ${CUTS} times in the middle of both directions loses and doubles nothing`, {
  skip,
}, async (context) => {
  const seed = Math.floor(Math.random() * 2 ** 30);
  context.diagnostic(`seed ${seed}`);
  const report = await cutSession(client, WEB, { cuts: CUTS, seed });
  assert.equal(report.isWhole, true, JSON.stringify({ ...report, seed }));
  assert.ok(report.reconnects >= CUTS, JSON.stringify(report));
});

test('a client that stops reading holds back its own program: nothing piles up, nobody waits for it, nothing is lost', {
  skip,
}, async () => {
  const started = await client.send(new StartSessionCommand({ Target: WEB }));
  const raw = await rawClient(started.StreamUrl ?? '', started.TokenValue ?? '');
  raw.input(3, '{"cols":80,"rows":24}');
  await until('a prompt', () => /[$#] $/.test(raw.text()));
  const other = await startSession(client, WEB);
  raw.input(1, "PS1=; stty -opost; printf 'rea%s\\n' dy; seq 1 1000000; printf 'fin%s' ished\r");
  await until('its first words', () => raw.text().includes('ready\n'));
  raw.socket.pause();
  const before = process.memoryUsage().rss;
  // Long enough for all 7 MB, were they read on.
  for (let i = 0; i < 30; i += 1) assert.equal(await other.ask('echo well'), 'well');
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const running = await lab.host(WEB).exec(['pgrep', '-x', '-f', 'seq 1 1000000']);
  assert.equal(running.code, 0, 'its program went on printing');
  const grown = (process.memoryUsage().rss - before) / 1024 / 1024;
  assert.ok(grown < 20, `${grown} MiB more`);
  raw.socket.resume();
  await until('the rest', () => raw.text().endsWith('finished'), 120);
  assert.match(raw.text().slice(-40), /999999\n1000000\nfinished$/);
  other.session.close();
  raw.socket.close();
});
