// What the lab's sessions bear: many at once, much through one, cut connections, a client that stops reading.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SSMClient, StartSessionCommand } from '@aws-sdk/client-ssm';
import { type LabState, labDown, labUp } from '../src/lab/index.ts';
import { rawClient } from '../test/lab/raw-client.ts';
import { until } from '../test/lab/test-lab.ts';
import { cutSession, holdSessions, printNumbers } from '../test/support/session-load.ts';
import type { BenchRow } from './row.ts';

const WEB = 'i-0aaaaaaaaaaaaaaa1';
const SESSIONS = 200;
const MINUTE_MS = 60_000;
const HEARTBEAT_SECONDS = 10;
/** seq 1 6600000 prints 51 MB. */
const LAST_NUMBER = 6_600_000;
const CUTS = 100;
const KIB = 1024;

/** Against a lab in a process of its own, so that its figures are not the client's. */
export async function benchSessions(): Promise<BenchRow[]> {
  const dir = mkdtempSync(join(tmpdir(), 'bench-sessions-'));
  const state = await labUp({ dir, hosts: [{ name: 'web-1', id: WEB, tags: {} }], idleSeconds: 1200 });
  const client = new SSMClient({
    region: 'us-east-1',
    endpoint: state.endpoint,
    credentials: state.credentials,
  });
  try {
    return [
      ...(await benchMany(client, state)),
      await benchBulk(client),
      await benchCuts(client),
      await benchSilence(client, state),
    ];
  } finally {
    client.destroy();
    await labDown(dir);
    rmSync(dir, { recursive: true, force: true });
  }
}

async function benchMany(client: SSMClient, state: LabState): Promise<BenchRow[]> {
  const before = workerKib();
  const held = await holdSessions(client, WEB, {
    count: SESSIONS,
    atOnce: 8,
    intervalSeconds: HEARTBEAT_SECONDS,
  });
  const cpuBefore = cpuSeconds(state.pid);
  const began = Date.now();
  await new Promise((resolve) => setTimeout(resolve, MINUTE_MS));
  const cpu = (cpuSeconds(state.pid) - cpuBefore) / ((Date.now() - began) / 1000);
  const resident = residentKib(state.pid) / KIB;
  const workers = (workerKib() - before) / SESSIONS / KIB;
  const answered = held.sessions.filter(({ stats }) => stats.answersSent > 0).length;
  const alive = held.alive();
  await held.close();
  return [
    {
      figure: `${SESSIONS} lab sessions for a minute`,
      measured: `${alive} alive, ${answered} answering every ${HEARTBEAT_SECONDS} s; lab ${resident.toFixed(0)} MiB and ${(cpu * 100).toFixed(1)}% of a core for all; a worker process ${workers.toFixed(0)} MiB of its own`,
      ratio: alive / SESSIONS,
      bar: 'all alive, all answering',
      isMet: alive === SESSIONS && answered === SESSIONS,
    },
  ];
}

async function benchBulk(client: SSMClient): Promise<BenchRow> {
  const began = performance.now();
  const { bytes, isWhole } = await printNumbers(client, WEB, LAST_NUMBER);
  const seconds = (performance.now() - began) / 1000;
  return {
    figure: '50 MB through one session',
    measured: `${bytes} bytes, ${isWhole ? 'whole and in order' : 'NOT as sent'}, ${(bytes / 1e6 / seconds).toFixed(1)} MB/s`,
    ratio: isWhole ? 1 : 0,
    bar: 'nothing lost, nothing out of order',
    isMet: isWhole,
  };
}

async function benchCuts(client: SSMClient): Promise<BenchRow> {
  const seed = Math.floor(Math.random() * 2 ** 30);
  const { cuts, bytes, reconnects, isWhole } = await cutSession(client, WEB, { cuts: CUTS, seed });
  return {
    figure: `connection cut ${cuts} times`,
    measured: `${bytes} bytes each way, ${reconnects} reconnects, ${isWhole ? 'nothing lost or doubled' : `NOT as sent, seed ${seed}`}`,
    ratio: isWhole ? 1 : 0,
    bar: 'nothing lost, nothing doubled',
    isMet: isWhole,
  };
}

/** What one silent client may cost: its window of 256 KiB, and the ups and downs of a JavaScript heap. Its program prints gigabytes. */
const SILENCE_BAR_KIB = 32 * KIB;

async function benchSilence(client: SSMClient, state: LabState): Promise<BenchRow> {
  const started = await client.send(new StartSessionCommand({ Target: WEB }));
  const raw = await rawClient(started.StreamUrl ?? '', started.TokenValue ?? '');
  raw.input(3, '{"cols":80,"rows":24}');
  await until('a prompt', () => /[$#] $/.test(raw.text()));
  raw.input(1, 'while :; do echo "as fast as it can"; done\r');
  await until('its output', () => raw.text().includes('can\r\nas'));
  raw.socket.pause();
  const before = residentKib(state.pid);
  let peak = before;
  for (const end = Date.now() + MINUTE_MS; Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    peak = Math.max(peak, residentKib(state.pid));
  }
  const grown = peak - before;
  raw.socket.terminate();
  return {
    figure: 'a client that stops reading for a minute',
    measured: `lab ${(grown / KIB).toFixed(1)} MiB more at its peak`,
    ratio: Math.max(0, grown) / SILENCE_BAR_KIB,
    bar: `≤ ${SILENCE_BAR_KIB / KIB} MiB`,
    isMet: grown <= SILENCE_BAR_KIB,
  };
}

function residentKib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
}

/** Memory that session workers have to themselves. */
function workerKib(): number {
  let sum = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith('ssm-session-wor')) continue;
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
      for (const [, kib] of rollup.matchAll(/^Private_\w+:\s+(\d+)/gm)) sum += Number(kib);
    } catch {
      // Gone meanwhile, or not ours to read.
    }
  }
  return sum;
}

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
