import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type BenchRow, median } from './row.ts';

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const ROUNDS = 15;

/** Start-up of the command line against an empty Node process, interleaved so that a busy moment hits both. */
export async function benchCli(): Promise<BenchRow[]> {
  const commands = { node: ['-e', '0'], help: [CLI, '--help'], render: [CLI, 'render', 'installer'] };
  const times: Record<keyof typeof commands, number[]> = { node: [], help: [], render: [] };
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, args] of Object.entries(commands) as [keyof typeof commands, string[]][]) {
      const start = performance.now();
      const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
      // The first round warms the page cache.
      if (round > 0) times[name].push(performance.now() - start);
    }
  }
  const node = median(times.node);
  return [
    row('CLI --help', median(times.help), node, 1.6),
    row('CLI render', median(times.render), node, 2.5),
  ];
}

function row(figure: string, milliseconds: number, nodeMilliseconds: number, most: number): BenchRow {
  const ratio = milliseconds / nodeMilliseconds;
  return {
    figure,
    measured: `${milliseconds.toFixed(0)} ms, node -e 0 ${nodeMilliseconds.toFixed(0)} ms`,
    ratio,
    bar: `≤ ${most} × node -e 0`,
    isMet: ratio <= most,
  };
}
