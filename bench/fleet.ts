import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HostSpec, startLab } from '../src/lab/index.ts';
import type { BenchRow } from './row.ts';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const SIZES = [100, 1000, 10_000] as const;
/** What a page of results costs [the bar's own figure]. */
const PAGE_LATENCY_SECONDS = 0.08;
const LONGEST_HOST_SECONDS = 3;
/** The CLI's longest pause between two polls. */
const LONGEST_POLL_SECONDS = 15;

const REPORT = `${JSON.stringify({ 'ssm-keepalive': 1, verdict: 'installed', version: '0', keeper: 'relay', entries: { env: 'live' }, restart: 'not-needed' })}\n${'text for people\n'.repeat(40)}`;

/** One host in a hundred of every class fails; the others take up to three seconds. Seeded, so that every run meets the same fleet. */
function makeFleet(size: number): HostSpec[] {
  const outcomes = ['Failed', 'Undeliverable', 'AccessDenied', 'InvalidPlatform'] as const;
  let seed = 7;
  const random = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  return Array.from({ length: size }, (_, index) => {
    const outcome = outcomes[index % 100] ?? 'Success';
    return {
      name: `host-${index}`,
      id: `i-0${String(index).padStart(16, '0')}`,
      tags: { env: 'dev' },
      synthetic: {
        outcome,
        stdout: outcome === 'Success' ? REPORT : '',
        latencySeconds: random() * LONGEST_HOST_SECONDS,
      },
    };
  });
}

interface Run {
  readonly size: number;
  readonly calls: number;
  readonly polls: number;
  readonly peakMiB: number;
  /** From the end of the last host to the end of the command. */
  readonly reportSeconds: number;
}

// The peak of a child is known to whoever waits for it, and Node cannot ask.
const MEASURE = `
import json, resource, subprocess, sys
child = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
sys.stderr.write(child.stderr.decode()[-2000:] if child.returncode not in (0, 1) else '')
print(json.dumps({'code': child.returncode, 'bytes': len(child.stdout), 'kib': resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}))
`;

function runMeasured(argv: readonly string[]): Promise<{ code: number; kib: number }> {
  return new Promise((resolve, reject) => {
    const env = {
      ...process.env,
      AWS_ACCESS_KEY_ID: 'lab',
      AWS_SECRET_ACCESS_KEY: 'lab',
      AWS_REGION: 'us-east-1',
    };
    execFile('python3', ['-c', MEASURE, ...argv], { env, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error || stderr) reject(error ?? new Error(stderr));
      else resolve(JSON.parse(stdout));
    });
  });
}

async function measureFleet(size: number): Promise<Run> {
  const dir = mkdtempSync(join(tmpdir(), 'ssm-keepalive-bench-'));
  const lab = await startLab({
    dir,
    hosts: makeFleet(size),
    pageLatencySeconds: PAGE_LATENCY_SECONDS,
    timeoutScale: 0.05,
    port: 0,
  });
  try {
    const { code, kib } = await runMeasured([
      process.execPath,
      CLI,
      'install',
      '--tag',
      'env=dev',
      '--no-canary',
      '--no-restart',
      '--max-concurrency',
      '100%',
      '--max-errors',
      '100%',
      '--endpoint-url',
      lab.endpoint,
      '--output',
      'json',
      '--yes',
    ]);
    const endedAt = Date.now();
    if (code !== 1) throw new Error(`the install of ${size} hosts ended with ${code}`);
    const calls = lab.requests;
    await lab.stop();
    const lastHostAt = readLastEnd(join(dir, 'records.json'));
    return {
      size,
      calls: calls.length,
      polls: calls.filter(({ operation }) => operation === 'ListCommands').length,
      peakMiB: kib / 1024,
      reportSeconds: (endedAt - lastHostAt) / 1000,
    };
  } finally {
    await lab.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** When the last host ended, from what the lab wrote down. */
function readLastEnd(path: string): number {
  const { commands } = JSON.parse(readFileSync(path, 'utf8')) as {
    commands: { invocations: { endedAt: number }[] }[];
  };
  return commands
    .flatMap(({ invocations }) => invocations)
    .reduce((last, { endedAt }) => Math.max(last, endedAt), 0);
}

/** Installs on fleets of synthetic hosts through the command line: calls, memory, and how soon the report comes. */
export async function benchFleet(): Promise<BenchRow[]> {
  const runs: Run[] = [];
  for (const size of SIZES) runs.push(await measureFleet(size));
  const smallest = runs[0]!;
  return runs.flatMap((run) => {
    const pages = Math.ceil(run.size / 50);
    const most = 4 + pages + run.polls;
    const slowest = LONGEST_POLL_SECONDS + pages * PAGE_LATENCY_SECONDS;
    return [
      {
        figure: `fleet of ${run.size}: API calls`,
        measured: `${run.calls}, of them ${run.polls} polls`,
        ratio: run.calls / most,
        bar: `≤ 4 + ${pages} pages + polls`,
        isMet: run.calls <= most,
      },
      {
        figure: `fleet of ${run.size}: last host to report`,
        measured: `${run.reportSeconds.toFixed(1)} s`,
        ratio: run.reportSeconds / slowest,
        bar: '≤ one poll + pages × 80 ms',
        isMet: run.reportSeconds <= slowest,
      },
      {
        figure: `fleet of ${run.size}: peak memory of the CLI`,
        measured: `${run.peakMiB.toFixed(0)} MiB`,
        ratio: run.peakMiB / smallest.peakMiB,
        bar: '≤ 1.3 × that of 100',
        isMet: run.peakMiB / smallest.peakMiB <= 1.3,
      },
    ];
  });
}
