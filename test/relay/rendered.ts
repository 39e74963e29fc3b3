import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { joinRelay } from '../../src/bundle/relay.ts';
import { someOf } from '../support/turns.ts';

/** The relay's text as an instance gets it, with its comments. */
export const relayText: string = joinRelay({ wrap: 'tmux' });

const folder = mkdtempSync(join(tmpdir(), 'ssmka-relay-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a relay to a file of its own, gone when the test file ends; another Python may be reading an earlier one. */
export function writeRelay(name: string, text: string = relayText): string {
  const path = join(folder, name);
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
  return path;
}

/** One of the Python programs beside this file. */
export function pathOf(name: string): string {
  return new URL(name, import.meta.url).pathname;
}

export interface Python {
  readonly path: string;
  readonly version: string;
  /** What isolates it from the user's environment; 2.7 has no -I. */
  readonly flags: readonly string[];
}

/** Every Python here that the relay supports, oldest first, one per version. */
export function findPythons(): readonly Python[] {
  const root = join(homedir(), '.pyenv', 'versions');
  const candidates = ['/usr/bin/python3', '/usr/bin/python2.7', '/usr/bin/python'];
  if (existsSync(root))
    candidates.push(...readdirSync(root).map((name) => join(root, name, 'bin', 'python')));
  const found = new Map<string, Python>();
  for (const path of candidates.filter((candidate) => existsSync(candidate))) {
    const version = execFileSync(
      path,
      ['-c', 'import sys; sys.stdout.write("%d.%d" % sys.version_info[:2])'],
      { encoding: 'utf8' },
    );
    if (!found.has(version)) {
      found.set(version, { path, version, flags: version < '3' ? ['-E', '-s', '-S'] : ['-I', '-S'] });
    }
  }
  return [...found.values()].sort((a, b) => a.version.localeCompare(b.version, 'en', { numeric: true }));
}

/** The oldest, which is another language, the newest, and one of the others by turns; all in the long run. */
export function pythonsInTurn(): readonly Python[] {
  const [oldest, ...others] = findPythons();
  const newest = others.pop();
  return [oldest, ...someOf(others, 1), newest].filter((python) => python !== undefined);
}

/** Runs a program to its end; its exit code and everything it printed. */
export function run(path: string, argv: readonly string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile(path, argv, { encoding: 'utf8', maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: stdout + stderr });
    });
  });
}

/** A case of live.py with the relay on this Python. */
export interface LiveTask {
  readonly python: Python;
  readonly name: string;
}

/** Holds them, driven by a Python 3, with a relay that is written once: each Python compiles it once. Why each does not hold, or nothing. */
export async function holdLive(driver: Python, tasks: readonly LiveTask[]): Promise<readonly string[]> {
  const argv = tasks.map(({ python, name }) => [python.path, ...python.flags, name].join(' '));
  const { text } = await run(driver.path, [pathOf('live.py'), writeRelay('relay.py'), ...argv]);
  const told = new Map<string, string>();
  for (const line of text.split('\n').filter((each) => each.startsWith('{'))) {
    const { task, why } = JSON.parse(line) as { task: string; why: string };
    told.set(task, why);
  }
  return argv.map((task) => told.get(task) ?? `not told:\n${text}`);
}
