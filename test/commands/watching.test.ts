// What a person sees while a run goes on: a bar that fits the terminal, plain lines where there is none, colours only where wanted.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { drawBar } from '../../src/commands/deliver/progress.ts';
import type { HostSpec } from '../../src/lab/index.ts';
import { hosts } from '../fleet/push-rig.ts';
import { CLI, runCli } from '../support/cli.ts';
import { startTestLab } from '../support/lab.ts';
import { LocalPty } from '../support/pty.ts';
import { someOf } from '../support/turns.ts';

const ESC = '\x1b';
const INSTALL = 'install --tag env=dev --yes --max-concurrency 100% --max-errors 100%';
const ALONE = `${INSTALL} --no-canary`;
type Answers = NonNullable<HostSpec['synthetic']>;
const SLOW: readonly Answers[] = Array.from({ length: 27 }, () => ({ latencySeconds: 4 }));
const FLEET: readonly Answers[] = [{}, {}, {}, ...SLOW];
const FEW: readonly Answers[] = [{ latencySeconds: 1 }, {}, { outcome: 'Undeliverable' }];

interface Seen {
  readonly status: number;
  readonly raw: string;
  /** Every state that a line of the screen went through, without the sequences that put it there. */
  readonly lines: readonly string[];
}

interface Watching {
  readonly fleet?: readonly Answers[];
  readonly columns?: number;
  readonly words?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Puts its output somewhere else, as a shell would. */
  readonly into?: string;
}

/** Runs the command line on a terminal of its own. */
async function watch(
  context: TestContext,
  { fleet = FLEET, columns = 80, words = INSTALL, env = {}, into = '' }: Watching,
): Promise<Seen> {
  const lab = await startTestLab(context, { hosts: hosts(...fleet) });
  const pty = new LocalPty({
    file: '/bin/sh',
    args: ['-c', `exec "$@" ${into}`, 'sh', process.execPath, CLI, ...words.split(' ')],
    cols: columns,
    rows: 24,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: '/nonexistent',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...lab.env,
      ...env,
    },
  });
  context.after(() => pty.kill());
  const status = await pty.exited();
  const { raw } = pty;
  const lines = raw
    .split(/[\r\n]|\x1b\[\d*G/)
    .map((line) => line.replace(/\x1b\[[0-9;?]*[A-Za-z]|\x1b[78]/g, ''));
  return { status, raw, lines };
}

const bars = ({ lines }: Seen) =>
  lines.filter((line) => /^(first instance|instances) .*\d+\/\d+$/.test(line));

describe('watching', { concurrency: 3 }, () => {
  test('watching: the bar and its counters stay in one line of any terminal, and leave the screen clean', async (context) => {
    const widths = someOf([80, 48, 24], 1);
    const all = await Promise.all(widths.map((columns) => watch(context, { columns, words: ALONE })));
    for (const [index, seen] of all.entries()) {
      const columns = widths[index] ?? 0;
      assert.equal(seen.status, 0, seen.raw);
      const drawn = bars(seen);
      assert.ok(
        drawn.some((line) => line.endsWith('3/30')),
        seen.raw,
      );
      for (const line of drawn) assert.ok([...line].length < columns, `${[...line].length}: ${line}`);
      assert.equal(
        drawn.some((line) => /[█░]/.test(line)),
        columns >= 48,
        drawn.join('\n'),
      );
      // It is wiped.
      const rest = seen.raw.slice(seen.raw.lastIndexOf(`${ESC}[0J`));
      assert.match(rest, /30 instances; each one/);
      assert.doesNotMatch(rest, /\d+\/\d+/);
    }
  });

  test('watching: many hosts are summed up as groups, in 80 columns and in 50', async (context) => {
    const widths = someOf([80, 50], 1);
    const fleet = [...FLEET, { outcome: 'Undeliverable' as const }];
    const all = await Promise.all(widths.map((columns) => watch(context, { columns, fleet, words: ALONE })));
    for (const [index, { lines, raw }] of all.entries()) {
      const report = lines.slice(lines.findIndex((line) => line.startsWith('COUNT ')));
      const table = report.slice(
        0,
        report.findIndex((line) => line.startsWith('31 instances')),
      );
      assert.ok(
        table.some((line) => /^30 +installed /.test(line)),
        raw,
      );
      assert.ok(
        table.some((line) => /^1 +failed /.test(line)),
        raw,
      );
      for (const line of table) assert.ok(line.length <= (widths[index] ?? 0), `${line.length}: ${line}`);
    }
  });

  test('watching: a few hosts get a table that fits 80 columns, and less of it in narrower ones', async (context) => {
    const widths = someOf([80, 60, 44], 1);
    const all = await Promise.all(
      widths.map((columns) => watch(context, { columns, fleet: FEW, words: ALONE })),
    );
    for (const [index, { lines, raw }] of all.entries()) {
      const columns = widths[index] ?? 0;
      const table = lines.filter((line) => /^(INSTANCE|i-\w{17}) /.test(line));
      assert.equal(table.length, 4, raw);
      for (const line of table) assert.ok(line.length <= columns, `${line.length}: ${line}`);
      assert.equal(/ KEEPER +ENTRIES /.test(table[0] ?? ''), columns === 80, table[0]);
      assert.equal(/ NAME /.test(table[0] ?? ''), columns >= 60, table[0]);
    }
  });

  test('watching: the width of the bar is that of the terminal it is drawn on, wherever the report goes', async (context) => {
    const seen = await watch(context, { columns: 48, words: `${INSTALL} --output json`, into: '>/dev/null' });
    const drawn = bars(seen);
    assert.ok(
      drawn.some((line) => /[█░]/.test(line)),
      seen.raw,
    );
    for (const line of drawn) assert.ok([...line].length < 48, `${[...line].length}: ${line}`);
  });

  test('watching: colours tell good from bad, and NO_COLOR, --no-color and a dumb terminal have none', async (context) => {
    const watchFew = (more: Watching) => watch(context, { fleet: FEW, words: ALONE, ...more });
    const COLOUR = /\x1b\[3\dm/;
    const chosen = someOf<Watching>(
      [{ env: { NO_COLOR: '1' } }, { words: `${ALONE} --no-color` }, { env: { TERM: 'dumb' } }],
      1,
    );
    const [plain, ...others] = await Promise.all([{}, ...chosen].map(watchFew));
    assert.match(plain?.raw ?? '', COLOUR);
    for (const [at, { raw, lines }] of others.entries()) {
      assert.doesNotMatch(raw, COLOUR);
      if (chosen[at]?.env?.['TERM'] !== 'dumb') continue;
      assert.ok(!raw.includes(ESC), raw);
      assert.ok(lines.includes('instances: 3 of 3 done'), raw);
    }
  });

  test('watching: plain lines where stderr is no terminal, one for each change, none with --quiet', async (context) => {
    const run = async (words: string) => {
      const lab = await startTestLab(context, { hosts: hosts(...FLEET) });
      return (await runCli(words.split(' '), lab.env)).stderr;
    };
    const [stderr, quiet] = await Promise.all([run(INSTALL), run(`${INSTALL} --quiet`)]);
    assert.ok(!stderr.includes(ESC) && !stderr.includes('\r'), JSON.stringify(stderr));
    const lines = stderr.trim().split('\n');
    assert.match(lines[0] ?? '', /^first instance: i-\w{17}$/);
    assert.ok(lines.includes('then the others') && lines.includes('instances: 30 of 30 done'), stderr);
    assert.equal(new Set(lines).size, lines.length, 'no line comes twice');
    assert.equal(quiet, '');
  });
});

test('watching: a bar needs room for six cells; with less the counters stand alone', () => {
  assert.equal(drawBar('instances', 25, 100, 80), `instances      ${'█'.repeat(10)}${'░'.repeat(30)} 25/100`);
  assert.equal(drawBar('instances', 10_000, 10_000, 60).length, 59);
  assert.equal(drawBar('instances', 25, 100, 29), 'instances 25/100');
});
