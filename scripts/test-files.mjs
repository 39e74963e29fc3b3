// Runs test files, each in a process of its own, and tells how it goes while it goes.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPORTER = fileURLToPath(new URL('test-outcome.mjs', import.meta.url));

/** After so long without a line, the files that run are named. */
const NEWS_MS = 20_000;

/**
 * @typedef {object} Result
 * @property {string} file
 * @property {number} seconds
 * @property {boolean} isRed
 * @property {number} passed
 * @property {number} skipped
 * @property {string[]} failed names of tests
 */

/** More red files than this are no accident of timing, and are not run a second time. */
const MOST_LONE_RUNS = 8;

/**
 * Runs the files, then each red one once more, alone. That second run only says whether a file is red by itself or beside others:
 * a file that was red stays red.
 * @param {string[]} files
 * @param {Parameters<typeof runFiles>[1]} options
 * @returns {Promise<Result[]>} of the first run
 */
export async function runFilesAndRedOnesAlone(files, options) {
  const results = await runFiles(files, options);
  const red = results.filter(({ isRed }) => isRed).map(({ file }) => file);
  if (red.length === 0 || red.length > MOST_LONE_RUNS || files.length === 1) return results;
  process.stdout.write('\ntest: each red file once more, alone\n');
  for (const { file, isRed } of await runFiles(red, { ...options, atOnce: 1 }))
    process.stdout.write(
      `test: ${isRed ? 'red alone too' : 'UNSTEADY, red once and green alone'}: ${file}\n`,
    );
  return results;
}

/**
 * Runs the files in their order, `atOnce` at a time, and prints a line for each that has ended, with its whole output where it is red.
 * A file that is not over after `limitSeconds` is ended with all its processes, and red.
 * @param {string[]} files
 * @param {{ atOnce: number, limitSeconds: number, pathOf: (file: string) => string, env?: Record<string, string> }} options
 * @returns {Promise<Result[]>}
 */
async function runFiles(files, { atOnce, limitSeconds, pathOf, env = {} }) {
  /** @type {Result[]} */
  const results = [];
  /** @type {Map<string, { pid: number, startedAt: number }>} */
  const running = new Map();
  const waiting = [...files];
  let toldAt = Date.now();
  const say = (/** @type {string} */ text) => {
    toldAt = Date.now();
    process.stdout.write(text);
  };
  const news = setInterval(() => {
    if (Date.now() - toldAt < NEWS_MS) return;
    const names = [...running].map(([file, { startedAt }]) => `${file} (${secondsSince(startedAt)} s)`);
    say(`${' '.repeat(11)}running: ${names.join(', ')}\n`);
  }, 1000);
  const endAll = () => {
    for (const { pid } of running.values()) endGroup(pid);
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, endAll);

  async function work() {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const { output, ...result } = await runFile(file, pathOf(file), limitSeconds, env, (pid) => {
        running.set(file, { pid, startedAt: Date.now() });
      });
      running.delete(file);
      results.push(result);
      const place = `[${String(results.length).padStart(3)}/${files.length}]`;
      const time = `${result.seconds.toFixed(1).padStart(6)} s`;
      say(`${place} ${time}  ${result.isRed ? 'RED' : ' ok'}  ${file}\n${result.isRed ? output : ''}`);
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work));
  clearInterval(news);
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, endAll);
  return results;
}

const secondsSince = (/** @type {number} */ at) => Math.round((Date.now() - at) / 1000);

/** Its processes too: a file is the leader of its own group. */
function endGroup(/** @type {number} */ pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

/**
 * @param {string} file
 * @param {string} path of its bundle
 * @param {number} limitSeconds
 * @param {Record<string, string>} env
 * @param {(pid: number) => void} onStart
 * @returns {Promise<Result & { output: string }>}
 */
async function runFile(file, path, limitSeconds, env, onStart) {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-'));
  const report = join(folder, 'outcome.json');
  const startedAt = Date.now();
  const child = spawn(
    process.execPath,
    [
      ...['--enable-source-maps', '--test-reporter=spec', '--test-reporter-destination=stdout'],
      ...[`--test-reporter=${REPORTER}`, `--test-reporter-destination=${report}`, path],
    ],
    { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } },
  );
  onStart(child.pid ?? 0);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  let isOverdue = false;
  const limit = setTimeout(() => {
    isOverdue = true;
    if (child.pid) endGroup(child.pid);
  }, limitSeconds * 1000);
  const status = await new Promise((resolve) => {
    // Not 'close': a process that the file left behind may hold the pipe.
    child.once('exit', resolve);
    child.once('error', resolve);
  });
  clearTimeout(limit);
  if (isOverdue)
    output += `\n${file}: not over after ${limitSeconds} s, so it was ended. If its tests above are green, something keeps its process alive.\n`;
  const outcome = readOutcome(report);
  rmSync(folder, { recursive: true });
  const isRed = status !== 0 || outcome === undefined || outcome.failed.length > 0;
  return {
    file,
    seconds: (Date.now() - startedAt) / 1000,
    isRed,
    output,
    ...(outcome ?? { passed: 0, skipped: 0, failed: [] }),
  };
}

/** Undefined where the process ended before its tests did. */
function readOutcome(/** @type {string} */ path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
