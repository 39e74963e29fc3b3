// What --wrap tmux costs: to the prompt, in throughput and echo, and in memory, beside the relay alone and tmux alone.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleOf } from '../test/support/bundle.ts';
import type { BenchRow } from './row.ts';

interface Measured {
  readonly prompt: Record<'plain' | 'relay' | 'tmux' | 'wrapped', number>;
  readonly flood: Record<'relay' | 'tmux' | 'wrapped', number>;
  readonly echo: Record<'tmux' | 'wrapped', number>;
  /** KiB of the client and of the server. */
  readonly memory: readonly [number, number];
}

/** Nothing where there is no tmux. */
export async function benchTmux(): Promise<BenchRow[]> {
  if (!existsSync('/usr/bin/tmux')) return [];
  const folder = mkdtempSync(join(tmpdir(), 'ssmka-bench-'));
  try {
    for (const { path, text } of bundleOf({ wrap: 'tmux' }).files)
      if (['relay.py', 'tmux.sh', 'tmux.conf'].includes(path)) writeFileSync(join(folder, path), text);
    const driver = new URL('tmux-measure.py', import.meta.url).pathname;
    return rowsOf(JSON.parse(execFileSync('python3', [driver, folder], { encoding: 'utf8' })));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsOf({ prompt, flood, echo, memory: [client, server] }: Measured): BenchRow[] {
  const added = prompt.wrapped - prompt.relay;
  const alone = prompt.tmux - prompt.plain;
  return [
    row('login: what the wrapper adds, against tmux alone', added, alone, 'ms', 1.5),
    row('throughput of tmux alone, against tmux in the relay', flood.tmux, flood.wrapped, 'MB/s', 1.1),
    row('throughput of tmux in the relay, against the relay', flood.wrapped, flood.relay, 'MB/s', 1),
    row('echo p50 of tmux in the relay, against tmux alone', echo.wrapped, echo.tmux, 'ms', 1.5),
    row('memory of a tmux client, against its server', client, server, 'KiB', 1.5),
  ];
}

function row(figure: string, value: number, other: number, unit: string, most: number): BenchRow {
  return {
    figure,
    measured: `${value.toFixed(1)} and ${other.toFixed(1)} ${unit}`,
    ratio: value / other,
    bar: `≤ ${most}`,
    isMet: value / other <= most,
  };
}
