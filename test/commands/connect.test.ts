import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DescribeSessionsCommand } from '@aws-sdk/client-ssm';
import { run } from '../../src/cli/run.ts';
import { terminateSession } from '../../src/fleet/sessions.ts';
import { makeClient, sandboxMissing, until, useLab } from '../lab/test-lab.ts';
import { useCuttingProxy } from '../session/cutting-proxy.ts';
import { makeEnvironment, makeIo, runCli, USER_ENV, variablesOfRun } from '../support/cli.ts';
import { someOf } from '../support/turns.ts';
import { Seat } from './seat.ts';

const skip = sandboxMissing();
const WEB = 'i-0aaaaaaaaaaaaaaa1';
const HOSTS = skip ? [] : [{ name: 'web-1', id: WEB, tags: { env: 'dev' } }];
const lab = await useLab({ consistencySeconds: 0, hosts: HOSTS });
const client = makeClient(lab);
const OWN = [WEB, '--client', 'own'];

async function findSession(id: string, state: 'Active' | 'History') {
  const filter = { key: 'SessionId' as const, value: id };
  return (await client.send(new DescribeSessionsCommand({ State: state, Filters: [filter] }))).Sessions?.[0];
}

test('connect: a shell to type into, as wide as the terminal, that follows it; Ctrl-C reaches the program, also in a flood, full-screen programs get line ends untouched; exit leaves with 0', {
  skip,
}, async (context) => {
  const seat = new Seat(context, [...OWN, '--reason', 'a look'], lab.env, 101);
  await seat.ready();
  await seat.say('stty size\r', /24 101/);
  await seat.say('trap "stty size" WINCH; echo re"ady"\r', /ready/);
  seat.resize(77, 31);
  // dash runs its trap at the next command.
  await seat.until('the new size', async () => {
    seat.type('\r');
    await new Promise((resolve) => setTimeout(resolve, 50));
    return seat.raw.includes('31 77');
  });
  assert.equal((await findSession(seat.sessionId, 'Active'))?.Reason, 'a look');
  await seat.say('trap - WINCH; sleep 600\r', /sleep 600/);
  await until('sleep', async () => (await lab.host(WEB).exec(['pgrep', '-f', 'sleep 600'])).code === 0);
  await seat.say('\x03', /\^C[\s\S]*[$#] $/);
  await seat.say("yes 'flood flood flood'\r", /flood flood flood\r\nflood/);
  await seat.say('\x03', /\^C[\s\S]*[$#] $/);
  await seat.say("stty -opost; printf '<a\\nb>'; stty opost\r", /<a\nb>/);
  // With answers of the terminal in between.
  seat.type("printf '\\033[5n'; head -c 4 | od -c; exit\r");
  await seat.until('a query', () => seat.queries > 0);
  seat.type('\r');
  const { status, words } = await seat.left();
  assert.equal(status, 0);
  assert.match(words, /ended after \d+\.\d s: the shell exited/);
});

test('connect: ~. ends the session, at the start of a line only, split or not, and nothing else is eaten; what a full-screen program had switched on is switched off', {
  skip,
}, async (context) => {
  const seat = new Seat(context, OWN, lab.env);
  await seat.ready();
  await seat.say('echo a~.b~~c\r', /\na~\.b~~c\r\n/);
  await seat.say('~~x\r', /~x: .*not found/);
  await seat.say('~?', /~\. {2}end this session\r\n/);
  await seat.say('cat\r', /cat\r\n/);
  await seat.say('~y\r', /~y\r\n~y\r\n/);
  await seat.say('\x03', /\^C[\s\S]*[$#] $/);
  await seat.say("printf '\\033[?1049h\\033[?1h\\033=\\033[?25lfu''ll\\n'\r", /full\r\n[\s\S]*[$#] $/);
  await seat.say('\r', /\r\n[\s\S]*[$#] $/);
  const from = seat.raw.length;
  seat.type('~');
  await seat.until('nothing', async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return true;
  });
  assert.equal(seat.raw.slice(from), '', 'the escape is held back');
  seat.type('.');
  const { status, words } = await seat.left();
  assert.equal(status, 0);
  assert.match(words, /closed by you$/);
  assert.match(seat.raw.slice(from), /\x1b>\x1b\[\?25h\x1b\[\?1l\x1b\[\?1049l\x1b\[m/);
  await until('its end on the other side', () => findSession(seat.sessionId, 'History'));
});

test('connect: --escape takes another character', { skip }, async (context) => {
  const seat = new Seat(context, [...OWN, '--escape', '%'], lab.env);
  await seat.ready();
  seat.type('%.');
  assert.match((await seat.left()).words, /closed by you$/);
});

for (const signal of someOf(['SIGTERM', 'SIGINT', 'SIGHUP'] as const, 1)) {
  test(`connect: ${signal} ends the session on both sides and gives the terminal back`, {
    skip,
  }, async (context) => {
    const seat = new Seat(context, OWN, lab.env);
    await seat.ready();
    process.kill(seat.client, signal);
    const { status, words } = await seat.left();
    assert.equal(status, 130);
    assert.match(words, /closed by a signal$/);
    await until('its end on the other side', () => findSession(seat.sessionId, 'History'));
  });
}

test('connect: a terminal that is closed ends the session too', { skip }, async (context) => {
  const seat = new Seat(context, OWN, lab.env);
  await seat.ready();
  const { pid } = seat;
  const id = seat.sessionId;
  // The window is closed: the kernel hangs up the whole foreground.
  seat.hangUp();
  await until('its end on the other side', () => findSession(id, 'History'));
  await until('the process to go', () => !isAlive(pid));
});

test('connect: terminated from elsewhere, the last line says so', { skip }, async (context) => {
  const seat = new Seat(context, OWN, lab.env);
  await seat.ready();
  await terminateSession(client, seat.sessionId);
  const { status, words } = await seat.left();
  assert.equal(status, 0);
  assert.match(words, /somebody ended the session\)$/);
});

test('connect: a cut line is mended and nothing typed or printed is lost or doubled; --escape none takes no character', {
  skip,
}, async (context) => {
  const proxy = await useCuttingProxy(lab);
  const env = { ...lab.env, AWS_ENDPOINT_URL_SSM: proxy.endpoint };
  const seat = new Seat(context, [...OWN, '--escape', 'none'], env);
  await seat.ready();
  await seat.say('~.\r', /~\.: .*not found/);
  await seat.say('stty -echo; awk \'{ print "got", $0; fflush() } /^500$/ { exit }\'; echo do"ne"\r', /\n/);
  const from = seat.raw.length;
  for (let n = 1; n <= 500; n += 1) {
    seat.type(`${n}\r`);
    if (n % 50 === 0) {
      await seat.see(new RegExp(`got ${n - 20}\\r\\n`), from);
      await seat.until('a connection', () => proxy.openCount > 0);
      proxy.cut();
    }
  }
  await seat.see(/done/, from);
  const expected = Array.from({ length: 500 }, (_, n) => `got ${n + 1}`);
  assert.deepEqual(seat.raw.slice(from).match(/got \d+/g), expected);
  assert.ok(proxy.openedCount > 5, `${proxy.openedCount} connections`);
  seat.type('exit\r');
  assert.equal((await seat.left()).status, 0);
});

test('connect: a line that stays broken is said, ~. still leaves it, and what cannot be mended is lost with 1', {
  skip,
}, async (context) => {
  const proxy = await useCuttingProxy(lab);
  const env = { ...lab.env, AWS_ENDPOINT_URL_SSM: proxy.endpoint };
  const patient = new Seat(context, OWN, env);
  const hasty = new Seat(context, [...OWN, '--give-up', '1s'], env);
  await Promise.all([patient.ready(), hasty.ready()]);
  proxy.refuse();
  const lost = await hasty.left();
  assert.equal(lost.status, 1);
  assert.match(lost.words, /connection lost \(.+\)\r\n {2}next: .*terminate-session --session-id lab-/);
  await patient.see(/the connection is broken, trying to get it back; ~\. gives up/);
  patient.type('\r~.');
  const { status, words } = await patient.left();
  assert.equal(status, 0);
  assert.match(words, /closed by you/);
  for (const { sessionId } of [patient, hasty]) await terminateSession(client, sessionId);
});

test('connect: without a terminal it refuses before it opens anything, and says what else there is', {
  skip,
}, async () => {
  const before = lab.requests.length;
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-plugin-'));
  writeFileSync(join(folder, 'session-manager-plugin'), '#!/bin/sh\n', { mode: 0o755 });
  // Neither of the two clients is advised where it cannot help.
  for (const [args, PATH, status, advice] of [
    [OWN, folder, 2, /needs a terminal[\s\S]*official plugin with {2}--client plugin$/m],
    [OWN, '/nonexistent', 2, /needs a terminal[\s\S]*official plugin, which is not installed here$/m],
    [
      [WEB, '--client', 'plugin'],
      '/nonexistent',
      1,
      /was not found[\s\S]*plugin"\): ours needs a terminal$/m,
    ],
  ] as const) {
    const result = await runCli(['connect', ...args], { ...lab.env, PATH });
    assert.equal(result.status, status);
    assert.match(result.stderr, advice);
  }
  rmSync(folder, { recursive: true });
  assert.equal(lab.requests.length, before);
});

/** Runs it where there is a terminal, up to the end that comes before the terminal is touched. */
async function refuse(args: readonly string[], more: Record<string, string>) {
  let told = '';
  const io = makeIo({
    openTerminal: () => ({ input: process.stdin, output: process.stdout }),
    err: (text) => {
      told += text;
    },
  });
  const variables = { ...USER_ENV, ...more };
  const environment = makeEnvironment({ variables });
  const status = await variablesOfRun.run(variables, () => run(['connect', ...args], io, environment));
  return { status, told };
}

test('connect: an instance that is not connected is explained, a wrong id is asked for, --client plugin without one says how to go on, and --document names what the service refuses', {
  skip,
}, async () => {
  const unknown = await refuse(['i-0123456789abcdef0', '--client', 'own'], lab.env);
  assert.equal(unknown.status, 1);
  assert.match(
    unknown.told,
    /no session could be opened on i-0123456789abcdef0[\s\S]*no connection to it[\s\S]*doctor i-0123456789abcdef0/,
  );
  const wrong = await refuse(['i-12', '--client', 'own'], lab.env);
  assert.equal(wrong.status, 2);
  assert.match(wrong.told, /"i-12" is no instance id/);
  const PATH = '/nonexistent:/usr/bin:/bin';
  const none = await refuse([WEB, '--client', 'plugin'], { ...lab.env, PATH });
  assert.equal(none.status, 1);
  assert.match(none.told, /was not found[\s\S]*--client own/);
  const document = await refuse([...OWN, '--document', 'No-Such'], lab.env);
  assert.equal(document.status, 1);
  assert.match(document.told, /does not take No-Such/);
});

test('connect: the official plugin on PATH gets the terminal and what the AWS CLI gives it, old and new', {
  skip,
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-plugin-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'session-manager-plugin');
  const record = join(folder, 'record');
  const versions = [
    ['1.2.707.0', true],
    ['1.2.497.0', false],
  ] as const;
  for (const [version, takesVariable] of someOf(versions, 1)) {
    writeFileSync(
      path,
      `#!/bin/sh
[ "$1" = --version ] && { echo ${version}; exit; }
printf '%s\\n' "$@" "$AWS_SSM_START_SESSION_RESPONSE" > ${record}
trap 'echo plugin got INT' INT
[ -t 0 ] && [ -t 1 ] && printf 'plugin has %s\\n' a-terminal
until read -r line && [ -n "$line" ]; do :; done
echo "plugin read $line"
`,
    );
    chmodSync(path, 0o755);
    const env = { ...lab.env, PATH: `${folder}:${process.env['PATH']}` };
    const seat = new Seat(context, [WEB, '--reason', 'a look'], env);
    await seat.see(/plugin has a-terminal/);
    // Ctrl-C is the plugin's to deal with: neither it nor what waits for it may end.
    await seat.say('\x03', /plugin got INT/);
    await seat.say('words\r', /plugin read words/);
    assert.equal((await seat.left()).status, 0);
    assert.match(seat.raw, /session lab-\w+ lived \d/);
    const [response = '', region, operation, profile, parameters = '', endpoint, variable = ''] =
      readFileSync(record, 'utf8').split('\n');
    const given = JSON.parse(takesVariable ? variable : response) as Record<string, string>;
    assert.equal(takesVariable ? response : variable, takesVariable ? 'AWS_SSM_START_SESSION_RESPONSE' : '');
    assert.deepEqual(Object.keys(given), ['SessionId', 'TokenValue', 'StreamUrl']);
    assert.deepEqual([region, operation, profile, endpoint], ['us-east-1', 'StartSession', '', lab.endpoint]);
    assert.deepEqual(JSON.parse(parameters), { Target: WEB, Reason: 'a look' });
    await terminateSession(client, given['SessionId'] ?? '');
  }
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] !== 'Z';
  } catch {
    return false;
  }
}
