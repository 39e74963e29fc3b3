import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type SSMClient, StartSessionCommand } from '@aws-sdk/client-ssm';
import Table from 'cli-table3';
import { execa } from 'execa';
import pc from 'picocolors';
import { makeClient } from '../src/fleet/client.ts';
import { type Lab, startLab } from '../src/lab/index.ts';
import { type ClientSession, openSession } from '../src/session/index.ts';
import { PLAIN_TABLE, trimLines } from '../src/terminal/plain-table.ts';

// As in src/cli.ts.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

/** The lab's idle timer, in place of the service's 20 minutes. */
const IDLE_SECONDS = 3;
const INTERVAL_SECONDS = 1;
const TIMEOUTS_TO_OUTLIVE = 5;
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const COLUMNS = process.stdout.columns ?? 80;

/** One session of the demo: where, what runs in it, and whether it is expected to live. */
interface Watched {
  readonly host: string;
  readonly instanceId: string;
  readonly activity: 'prompt' | 'sleep';
  readonly shouldLive: boolean;
  readonly session: ClientSession;
  readonly openedAt: number;
  end?: { readonly after: number; readonly sentence: string };
  output: string;
}

async function main(): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'ssm-keepalive-demo-'));
  const lab = await startLab({ dir, idleSeconds: IDLE_SECONDS, policy: 'input' });
  const client = makeClient({
    endpointUrl: lab.endpoint,
    region: 'us-east-1',
    credentials: lab.credentials,
  });
  const cleanUp = async () => {
    client.destroy();
    await lab.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void cleanUp().then(() => process.exit(130)));
  }
  try {
    heading(`A stand-in account with three hosts; its sessions end after ${IDLE_SECONDS} s without input`);
    await runCli(dir, ['install', '--lab', '--tag', 'env=dev', '--interval', `${INTERVAL_SECONDS}s`]);
    const isHeld = await watchSessions(client, lab);
    heading('The host without Python: what can be kept there');
    await runCli(dir, ['install', '--lab', '--tag', 'env=prod', '--interval', `${INTERVAL_SECONDS}s`], 1);
    say('There plain sh has no keeper, so its sessions end as before.');
    say('Install Python 3 there for the relay.');
    heading('Try next');
    for (const line of [
      'lab up --idle 5s',
      'connect --lab web-1',
      'install --lab web-1 --interval 1s',
      'lab down',
    ]) {
      say(`  node dist/cli.js ${line}`);
    }
    return isHeld;
  } finally {
    await cleanUp();
  }
}

/** Runs the command line as a user would, its progress and table on this terminal. */
async function runCli(dir: string, args: readonly string[], expected = 0): Promise<void> {
  say(pc.bold(`$ ssm-keepalive ${args.join(' ')}`));
  const result = await execa(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { SSM_KEEPALIVE_LAB_DIR: dir },
    reject: false,
  });
  if (result.exitCode !== expected) throw new Error(`it ended with status ${result.exitCode}`);
}

async function watchSessions(client: SSMClient, lab: Lab): Promise<boolean> {
  heading('Sessions side by side; nobody types');
  const hosts = lab.hosts().map(({ spec }) => spec);
  const wanted = hosts.flatMap((host): Pick<Watched, 'host' | 'instanceId' | 'activity' | 'shouldLive'>[] =>
    host.tags['env'] === 'dev'
      ? (['prompt', 'sleep'] as const).map((activity) => ({
          host: host.name,
          instanceId: host.id,
          activity,
          shouldLive: true,
        }))
      : [{ host: host.name, instanceId: host.id, activity: 'prompt', shouldLive: false }],
  );
  const watched = await Promise.all(wanted.map((one) => openWatched(client, one)));
  const seconds = IDLE_SECONDS * TIMEOUTS_TO_OUTLIVE + 1;
  const endsAt = performance.now() + seconds * 1000;
  say(
    `watching ${watched.length} sessions for ${seconds} s, more than ${TIMEOUTS_TO_OUTLIVE} idle timeouts …`,
  );
  while (performance.now() < endsAt) await delay(250);
  const rows = watched.map(judge);
  for (const one of watched) one.session.close();
  showSessions(rows);
  const isHeld = rows.every((row) => row.isAsExpected);
  say(isHeld ? pc.green('It held.') : pc.red('It did not hold.'));
  return isHeld;
}

async function openWatched(
  client: SSMClient,
  one: Pick<Watched, 'host' | 'instanceId' | 'activity' | 'shouldLive'>,
): Promise<Watched> {
  const started = await client.send(new StartSessionCommand({ Target: one.instanceId }));
  const decoder = new TextDecoder();
  const watched: { value?: Watched } = {};
  const session = await openSession({
    session: started,
    terminal: 'answers',
    onOutput: (bytes) => {
      if (watched.value) watched.value.output += decoder.decode(bytes, { stream: true });
    },
  });
  const opened: Watched = { ...one, session, openedAt: performance.now(), output: '' };
  watched.value = opened;
  void session.ended.then(({ sentence }) => {
    opened.end = { after: (performance.now() - opened.openedAt) / 1000, sentence };
  });
  if (one.activity === 'sleep') session.write(Buffer.from('sleep 600\r'));
  return opened;
}

interface Row {
  readonly cells: readonly string[];
  readonly sentence: string;
  readonly isAsExpected: boolean;
}

function judge(one: Watched): Row {
  const { queriesSeen, answersSent } = one.session.stats;
  // An answer that reached a program is echoed by the terminal, or printed by the line editor: both end in 0n.
  const leaked = one.output.replaceAll('\u001b[5n', '').split('0n').length - 1;
  const isAlive = one.end === undefined;
  const lived = isAlive ? (performance.now() - one.openedAt) / 1000 : one.end!.after;
  const isAsExpected = isAlive === one.shouldLive && leaked === 0;
  return {
    sentence: one.end?.sentence ?? '',
    isAsExpected,
    cells: [
      one.host,
      one.shouldLive ? 'relay' : 'none',
      one.activity === 'sleep' ? 'sleep 600' : 'idle at prompt',
      `${isAlive ? 'alive after' : 'ended after'} ${lived.toFixed(1)} s`,
      String(queriesSeen),
      String(answersSent),
      String(leaked),
    ],
  };
}

function showSessions(rows: readonly Row[]): void {
  const table = new Table({
    head: ['HOST', 'KEEPER', 'DOING', 'SESSION', 'WRITTEN', 'ANSWERED', 'LEAKED'],
    ...PLAIN_TABLE,
  });
  for (const row of rows) table.push([...row.cells]);
  say(trimLines(table.toString()));
  for (const { cells, sentence } of rows) if (sentence) say(`${cells[0]}: “${sentence}”`);
}

function heading(text: string): void {
  say(`\n${pc.bold(pc.cyan(text))}\n${'─'.repeat(Math.min(COLUMNS, text.length))}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().then(
  (isHeld) => {
    process.exitCode = isHeld ? 0 : 1;
  },
  (error: unknown) => {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  },
);
