import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../src/clock.ts';
import { COMMANDS } from '../src/commands/index.ts';
import { runCli } from './support/cli.ts';
import { startTestLab } from './support/lab.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const MOST_WORDS = 1200;

/** The headings in the order in which a newcomer needs them. */
const ORDER = [
  'Install on your account',
  'Try it without an account',
  'What changes on an instance',
  'Does it work with mine?',
  'Keepers',
  'When not to use this',
  'Security',
  'Read on',
];

test(`README: at most ${MOST_WORDS} words, counted as wc does`, () => {
  const words = README.split(/\s+/).filter(Boolean).length;
  assert.ok(words <= MOST_WORDS, `${words} words: move some to docs/`);
});

test('README: its parts are in the order in which a newcomer needs them', () => {
  assert.deepEqual(
    [...README.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading),
    ORDER,
  );
});

test('README: a newcomer reads the two commands to type in a clone', () => {
  for (const command of ['npm run demo', 'npm test'])
    assert.match(README, new RegExp(`^${command}( |$)`, 'm'));
});

test('README: each host and client is tested, inferred or no; a no says what to do instead', () => {
  const [, table = ''] = /## Does it work with mine\?\n([\s\S]*?)\n## /.exec(README) ?? [];
  const rows = [...table.matchAll(/^\| (.+) \| (.+) \|(.*)\|$/gm)].slice(1);
  assert.ok(rows.length >= 20, `${rows.length} rows`);
  for (const [row, , word = '', note = ''] of rows) {
    assert.match(word, /^(tested|inferred|no)$/, row);
    if (word === 'no') assert.notEqual(note.trim(), '', row);
  }
});

test('README and help: every example runs on the lab and leaves with 0', async (context) => {
  const lab = await startTestLab(context);
  // Some examples write files.
  const cwd = mkdtempSync(join(tmpdir(), 'ssm-keepalive-readme-'));
  context.after(() => rmSync(cwd, { recursive: true, force: true }));
  const fromReadme = [...README.matchAll(/^ssm-keepalive ([^\n#]+?) *(?:#.*)?$/gm)].map(
    ([, line = '']) => line,
  );
  assert.ok(fromReadme.length >= 5, 'the examples of the README were found');
  const fromHelp = COMMANDS.flatMap(({ examples }) => examples.map(([line]) => line));
  // A shell needs a terminal: test/commands/connect.test.ts has one.
  const lines = [...new Set([...fromReadme, ...fromHelp])].filter((line) => !/^(lab|connect) /.test(line));
  for (const line of lines) {
    const words = line
      // Nobody waits for hours here: that a measurement measures is shown elsewhere.
      .replace(/^(measure .*?)( --limit \S+)?$/, '$1 --limit 1s')
      // Nor for agents that restart.
      .replace(/^install\b(?!.* --(no-restart|dry-run|no-wait|command-id)\b)/, 'install --no-restart')
      .replaceAll('i-0123456789abcdef0', 'i-0aaaaaaaaaaaaaaa1')
      .replace(' --lab', '')
      .split(' ');
    // A shell's first prompt comes no sooner because the clock of a poll is eager.
    const clock = words[0] === 'measure' ? { clock: systemClock } : {};
    const result = await runCli(words, lab.env, { cwd, ...clock });
    // Work to do, such as a keeper that is not installed, is an answer of doctor.
    const expected = line.startsWith('doctor ') ? [0, 1] : [0];
    assert.ok(expected.includes(result.status ?? -1), `${line}\n${result.stderr}${result.stdout}`);
  }
});
