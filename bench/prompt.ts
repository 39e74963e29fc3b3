// What the prompt keeper costs: each prompt of a kept shell against a plain one, memory and wake-ups of the helper.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isFish, prompt, type Shell, shells } from '../test/shells/support/shells.ts';
import { Terminal, type TerminalOptions } from '../test/shells/support/terminal.ts';
import { childrenOf } from '../test/support/processes.ts';
import { type BenchRow, median } from './row.ts';

const PAIRS = 9;
const PROMPTS = 400;
const MOST_MICROSECONDS = 50;
const MOST_KIB = 1024;
/** Three ticks an interval, and one more where a busy machine was late. */
const MOST_WAKES = 320;

/** Forks and time per prompt, and what helper and its sleep hold for themselves, at the default interval. */
export async function benchPrompt(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const shell of shells.filter(({ name }) => name !== 'bash as sh'))
    rows.push(...(await benchShell(shell)));
  return rows;
}

async function benchShell(shell: Shell): Promise<BenchRow[]> {
  const kept = new Terminal({ shell, intervalSeconds: 45 });
  const edit: TerminalOptions['edit'] = (file, text) => (file === shell.template ? '' : text);
  const plain = new Terminal({ shell, intervalSeconds: 45, edit });
  try {
    await Promise.all([kept.ready(), plain.ready()]);
    const rows = [await measureTime(shell, kept, plain), await measureForks(shell, kept)];
    // The helper is the same file for every shell.
    return shell.name === 'bash' ? [...rows, await measureMemory(kept), await measureWakes()] : rows;
  } finally {
    await Promise.all([kept.close(), plain.close()]);
  }
}

/** Types that many empty lines at once and waits for the last prompt. */
async function timePrompts(t: Terminal): Promise<number> {
  const from = t.raw.length;
  const start = performance.now();
  t.type('\r'.repeat(PROMPTS));
  await t.until('prompts', () => t.raw.slice(from).split(prompt).length > PROMPTS);
  return ((performance.now() - start) * 1000) / PROMPTS;
}

async function measureTime(shell: Shell, kept: Terminal, plain: Terminal): Promise<BenchRow> {
  await timePrompts(kept);
  await timePrompts(plain);
  const times = { kept: [] as number[], plain: [] as number[] };
  for (let pair = 0; pair < PAIRS; pair++) {
    times.plain.push(await timePrompts(plain));
    times.kept.push(await timePrompts(kept));
  }
  const [with_, without] = [median(times.kept), median(times.plain)];
  // Of neighbours: a busy moment slows both of a pair.
  const cost = Math.max(0, median(times.kept.map((time, pair) => time - times.plain[pair]!)));
  return {
    figure: `prompt keeper in ${shell.name}, time per prompt`,
    measured: `+${cost.toFixed(1)} µs (${with_.toFixed(0)} µs, plain ${without.toFixed(0)} µs)`,
    ratio: with_ / without,
    bar: `≤ ${MOST_MICROSECONDS} µs more`,
    isMet: cost <= MOST_MICROSECONDS,
  };
}

async function measureForks(shell: Shell, kept: Terminal): Promise<BenchRow> {
  const strace = spawn('strace', ['-f', '-e', 'trace=fork,vfork,clone,clone3', '-p', String(kept.pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  strace.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  await kept.until('strace attached', () => log.includes('attached') || strace.exitCode !== null);
  await timePrompts(kept);
  // A fork of ours that must be seen: a count of 0 by a strace that sees nothing would be worth nothing.
  await kept.ask(isFish(shell) ? '(/bin/true; echo x)' : '"$(/bin/true)"');
  strace.kill('SIGINT');
  if (strace.exitCode === null) await once(strace, 'close');
  // Threads are no processes: fish draws with some.
  const forks =
    log.split('\n').filter((line) => /\b(fork|vfork|clone3?)\(/.test(line) && !line.includes('CLONE_THREAD'))
      .length - 1;
  if (forks < 0) throw new Error(`strace saw nothing: ${log}`);
  return {
    figure: `prompt keeper in ${shell.name}, forks per prompt`,
    measured: `${forks} in ${PROMPTS} prompts`,
    ratio: forks / PROMPTS,
    bar: '0',
    isMet: forks === 0,
  };
}

/** Private pages in KiB. */
function privateKib(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...text.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB/gm)].reduce(
    (sum, [, kib]) => sum + Number(kib),
    0,
  );
}

async function measureMemory(kept: Terminal): Promise<BenchRow> {
  const helper = await kept.helper();
  await kept.until('its sleep', () => childrenOf(helper).length === 1);
  const [own, sleep] = [privateKib(helper), privateKib(childrenOf(helper)[0]!)];
  return {
    figure: 'prompt helper, private memory',
    measured: `${own + sleep} KiB (helper ${own}, its sleep ${sleep})`,
    ratio: (own + sleep) / MOST_KIB,
    bar: `≤ ${MOST_KIB} KiB`,
    isMet: own + sleep <= MOST_KIB,
  };
}

/** Starts of a process by the helper in a few ticks of one second each; a tick is a third of the interval, so 240 an hour by default. */
async function measureWakes(): Promise<BenchRow> {
  const shell = shells[0]!;
  const t = new Terminal({ shell, intervalSeconds: 3 });
  try {
    await t.ready();
    const strace = spawn('strace', ['-f', '-e', 'trace=execve', '-p', String(await t.helper())], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    strace.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
    await t.until('strace attached', () => log.includes('attached'));
    const count = (name: string) => log.split(`/${name}", [`).length - 1;
    const [sleeps, queries] = [count('sleep'), t.queries];
    await t.heartbeats(4);
    const [ticks, beats] = [count('sleep') - sleeps, t.queries - queries];
    strace.kill('SIGINT');
    if (strace.exitCode === null) await once(strace, 'close');
    const perHour = (ticks / beats) * 80;
    return {
      figure: 'prompt helper, wake-ups per hour at 45 s',
      measured: `${perHour.toFixed(0)} (${ticks} in ${beats} heartbeats; 80 heartbeats an hour)`,
      ratio: perHour / MOST_WAKES,
      bar: `≤ ${MOST_WAKES}`,
      isMet: perHour <= MOST_WAKES,
    };
  } finally {
    await t.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.table(await benchPrompt());
