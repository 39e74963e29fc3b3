import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { joinRelay } from '../src/bundle/relay.ts';
import type { BenchRow } from './row.ts';

interface Measured {
  readonly throughput: readonly {
    against: string;
    text: string;
    ratio: number;
    relay: number;
    other: number;
  }[];
  /** Milliseconds from Ctrl-C to the prompt with the relay and without, for each pattern. */
  readonly hostile: readonly (readonly [pattern: string, relay: number, plain: number])[];
  readonly latency: Record<'relay' | 'script', readonly [number, number]>;
  readonly memory: { relay: number; flooded: number; compiled: number; bare: number };
  readonly startup: readonly [number, number, number, number];
}

/**
 * Measures the relay beside `script -q`, tmux and the bare interpreter in one run, about a minute.
 * Ratios only: both sides of each meet the same machine at the same time.
 */
export async function benchRelay(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ssmka-bench-'));
  try {
    const relay = join(folder, 'relay.py');
    writeFileSync(relay, joinRelay({ wrap: 'none' }));
    const driver = new URL('relay-measure.py', import.meta.url).pathname;
    return rowsOf(
      JSON.parse(execFileSync('python3', [driver, relay], { encoding: 'utf8', maxBuffer: 1 << 26 })),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsOf({ throughput, hostile, latency, memory, startup }: Measured): BenchRow[] {
  const rows: BenchRow[] = [];
  for (const { against, text, ratio, relay, other } of throughput) {
    const least = against === 'script' ? 0.9 : 2;
    rows.push({
      figure: `relay throughput, ${text}, against ${against}`,
      measured: `${relay.toFixed(0)} and ${other.toFixed(0)} MB/s`,
      ratio,
      bar: `≥ ${least}`,
      isMet: ratio >= least,
    });
  }
  for (const [pattern, relay, plain] of hostile) {
    rows.push({
      figure: `Ctrl-C to prompt in 200 KB of ${pattern}, against plain`,
      measured: `${relay.toFixed(0)} and ${plain.toFixed(0)} ms`,
      ratio: relay / plain,
      bar: '≤ plain + 200 ms',
      isMet: relay <= plain + 200,
    });
  }
  for (const [index, name] of ['p50', 'p95'].entries()) {
    const [relay, script] = [latency.relay[index]!, latency.script[index]!];
    rows.push({
      figure: `relay echo ${name}, against script`,
      measured: `${relay.toFixed(3)} and ${script.toFixed(3)} ms`,
      ratio: relay / script,
      bar: '≤ 1.1',
      isMet: relay / script <= 1.1,
    });
  }
  for (const [name, kib, most] of [
    ['at rest', memory.relay, 1.25],
    ['after a flood', memory.flooded, 1.25],
    ['at rest, compiled', memory.compiled, 1],
  ] as const) {
    rows.push({
      figure: `relay memory ${name}, against the bare interpreter`,
      measured: `${kib} and ${memory.bare} KiB`,
      ratio: kib / memory.bare,
      bar: `≤ ${most}`,
      isMet: kib / memory.bare <= most,
    });
  }
  const [source, compiled, plain, python] = startup;
  for (const [name, took] of [
    ['', source],
    [', compiled', compiled],
  ] as const) {
    rows.push({
      figure: `prompt appears: what the relay adds${name}, against python3 -c pass`,
      measured: `${(took - plain).toFixed(1)} and ${python.toFixed(1)} ms`,
      ratio: (took - plain) / python,
      bar: '≤ 1.5',
      isMet: (took - plain) / python <= 1.5,
    });
  }
  return rows;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.table(await benchRelay());
}
