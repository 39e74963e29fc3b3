import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause, setImmediate } from 'node:timers/promises';
import { execa } from 'execa';
import { findCommand } from '../../scripts/setup.mjs';
import { SCRIPTS } from '../../src/commands/completion/scripts.ts';
import type { Lab } from '../../src/lab/index.ts';
import { runCli } from '../support/cli.ts';
import { ManualClock } from '../support/clock.ts';
import { startTestLab } from '../support/lab.ts';
import { isLong, TURN } from '../support/turns.ts';
import { type Desk, makeDesk, ShellLine } from './shell-line.ts';

const WEB = 'i-0aaaaaaaaaaaaaaa1';
const DB = 'i-0bbbbbbbbbbbbbbb1';

const ELSEWHERE = 'eu-central-1';

async function startLab(context: TestContext, dir?: string): Promise<Lab> {
  const synthetic = { stdout: '' };
  return startTestLab(context, {
    ...(dir ? { dir } : {}),
    hosts: [
      { name: 'web-1', id: WEB, tags: { env: 'dev', role: 'web server', odd: 'a:b' }, synthetic },
      { name: 'db-1', id: DB, tags: { env: 'prod' }, synthetic },
      { name: 'far-1', id: 'i-0ccccccccccccccc1', tags: { far: 'away' }, region: ELSEWHERE, synthetic },
    ],
  });
}

/** What fish offers for each of these lines. */
async function askFish(desk: Desk, lines: readonly string[]): Promise<string[][]> {
  const asks = lines.map((line) => `complete -C ${JSON.stringify(line)}; echo`);
  const script = `source (ssm-keepalive completion fish | psub); ${asks.join('; ')}`;
  const { stdout, stderr } = await execa('fish', ['--no-config', '-c', script], {
    env: desk.env,
    extendEnv: false,
    stripFinalNewline: false,
  });
  assert.equal(stderr, '');
  const answers = stdout.split(/^\n/m).slice(0, lines.length);
  return answers.map((answer) =>
    answer
      .trim()
      .split('\n')
      .map((row) => row.split('\t')[0] ?? ''),
  );
}

async function askUntil<T>(ask: () => Promise<T>, isDone: (found: T) => boolean): Promise<T> {
  const limit = Date.now() + 60_000;
  for (;;) {
    const found = await ask();
    if (isDone(found) || Date.now() > limit) return found;
    await pause(50);
  }
}

/** Until what the account has is kept, so that the shells' presses meet it. */
async function warm(desk: Desk, words: readonly string[]): Promise<void> {
  const found = await askUntil(
    async () => (await runCli(['__complete', 'zsh', ...words, '--tag', ''], desk.env)).stdout,
    (text) => text.includes('env='),
  );
  assert.match(found, /^open\n(.*\n)*env=/);
}

for (const [place, shell] of (['bash', 'zsh'] as const).entries()) {
  test(`${shell}: commands, flags, words, tags and ids come with TAB, on the lab`, async (context) => {
    const lab = await startLab(context);
    const desk = makeDesk(context, lab.env);
    await warm(desk, ['status']);
    writeFileSync(join(desk.home, 'settings.yaml'), '');
    const line = await ShellLine.open(context, shell, desk);
    const cases: readonly (readonly [keys: string, words: string[]])[] = [
      ['ssm-keepalive inst\t', ['ssm-keepalive', 'install', '@']],
      ['ssm-keepalive install --max-c\t', ['ssm-keepalive', 'install', '--max-concurrency', '@']],
      ['ssm-keepalive status --max-i\t', ['ssm-keepalive', 'status', '--max-i@']],
      ['ssm-keepalive install --keeper rel\t', ['ssm-keepalive', 'install', '--keeper', 'relay', '@']],
      ['ssm-keepalive install --keeper=rel\t', ['ssm-keepalive', 'install', '--keeper=relay', '@']],
      [
        'ssm-keepalive install --entry env,pro\t',
        ['ssm-keepalive', 'install', '--entry', 'env,profile', '@'],
      ],
      ['ssm-keepalive lab do\t', ['ssm-keepalive', 'lab', 'down', '@']],
      ['ssm-keepalive status --tag en\tpr\t', ['ssm-keepalive', 'status', '--tag', 'env=prod', '@']],
      ['ssm-keepalive status --tag env=prod,d\t', ['ssm-keepalive', 'status', '--tag', 'env=prod,dev', '@']],
      ['ssm-keepalive status --tag=en\tpr\t', ['ssm-keepalive', 'status', '--tag=env=prod', '@']],
      ['ssm-keepalive status --tag role=\t', ['ssm-keepalive', 'status', '--tag', 'role=web server', '@']],
      ['ssm-keepalive status --tag "role=we\t', ['ssm-keepalive', 'status', '--tag', 'role=web server', '@']],
      ['ssm-keepalive status --tag odd=\t', ['ssm-keepalive', 'status', '--tag', 'odd=a:b', '@']],
      ['ssm-keepalive status --instance-id i-0b\t', ['ssm-keepalive', 'status', '--instance-id', DB, '@']],
      ['ssm-keepalive --tag env=dev uni\t', ['ssm-keepalive', '--tag', 'env=dev', 'uninstall', '@']],
      ['ssm-keepalive measure i-0a\t', ['ssm-keepalive', 'measure', WEB, '@']],
      ['ssm-keepalive status --config sett\t', ['ssm-keepalive', 'status', '--config', 'settings.yaml', '@']],
      ['ssm-keepalive status --timeout 4\t', ['ssm-keepalive', 'status', '--timeout', '4@']],
    ];
    for (const [row, [keys, words]] of cases.entries()) {
      // bash makes words of its own at = and :, so it is asked more of those.
      const every = shell === 'bash' && /=|odd/.test(keys) ? 2 : 4;
      if (!isLong && (TURN + row + place) % every !== 0) continue;
      assert.deepEqual(await line.words(keys), words, keys);
    }
  });
}

test('fish: commands, flags, words, tags and ids are offered, on the lab', async (context) => {
  if (findCommand('fish') === undefined) return context.skip('fish is absent');
  const lab = await startLab(context);
  const desk = makeDesk(context, lab.env);
  // The first press of TAB does not wait for the account.
  await warm(desk, ['status']);
  const expected: Readonly<Record<string, readonly string[]>> = {
    'ssm-keepalive inst': ['install'],
    'ssm-keepalive install --keeper ': ['auto', 'relay', 'prompt'],
    'ssm-keepalive install --keeper=rel': ['--keeper=relay'],
    'ssm-keepalive status --tag ': ['env=', 'role=', 'odd='],
    'ssm-keepalive status --tag env=': ['env=dev', 'env=prod'],
    'ssm-keepalive status --instance-id ': [WEB, DB],
  };
  assert.deepEqual(await askFish(desk, Object.keys(expected)), Object.values(expected));
});

test('completion: --lab is honoured, up or down, and so is a Region', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-lab-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const desk = makeDesk(context, { SSM_KEEPALIVE_LAB_DIR: dir });
  const ask = async (...words: string[]) => (await runCli(['__complete', 'zsh', ...words], desk.env)).stdout;
  // Down: what its folder says, here nothing, so the hosts that it starts with.
  const down = await askUntil(
    () => ask('connect', '--lab', ''),
    (text) => text.includes('web-2'),
  );
  assert.match(down, /i-0aaaaaaaaaaaaaaa2\tweb-2\nweb-2\ti-0aaaaaaaaaaaaaaa2\n/);
  const lab = await startLab(context, dir);
  const up = await askUntil(
    () => ask('status', '--lab', '--region', ELSEWHERE, '--tag', ''),
    (text) => text.includes('far='),
  );
  assert.match(up, /far=\n/);
  assert.ok(lab.requests.some(({ operation }) => operation === 'GetResources'));
  const caches = readdirSync(join(desk.home, 'cache', 'ssm-keepalive')).filter((name) =>
    name.endsWith('.json'),
  );
  assert.equal(caches.length, 2, 'one for each Region');
});

/** Takes connections and never says a word. */
async function startMute(context: TestContext) {
  const sockets: import('node:net').Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as import('node:net').AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const credentials = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y', AWS_REGION: 'us-east-1' };
  return { sockets, env: { ...credentials, AWS_ENDPOINT_URL_SSM: url, AWS_ENDPOINT_URL: url } };
}

test('completion: an account that never answers costs no answer, and nothing shows on the line', async (context) => {
  const { sockets, env } = await startMute(context);
  const desk = makeDesk(context, env);
  const found = await runCli(['__complete', 'zsh', 'status', '--instance-id', ''], desk.env);
  assert.deepEqual(found, { status: 0, stdout: 'words\n', stderr: '' });
  await askUntil(
    async () => sockets.length,
    (count) => count > 0,
  );
  assert.ok(sockets.length > 0, 'the refresh went on behind it');
});

test('completion: an account that never answers is given thirty seconds', async (context) => {
  const { sockets, env } = await startMute(context);
  const clock = new ManualClock();
  let found: unknown;
  void runCli(['__complete', 'refresh', '{}'], env, { clock }).then((result) => {
    found = result;
  });
  await askUntil(
    async () => sockets.length,
    (count) => count > 0,
  );
  await clock.advance(29_999);
  assert.equal(found, undefined);
  await clock.advance(1);
  await setImmediate();
  assert.deepEqual(found, { status: 0, stdout: '', stderr: '' });
});

test('completion: what is kept is offered at once when it is old, and asked for again behind', async (context) => {
  const lab = await startLab(context);
  const desk = makeDesk(context, lab.env);
  await warm(desk, ['status']);
  const folder = join(desk.home, 'cache', 'ssm-keepalive');
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.json'));
  const path = join(folder, name);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const kept = JSON.parse(readFileSync(path, 'utf8'));
  const hourAgo = Date.now() - 3_600_000;
  writeFileSync(path, JSON.stringify({ at: hourAgo, known: { ...kept.known, tags: { old: ['x'] } } }));
  utimesSync(`${path}.refresh`, hourAgo / 1000, hourAgo / 1000);
  const ask = async () => (await runCli(['__complete', 'zsh', 'status', '--tag', ''], desk.env)).stdout;
  assert.equal(await ask(), 'open\nold=\n');
  assert.match(await askUntil(ask, (text) => text.includes('env=')), /env=/);
});

test('completion: whatever is typed or kept, it leaves with 0 and says nothing on stderr', async (context) => {
  const desk = makeDesk(context, { SSM_KEEPALIVE_LAB_DIR: '/nonexistent/lab' });
  writeFileSync(join(desk.home, 'ssm-keepalive.config.yaml'), 'lab: [');
  for (const args of [[], ['tcsh', 'x'], ['bash'], ['bash', 'ssm-keepalive "', ''], ['refresh', '{']]) {
    const { status, stderr } = await runCli(['__complete', ...args], desk.env, { cwd: desk.home });
    assert.deepEqual([status, stderr], [0, ''], args.join(' '));
  }
});

test('completion: the scripts pass the shells’ own checkers', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-scripts-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [shell, text] of Object.entries(SCRIPTS)) {
    if (findCommand(shell) === undefined) continue;
    const path = join(folder, shell);
    writeFileSync(path, text);
    const { stderr } = await execa(shell, ['-n', path]);
    assert.equal(stderr, '', shell);
  }
  if (findCommand('shellcheck') === undefined) return context.diagnostic('shellcheck is absent');
  await execa('shellcheck', ['-s', 'bash', '-'], { input: SCRIPTS.bash });
});
