// Measures every figure of bench/*.ts in one run; prints a table, and JSON with --json. Ratios, since machines differ and are shared.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setUp } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
setUp({ tools: true });
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', 'bench/index.ts', ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
