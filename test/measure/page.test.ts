import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conclude } from '../../src/session/measure/conclude.ts';
import { renderPage } from '../../src/session/measure/page.ts';
import { FACTS, makeRun, ticks } from './runs.ts';

const RUNS = [
  makeRun({
    arm: 'nothing',
    outcome: 'timed-out',
    ends: 60,
    words: 'Your session timed out due to inactivity.',
  }),
  makeRun({ arm: 'foreground', outcome: 'timed-out', ends: 60, output: ticks(10, 60) }),
  makeRun({ arm: 'input', outcome: 'alive', ends: 150, input: ticks(10, 150) }),
  makeRun({ arm: 'keeper', outcome: 'failed', ends: 1, words: 'the shell did not take a line' }),
];
const page = renderPage(RUNS, conclude(RUNS), FACTS);

/** Tags that close nothing. */
const VOID = ['meta', 'rect', 'path', 'br', '!doctype'];

/** Every element opened and closed in order; throws at the first that is not. */
function checkNesting(text: string): Map<string, number> {
  const open: string[] = [];
  const counts = new Map<string, number>();
  for (const [whole, slash, name = ''] of text.matchAll(
    /<(\/?)([!a-z][a-z0-9]*)(?:\s(?:[^<>"]|"[^"]*")*)?>/g,
  )) {
    if (slash) assert.equal(open.pop(), name, `${whole} closes what is not open`);
    else {
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (!VOID.includes(name) && !whole.endsWith('/>')) open.push(name);
    }
  }
  assert.deepEqual(open, []);
  return counts;
}

test('page: one document, every element closed, a drawing and a row for each session', () => {
  assert.match(page, /^<!doctype html>\n<html lang="en">/);
  const counts = checkNesting(page);
  assert.equal(counts.get('svg'), RUNS.length);
  assert.equal(counts.get('tr'), RUNS.length + 1);
  assert.equal([...page.matchAll(/role="img" aria-label="[^"]+"/g)].length, RUNS.length);
  assert.equal(counts.get('title'), 1);
});

test('page: it needs nothing from anywhere: no address, no script, no import, and says so to the browser', () => {
  assert.doesNotMatch(page, /https?:|\/\/|@import|url\(|<script|<link|<img|<iframe|\son\w+=/i);
  assert.match(page, /content="default-src 'none'; style-src 'unsafe-inline'"/);
});

test('page: light and dark, phone and paper', () => {
  assert.match(page, /prefers-color-scheme:dark/);
  assert.match(page, /name="viewport" content="width=device-width/);
  assert.match(page, /@media print/);
});

test('page: hostile words from an instance, an account or a service stay text', () => {
  const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\u0007\u202e${'`'}\${1}</style></title>`;
  const runs = [...RUNS, makeRun({ arm: 'query', outcome: 'ended', ends: 5, words: evil })];
  const text = renderPage(
    runs,
    { ...conclude(runs), keeper: 'not shown', why: { keeper: evil, input: evil } },
    {
      ...FACTS,
      instanceId: evil,
      region: evil,
      accountId: evil,
      document: evil,
      version: evil,
    },
  );
  checkNesting(text);
  assert.doesNotMatch(text, /<script|<img|\u0007|\u202e/);
  assert.equal(text.split('</style>').length, 2);
  assert.equal(text.split('</title>').length, 2);
  assert.ok(text.includes('&lt;script&gt;alert(1)&lt;/script&gt;'));
  assert.ok(text.includes('&amp;amp;'));
});

test('page: the ends and the silences are where they were', () => {
  const [, timedOut = '', , alive = ''] = page.split('<svg');
  const silences = (text: string) =>
    [...text.matchAll(/class="silence" x="([\d.]+)" y="\d+" width="([\d.]+)"/g)].map(([, x, width]) => [
      Number(x),
      Number(width),
    ]);
  // 151 s across 1000: begun at 1 s, dead at 61 s, without a byte in between.
  assert.deepEqual(silences(timedOut), [
    [6.6, 397.4],
    [6.6, 397.4],
  ]);
  assert.match(timedOut, /class="end dead"[^>]*d="M404 0/);
  assert.match(alive, /class="end alive"[^>]*d="M1000 0/);
});

test('page: a session that never started has a reason and no drawing', () => {
  const never = {
    ...makeRun({ arm: 'nothing', outcome: 'failed', ends: 0, words: 'the agent is not connected' }),
    startedAt: undefined,
  };
  const text = renderPage([never], conclude([never]), FACTS);
  checkNesting(text);
  assert.doesNotMatch(text, /<svg/);
  assert.match(text, /the agent is not connected/);
});
