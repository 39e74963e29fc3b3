// Sets up what the tests need, lints, then runs every test file with Node's own runner. --long adds the soak and fuzz runs.
// Files that fail are run once more, alone, and named: real terminals and timers on a machine that others share can be late,
// and a test that is red only beside others is a bug to find, not to wait for.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const isLong = args.includes('--long');
const only = args.filter((arg) => !arg.startsWith('--'));

process.chdir(root);
setUp({ tools: true, isLong });

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

/** More than this many are no accident of timing. */
const MOST_RUN_AGAIN = 12;

/** No test takes as long: one that does waits for what never comes, and would keep the others from being told. */
const TEST_TIMEOUT_MS = isLong ? 14_400_000 : 900_000;

/** So many files are named with their time after a run: where to look when it takes too long. */
const SHOWN_SLOWEST = 10;

/** Runs the files, so many at a time. Returns those in which something failed, or undefined where the runner itself broke. */
function runFiles(files, atOnce) {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-'));
  const report = join(folder, 'report.json');
  const reporters = [
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(root, 'scripts/file-outcomes.mjs')}`,
    `--test-reporter-destination=${report}`,
  ];
  const { status } = spawnSync(
    process.execPath,
    [
      '--import',
      'tsx',
      '--test',
      `--test-timeout=${TEST_TIMEOUT_MS}`,
      `--test-concurrency=${atOnce}`,
      ...reporters,
      ...files,
    ],
    { stdio: 'inherit', env: { ...process.env, ...(isLong ? { SSM_KEEPALIVE_TEST_LONG: '1' } : {}) } },
  );
  const { failed, milliseconds } = JSON.parse(
    readFileSync(report, 'utf8') || '{"failed":[],"milliseconds":{}}',
  );
  rmSync(folder, { recursive: true });
  const slowest = Object.entries(milliseconds).sort(([, a], [, b]) => b - a);
  for (const [file, time] of slowest.slice(0, SHOWN_SLOWEST))
    process.stderr.write(`test: ${String(Math.round(time / 1000)).padStart(5)} s  ${file}\n`);
  return status === 0 || failed.length > 0 ? failed : undefined;
}

const files = testFiles('test');
if (files.length === 0) {
  process.stderr.write(`test: no file of test/ has ${only.join(' or ')} in its path\n`);
  process.exit(1);
}
// Files that play dozens of sessions at once get the machine to themselves: a session that is late at its start has timed out.
const isCrowded = (file) => file.startsWith(join('test', 'session'));
const runs = [
  { part: files.filter((file) => !isCrowded(file)), atOnce: availableParallelism() },
  { part: files.filter(isCrowded), atOnce: 1 },
].map(({ part, atOnce }) => (part.length === 0 ? [] : runFiles(part, atOnce)));
const failed = runs.includes(undefined) ? undefined : runs.flat();
if (failed?.length === 0) process.exit(0);
if (failed === undefined || failed.length > MOST_RUN_AGAIN) process.exit(1);
process.stderr.write(`\ntest: once more, alone: ${failed.join(' ')}\n`);
const again = runFiles(failed, 1);
for (const file of failed) {
  const isRed = again === undefined || again.includes(file);
  process.stderr.write(`test: ${isRed ? 'failed twice' : 'UNSTEADY, red once and green alone'}: ${file}\n`);
}
process.exit(again?.length === 0 ? 0 : 1);
