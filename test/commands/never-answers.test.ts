// A service that takes the connection and never says a word: Ctrl-C ends every command, with words, and leaves nothing waiting.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { execa } from 'execa';
import type { Clock } from '../../src/clock.ts';
import { PATIENCE_MS } from '../../src/fleet/interruptible.ts';
import { Interruption } from '../../src/interruption.ts';
import { labEnv } from '../../src/lab/index.ts';
import { hosts } from '../fleet/push-rig.ts';
import { assertNothingNew, readResources, until } from '../lab/test-lab.ts';
import { CLI, makeIo, runCli, USER_ENV } from '../support/cli.ts';
import { ManualClock } from '../support/clock.ts';
import { startTestLab } from '../support/lab.ts';
import { someOf } from '../support/turns.ts';
import { Seat } from './seat.ts';

const ID = 'i-0aaaaaaaaaaaaaaa1';

/** An address that takes whatever it is sent; `heard` counts requests, `opened` connections. */
async function openDeafServer(context: TestContext) {
  const sockets = new Set<Socket>();
  const state = { heard: 0, opened: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    state.opened += 1;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      if (bytes.includes('POST / ')) state.heard += 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env: Record<string, string> = {
    ...labEnv({ endpoint, credentials: { accessKeyId: 'none', secretAccessKey: 'none' } }),
    AWS_CONFIG_FILE: writeProfiles(context),
  };
  return { state, endpoint, env };
}

/** Two profiles, for runs in several accounts. */
function writeProfiles(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-deaf-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const profiles = ['a', 'b'].map(
    (name) => `[profile ${name}]\naws_access_key_id = lab\naws_secret_access_key = lab\n`,
  );
  writeFileSync(join(folder, 'config'), profiles.join(''));
  return join(folder, 'config');
}

/** The command line in this process; its waits take a twentieth, but the 10 s after Ctrl-C as long as the test wants. */
function begin(line: string, env: Record<string, string>) {
  const interruption = new Interruption();
  const patience = new ManualClock();
  const clock = makeIo().clock;
  const held: Clock = {
    now: () => clock.now(),
    after: (milliseconds, call) => clock.after(milliseconds, call),
    keepAliveAfter: (milliseconds, call) =>
      (milliseconds === PATIENCE_MS ? patience : clock).keepAliveAfter(milliseconds, call),
  };
  return { interruption, patience, ended: runCli(line.split(' '), env, { interruption, clock: held }) };
}

/** What one Ctrl-C says, where nothing was answered yet. */
const INTERRUPTED = [
  ['install --tag env=dev', 'nothing was sent'],
  ['install --all --yes --follow', 'nothing was sent'],
  ['install --tag env=dev --document Ours', 'nothing was sent'],
  [`install --instance-id ${ID} --no-wait --no-canary --dry-run`, 'nothing was sent'],
  ['install --tag env=dev --profile a --profile b', 'nothing was sent'],
  ['status --all --organization --role r --all-regions', 'the accounts were not looked up'],
  ['status --all --accounts 111111111111 --role r --all-regions', 'the accounts were not looked up'],
  ['doctor --accounts 111111111111 --role r', 'nothing was found out'],
  ['preferences get --accounts 111111111111 --role r', 'the session preferences were not read'],
  ['uninstall --tag env=dev --follow', 'nothing was sent'],
  [`status --instance-id ${ID}`, 'nothing was sent'],
  ['preferences get', 'the session preferences were not read'],
  ['preferences set --idle 60 --yes', 'nothing was changed'],
  ['preferences set --idle 60 --yes --profile a --profile b', 'nothing was changed'],
  ['preferences undo --yes', 'nothing was changed'],
  [`measure ${ID} --limit 1m`, 'nothing was measured'],
  [`measure ${ID} --limit 1m --temporary-document`, 'nothing was measured'],
  [`doctor ${ID}`, 'nothing was found out'],
] as const;

for (const [line, words] of INTERRUPTED) {
  test(`never answers: one Ctrl-C ends \`${line}\` and says that ${words}`, async (context) => {
    const { state, env } = await openDeafServer(context);
    const accounts = line.includes('--profile') ? 2 : 1;
    const before = await readResources();
    const { interruption, ended } = begin(line, env);
    await until('a call', () => state.heard >= accounts);
    interruption.request();
    const { status, stderr } = await ended;
    assert.equal(status, 130, stderr);
    assert.match(stderr, new RegExp(`${words}\\n {2}why: {2}you interrupted it\\n {2}next: `));
    assert.equal(stderr.match(new RegExp(words, 'g'))?.length, accounts, stderr);
    assert.doesNotMatch(stderr, /cancelling|bug in/);
    await assertNothingNew(before);
  });
}

for (const [line] of someOf(INTERRUPTED, 1)) {
  test(`never answers: SIGINT ends the process of \`${line}\``, async (context) => {
    const { state, env } = await openDeafServer(context);
    const child = execa(process.execPath, [CLI, ...line.split(' ')], {
      extendEnv: false,
      env: { ...USER_ENV, ...env },
      reject: false,
      stdin: 'ignore',
    });
    context.after(() => child.kill('SIGKILL'));
    await until('a call', () => state.heard > 0);
    child.kill('SIGINT');
    const { exitCode, stderr } = await child;
    assert.equal(exitCode, 130, stderr);
  });
}

test('never answers: Ctrl-C on a terminal ends connect, which leaves the terminal as it was', async (context) => {
  const { state, env } = await openDeafServer(context);
  const seat = new Seat(context, [ID, '--client', 'own'], env);
  await seat.until('a call', () => state.heard > 0);
  seat.type('\x03');
  const { status } = await seat.left();
  assert.equal(status, 130);
  assert.match(seat.raw, /ssm-keepalive: no session was opened\r?\n +why: +you interrupted it/);
});

/** Opens every session, and its data channel leads to an address that takes the connection and says nothing. */
async function openDeafSessions(context: TestContext) {
  const { state, endpoint: deaf } = await openDeafServer(context);
  const StreamUrl = deaf.replace('http:', 'ws:');
  const service = createHttpServer((request, response) => {
    request.resume();
    const isDocument = /GetDocument/.test(String(request.headers['x-amz-target']));
    const Content = '{"schemaVersion":"1.0","sessionType":"Standard_Stream","inputs":{}}';
    const answer = isDocument ? { Content } : { SessionId: 'deaf-0', TokenValue: 't', StreamUrl };
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  context.after(() => service.close());
  const endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  return { state, env: labEnv({ endpoint, credentials: { accessKeyId: 'none', secretAccessKey: 'none' } }) };
}

test('never answers: a data channel that never opens is left at Ctrl-C, by connect and by measure', async (context) => {
  const { state, env } = await openDeafSessions(context);
  const seat = new Seat(context, [ID, '--client', 'own'], env);
  await seat.until('a connection', () => state.opened > 0);
  seat.type('\x03');
  const { status } = await seat.left();
  assert.equal(status, 130);
  assert.match(seat.raw, /session deaf-0 was ended before it had opened/);

  const { interruption, ended } = begin(`measure ${ID} --arm nothing --limit 1m`, env);
  await until('a connection', () => state.opened > 1);
  interruption.request();
  const measured = await ended;
  const { stdout, stderr } = measured;
  assert.equal(measured.status, 130, stderr);
  assert.match(stderr, /ending the sessions/);
  assert.match(stdout, /interrupted/);
});

const PUSH = 'install --tag env=dev --no-canary --no-restart';

/** Runs an install until one operation gets no answer. */
async function startAgainst(context: TestContext, operation: 'SendCommand' | 'ListCommands', line = PUSH) {
  const lab = await startTestLab(context, { hosts: hosts({ latencySeconds: 600 }) });
  lab.faults.breakNext(operation, 'silent', 99);
  const begun = begin(line, lab.env);
  await until('the call', () => lab.requests.some((one) => one.operation === operation));
  return { lab, ...begun };
}

test('never answers: doctor says of what the instance was asked that you interrupted it', async (context) => {
  const lab = await startTestLab(context, { hosts: hosts({ latencySeconds: 600 }) });
  const { interruption, ended } = begin(`doctor ${hosts({})[0]?.id}`, lab.env);
  await until('the call', () => lab.requests.some((one) => one.operation === 'SendCommand'));
  interruption.request();
  assert.match((await ended).stdout, /keeper +not checked: you interrupted it/);
});

describe('never answers, while something may be happening', { concurrency: 2 }, () => {
  test('never answers: a SendCommand without an answer is left 10 s after Ctrl-C, at once after a second, and nobody claims that nothing was sent', async (context) => {
    await Promise.all(
      [1, 2].map(async (times) => {
        const { interruption, patience, ended } = await startAgainst(context, 'SendCommand');
        for (let time = 0; time < times; time += 1) interruption.request();
        if (times === 1) await patience.advance(PATIENCE_MS);
        const { status, stderr } = await ended;
        assert.equal(status, 130, stderr);
        assert.match(stderr, /cancelling; waiting/);
        assert.match(
          stderr,
          /had not answered when it was left\n {2}why: {2}it may have done what it was asked/,
        );
        assert.doesNotMatch(stderr, /nothing was sent|was not sent/);
      }),
    );
  });

  test('never answers: polls without an answer are left too: the command is cancelled, and how to take it up is said', async (context) => {
    await Promise.all(
      [1, 2].map(async (times) => {
        const { lab, interruption, patience, ended } = await startAgainst(
          context,
          'ListCommands',
          `${PUSH} --output json`,
        );
        for (let time = 0; time < times; time += 1) interruption.request();
        if (times === 1) {
          await until('the end of the command', () =>
            lab.requests.some(({ operation }) => operation === 'CancelCommand'),
          );
          await patience.advance(PATIENCE_MS);
        }
        const { status, stderr, stdout } = await ended;
        assert.equal(status, 130, stderr);
        assert.match(
          stderr,
          /left early\. To take it up again: {2}ssm-keepalive install --command-id [0-9a-f-]{36}/,
        );
        const { commandIds, instances, missingCount } = JSON.parse(stdout);
        assert.deepEqual([commandIds.length, instances, missingCount], [1, [], 0]);
      }),
    );
  });
});
