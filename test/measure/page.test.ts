import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readMeasureJson, renderMeasureJson } from '../../src/commands/measure/measure-json.ts';
import { conclude } from '../../src/session/measure/conclude.ts';
import { renderPage } from '../../src/session/measure/page.ts';
import {
  describeConclusion,
  describeHeadline,
  describeWhyTimesDiffer,
} from '../../src/session/measure/words.ts';
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
  makeRun({ arm: 'resize', outcome: 'alive', ends: 150, sizes: ticks(10, 150) }),
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

test('page: one axis for all sessions, above and below them, and a line through each at its marks', () => {
  const axes = [...page.matchAll(/<div class="axis".*?<\/div><\/div>/g)].map(([text]) => text);
  assert.equal(axes.length, 2);
  assert.equal(axes[0], axes[1]);
  const marks = [...(axes[0] ?? '').matchAll(/left:([\d.]+)%/g)].map(([, left]) => Number(left));
  const lines = [...page.matchAll(/class="grid"[^>]*d="M([\d.]+) 0/g)].map(([, x]) => Number(x) / 10);
  assert.deepEqual(
    lines.map((x) => x.toFixed(1)),
    RUNS.flatMap(() => marks.map((left) => left.toFixed(1))),
  );
});

test('page: on a phone, where the table has no head, each cell names its column', () => {
  const heads = [...page.matchAll(/<th scope="col">([^<]+)/g)].slice(1).map(([, head]) => head);
  const named = [...page.matchAll(/<td data-head="([^"]+)"/g)].map(([, head]) => head);
  assert.deepEqual(
    named,
    RUNS.flatMap(() => heads),
  );
  assert.doesNotMatch(page, /<td>/);
});

test('page: what it shows, in one sentence, is its heading; the lab is named, and so is the host', () => {
  assert.match(
    page,
    /<h1>Without a keeper: ended after 60\.0 s of silence; with (?:the keeper|what is installed there): failed\.<\/h1>/,
  );
  assert.match(
    page,
    /web-1 \(<span class="id">i-0123456789abcdef0<\/span>\), account 123456789012 in us-east-1/,
    'a line never ends inside the id',
  );
  assert.doesNotMatch(page, /class="lab"/);
  const onLab = renderPage(RUNS, conclude(RUNS), { ...FACTS, isLab: true });
  assert.match(onLab, /<h1>On the lab, without a keeper:/);
  assert.match(onLab, /class="lab">Measured on the lab/);
  assert.doesNotMatch(onLab, /account 123456789012/);
});

test('page: it says why a session lives longer than the timer is', () => {
  assert.match(
    page,
    /the arm “nothing” lived 61\.0 s: the client sent its last byte after 1\.0 s, and the session ended 60\.0 s later\./,
  );
});

const bare = makeRun({ arm: 'nothing', outcome: 'timed-out', ends: 60 });
const beats = { input: ticks(10, 150), output: ticks(10, 150), queries: 14 };
const kept = makeRun({ arm: 'keeper', outcome: 'alive', ends: 150, ...beats });
for (const [what, runs, sentence] of [
  [
    'both arms',
    [bare, kept],
    'Without a keeper: ended after 60.0 s of silence; with the keeper: alive at the limit of 150s.',
  ],
  [
    'a keeper that does not hold',
    [
      bare,
      makeRun({
        arm: 'keeper',
        outcome: 'timed-out',
        ends: 60,
        input: ticks(10, 60),
        output: ticks(10, 60),
        queries: 5,
      }),
    ],
    'Without a keeper: ended after 60.0 s of silence; with the keeper: ended after 61.0 s.',
  ],
  [
    'no keeper on the host',
    [bare, makeRun({ arm: 'keeper', outcome: 'timed-out', ends: 60 })],
    'Without a keeper: ended after 60.0 s of silence; with what is installed there: ended after 61.0 s (no heartbeat was seen; the status command says what is installed there, but not whether the user has switched it off (~/.config/ssm-keepalive/off)).',
  ],
  [
    'too short a limit',
    [
      makeRun({ arm: 'nothing', outcome: 'alive', ends: 30 }),
      makeRun({ arm: 'keeper', outcome: 'alive', ends: 30, input: ticks(10, 30), output: ticks(10, 30) }),
    ],
    'Without a keeper: alive at the limit of 150s (an untouched session was still there after 30.0 s: give a longer --limit); with the keeper: alive at the limit of 150s.',
  ],
  [
    'the keeper alone',
    [kept],
    'Without a keeper: not measured; with the keeper: alive at the limit of 150s.',
  ],
  [
    'the keeper alone, where none is',
    [makeRun({ arm: 'keeper', outcome: 'timed-out', ends: 60 })],
    'Without a keeper: not measured; with what is installed there: ended after 61.0 s (no heartbeat was seen; the status command says what is installed there, but not whether the user has switched it off (~/.config/ssm-keepalive/off)).',
  ],
  [
    'Ctrl-C before anything is shown',
    [
      makeRun({ arm: 'nothing', outcome: 'interrupted', ends: 3 }),
      makeRun({ arm: 'keeper', outcome: 'interrupted', ends: 2 }),
    ],
    'Without a keeper: interrupted after 4.0 s; with the keeper: interrupted after 3.0 s.',
  ],
  [
    'Ctrl-C before the keeper is shown',
    [bare, makeRun({ arm: 'keeper', outcome: 'interrupted', ends: 2, ...beats })],
    'Without a keeper: ended after 60.0 s of silence; with the keeper: interrupted after 3.0 s.',
  ],
  [
    'neither',
    [makeRun({ arm: 'input', outcome: 'alive', ends: 150 })],
    'Without a keeper: not measured; with the keeper: not measured.',
  ],
  [
    'repeats that disagree',
    [bare, kept, makeRun({ arm: 'keeper', outcome: 'lost', ends: 9, repeat: 2 })],
    'Without a keeper: ended after 60.0 s of silence; with the keeper: 1 alive at the limit of 150s, 1 connection lost.',
  ],
] as const) {
  test(`headline: ${what}`, () => {
    assert.equal(describeHeadline(runs, conclude(runs), FACTS), sentence);
  });
}

for (const [what, runs, why] of [
  ['the keeper alone', [kept], 'the arm nothing was not run: run  --arm nothing,keeper'],
  [
    'Ctrl-C',
    [makeRun({ arm: 'nothing', outcome: 'interrupted', ends: 3 }), kept],
    'it was interrupted before an untouched session timed out: run it to its end',
  ],
  [
    'a keeper in the untouched session',
    [makeRun({ arm: 'nothing', outcome: 'alive', ends: 150, ...beats }), kept],
    'an untouched session was still there after 150 s: is a keeper at work?',
  ],
] as const)
  test(`conclusions: ${what}: why nothing is shown, and what to do, once`, () => {
    assert.deepEqual(describeConclusion(conclude(runs)), [
      { about: 'untouched session', says: 'not shown', why },
      { about: 'all else', says: 'not shown', why: 'it takes an untouched session that timed out' },
    ]);
  });

test('conclusions: nothing is said about times that differ where every session was interrupted', () => {
  assert.equal(describeWhyTimesDiffer([makeRun({ arm: 'nothing', outcome: 'interrupted', ends: 3 })]), '');
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
      hostName: evil,
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

test('page: no silence is drawn across sizes that reset the timer, and across those that do not one is', () => {
  for (const [outcome, ends] of [
    ['alive', 150],
    ['timed-out', 60],
  ] as const) {
    const runs = [
      makeRun({ arm: 'nothing', outcome: 'timed-out', ends: 60 }),
      makeRun({ arm: 'resize', outcome, ends, sizes: ticks(10, ends) }),
    ];
    const conclusion = conclude(runs);
    assert.equal(conclusion.resize, outcome === 'alive' ? 'yes' : 'no');
    const drawing = renderPage(runs, conclusion, FACTS).split('<svg')[2] ?? '';
    const [output = 0, input = 0] = [
      ...drawing.matchAll(/class="silence" x="[\d.]+" y="\d+" width="([\d.]+)"/g),
    ].map(([, width]) => Number(width));
    assert.equal(input < output, outcome === 'alive', drawing);
  }
});

test('page: made from the JSON of a measurement it is the same page, whatever ended how', () => {
  const runs = [
    ...RUNS,
    {
      ...makeRun({ arm: 'query', outcome: 'failed', ends: 0, words: 'refused' }),
      // Nothing came from a session that was refused.
      startedAt: undefined,
      begunAt: undefined,
      inputAt: [],
      outputAt: [],
      sizeAt: [],
    },
    { ...makeRun({ arm: 'output', outcome: 'interrupted', ends: 9 }), begunAt: undefined },
  ];
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-measured-'));
  try {
    for (const facts of [
      FACTS,
      { ...FACTS, isLab: true, hostName: undefined, accountId: undefined, idleTimeoutSeconds: undefined },
    ]) {
      const path = join(folder, 'measured.json');
      writeFileSync(path, renderMeasureJson(runs, conclude(runs), facts, 0));
      const read = readMeasureJson(path);
      assert.deepEqual(read.runs.at(4)?.sizeAt, RUNS.at(4)?.sizeAt);
      assert.deepEqual(read.facts, facts);
      assert.equal(
        renderPage(read.runs, conclude(read.runs), read.facts),
        renderPage(runs, conclude(runs), facts),
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('page: a file of a version without sizes is read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-measured-'));
  const path = join(folder, 'measured.json');
  const text = renderMeasureJson([bare], conclude([bare]), FACTS, 0);
  writeFileSync(path, text.replace(/,\s*"sizeAt": \[\]/, ''));
  try {
    assert.deepEqual(readMeasureJson(path).runs[0]?.sizeAt, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
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
