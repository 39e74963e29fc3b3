import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

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

const ROW = /^\| (.+?) \| (tested|inferred|no) \| ?(.*?) ?\|$/gm;

test('README: its table is that of docs/hosts-and-clients.md, where each tested row names its test', () => {
  const page = readFileSync(new URL('../docs/hosts-and-clients.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(ROW)];
  assert.deepEqual(
    [...README.matchAll(ROW)].map(([, name, word]) => [name?.replace(/^\*\*\w+:\*\* /, ''), word]),
    rows.map(([, name, word]) => [name, word]),
  );
  for (const [row, , word, shown = ''] of rows)
    if (word === 'tested') assert.match(shown, /`test\/[\w/.-]+\.test\.ts`/, row);
});

test('README: each host and client is tested, inferred or no; a no says what to do instead', () => {
  const [, table = ''] = /## Does it work with mine\?\n([\s\S]*?)\n## /.exec(README) ?? [];
  const rows = [...table.matchAll(/^\| (.+) \| (.+) \|(.*)\|$/gm)].slice(1);
  assert.ok(rows.length >= 20, `${rows.length} rows`);
  for (const [row, , word = '', note = ''] of rows) {
    assert.match(word, /^(tested|inferred|no)$/, row);
    if (word === 'no') assert.match(note, /\b(use|raise) /, row);
  }
});

test('README: what a session without answers means, and the page that lists such clients, consoles among them', () => {
  assert.match(README, /never answers, its session ends at the idle timeout\./);
  assert.match(README, /\[Which\s+clients\]\(docs\/choosing-a-keeper\.md#which-clients-answer\)/);
  assert.match(README, /console of Windows 10, Server 2016, 2019 \| no \| never answers/);
  const page = readFileSync(new URL('../docs/choosing-a-keeper.md', import.meta.url), 'utf8');
  const [, section = ''] = /### Which clients answer\n([\s\S]*?)\n## /.exec(page) ?? [];
  assert.match(section, /console of Windows 10, Server 2016 and 2019 answers nothing/);
});
