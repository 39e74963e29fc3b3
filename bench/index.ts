import { cpus } from 'node:os';
import Table from 'cli-table3';
import { benchCli } from './cli.ts';
import { benchEntry } from './entry.ts';
import { benchFleet } from './fleet.ts';
import { benchPrompt } from './prompt.ts';
import { benchRelay } from './relay.ts';
import type { BenchRow } from './row.ts';
import { benchSessions } from './sessions.ts';
import { benchTmux } from './tmux.ts';

/** Every bench, by the name that `npm run bench -- NAME` takes. */
const BENCHES: Readonly<Record<string, () => Promise<BenchRow[]>>> = {
  cli: benchCli,
  entry: benchEntry,
  fleet: benchFleet,
  prompt: benchPrompt,
  relay: benchRelay,
  tmux: benchTmux,
  sessions: benchSessions,
};

const args = process.argv.slice(2);
const wanted = args.filter((arg) => !arg.startsWith('--'));
const rows: BenchRow[] = [];
for (const [name, bench] of Object.entries(BENCHES)) {
  if (wanted.length === 0 || wanted.includes(name)) rows.push(...(await bench()));
}
const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}, ${process.platform}`;

if (args.includes('--json')) {
  console.log(JSON.stringify({ machine, rows }, null, 2));
} else {
  const table = new Table({
    head: ['figure', 'measured', 'ratio', 'bar', 'met'],
    style: { head: [], border: [] },
  });
  for (const { figure, measured, ratio, bar, isMet } of rows) {
    table.push([figure, measured, ratio.toFixed(2), bar, isMet ? 'yes' : 'NO']);
  }
  console.log(`${table.toString()}\n${machine}`);
}
