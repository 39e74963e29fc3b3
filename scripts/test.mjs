// `npm test [-- WORD…]`: sets up what the tests need, lints, then runs every test file (with words: those whose path has one).
//   --long         the soak and fuzz runs too
//   --portable     only what needs no Linux: settings, the command line, policies
//   --no-packages  installs no Debian packages; tests of what is missing are skipped
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildTests } from './build-tests.mjs';
import { lint } from './lint.mjs';
import { setUp } from './setup.mjs';
import { runFilesAndRedOnesAlone } from './test-files.mjs';

/** How the paths of such files begin. */
const PORTABLE = ['test/cli/', 'test/settings.test.ts', 'test/policy/document.test.ts'];

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const isLong = args.includes('--long');
const isPortable = args.includes('--portable');
const words = args.filter((arg) => !arg.startsWith('--'));

/** A file that takes longer waits for something that never comes. On a quiet machine none takes more than half of it. */
const LIMIT_SECONDS = isLong ? 14_400 : 120;
/** So many files and folders are named with their time after a run. */
const SHOWN_SLOWEST = 10;
/** How long each file took here the last time. */
const TIMES = join(root, 'node_modules/.ssm-keepalive-test-times.json');

process.chdir(root);
setUp({ tools: !isPortable, isLong, withPackages: !args.includes('--no-packages') });
// Tests speak to this machine alone, and each Node that reads these takes a quarter longer to start.
delete process.env['NODE_EXTRA_CA_CERTS'];

/** Every *.test.ts below test/; *.long.test.ts only with --long. */
function listFiles() {
  const all = readdirSync('test', { recursive: true })
    .map((name) => join('test', String(name)))
    .filter((name) => name.endsWith('.test.ts') && (isLong || !name.endsWith('.long.test.ts')))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)));
  return all
    .filter((name) => !isPortable || PORTABLE.some((start) => name.startsWith(start)))
    .sort()
    .reverse();
}

/**
 * The longest first, so that none of them is left for the end. A file that never ran here counts as the longest; of those the
 * first by name, which are short, come last.
 */
function orderByTime(files) {
  const times = readTimes();
  const secondsOf = (file) => times[file] ?? LIMIT_SECONDS;
  return files.toSorted((a, b) => secondsOf(b) - secondsOf(a));
}

function readTimes() {
  return existsSync(TIMES) ? JSON.parse(readFileSync(TIMES, 'utf8')) : {};
}

function keepTimes(results) {
  const times = Object.fromEntries(results.map(({ file, seconds }) => [file, seconds]));
  writeFileSync(TIMES, JSON.stringify({ ...readTimes(), ...times }));
}

const say = (line) => process.stdout.write(`${line}\n`);

/** @param {[name: string, seconds: number][]} rows */
function sayTimes(title, rows) {
  say(`\n${title}`);
  for (const [name, seconds] of rows.sort(([, a], [, b]) => b - a).slice(0, SHOWN_SLOWEST))
    say(`${seconds.toFixed(1).padStart(8)} s  ${name}`);
}

const folderOf = (file) => file.split('/').slice(0, -1).slice(0, 2).join('/');
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

const startedAt = Date.now();
const files = listFiles();
if (files.length === 0) {
  process.stderr.write(`test: no file of test/ has ${words.join(' or ')} in its path\n`);
  process.exit(1);
}
/** More than there are cores: files wait for heartbeats and restarts. */
const atOnce = availableParallelism() + 2;
const hosts = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'ssm-keepalive-test-hosts-'));
process.on('exit', () => rmSync(hosts, { recursive: true, force: true }));
// Which rows of their tables the tests take today (test/support/turns.ts); said, so that a run can be repeated.
const seed = process.env['SSM_KEEPALIVE_TEST_SEED'] ?? String(Math.floor(Date.now() / 86_400_000));
const env = {
  SSM_KEEPALIVE_TEST_HOSTS: hosts,
  SSM_KEEPALIVE_TEST_SEED: seed,
  ...(isLong ? { SSM_KEEPALIVE_TEST_LONG: '1' } : {}),
};
say(`test: ${files.length} files, ${atOnce} at a time, at most ${LIMIT_SECONDS} s each`);
say(`test: tables begin at row ${seed}: SSM_KEEPALIVE_TEST_SEED=${seed} repeats it`);
const pathOf = await buildTests(files);
const [results, unclean] = await Promise.all([
  runFilesAndRedOnesAlone(orderByTime(files), { atOnce, limitSeconds: LIMIT_SECONDS, pathOf, env }),
  words.length === 0 && !isPortable
    ? lint([
        ['biome', 'check', '.'],
        ['tsc', '--noEmit'],
      ])
    : [],
]);
keepTimes(results);

sayTimes(
  'slowest files',
  results.map(({ file, seconds }) => [file, seconds]),
);
sayTimes(
  'file-seconds by folder',
  [...new Set(files.map(folderOf))].map((folder) => [
    folder,
    sum(results.filter(({ file }) => folderOf(file) === folder).map(({ seconds }) => seconds)),
  ]),
);
const failed = results
  .filter(({ isRed }) => isRed)
  .flatMap(({ file, failed: names }) =>
    (names.length > 0 ? names : ['(the file as a whole)']).map((name) => `${file}: ${name}`),
  );
failed.push(...unclean);
if (failed.length > 0) say(`\nred\n${failed.map((name) => `  ${name}`).join('\n')}`);
const [passed, skipped] = [sum(results.map((one) => one.passed)), sum(results.map((one) => one.skipped))];
say(`\nin ${Math.round((Date.now() - startedAt) / 1000)} s:`);
say(`${passed} passed, ${failed.length} failed, ${skipped} skipped`);
process.exit(failed.length === 0 ? 0 : 1);
