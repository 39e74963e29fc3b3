// Sets up what the tests need, lints, then runs every test file with Node's own runner. --long adds the soak and fuzz runs.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const isLong = args.includes('--long');
const only = args.filter((arg) => !arg.startsWith('--'));

process.chdir(root);
setUp({ tools: true });

function run(command, commandArgs, env = {}) {
  const { status } = spawnSync(command, commandArgs, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
}

/** Every *.test.ts below test/, sorted; *.long.test.ts only with --long. */
function testFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => name.endsWith('.test.ts') && (isLong || !name.endsWith('.long.test.ts')))
    .filter((name) => only.length === 0 || only.some((word) => name.includes(word)))
    .sort();
}

if (only.length === 0) {
  run('npx', ['--no-install', 'biome', 'check', '.']);
  run('npx', ['--no-install', 'tsc', '--noEmit']);
}
run(
  process.execPath,
  ['--import', 'tsx', '--test', '--test-concurrency=2', '--test-reporter=spec', ...testFiles('test')],
  isLong ? { SSM_KEEPALIVE_TEST_LONG: '1' } : {},
);
