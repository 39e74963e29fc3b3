// `measure --from FILE`: a file that somebody else made is shown as text, or refused in words.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readMeasureJson, renderMeasureJson } from '../../src/commands/measure/measure-json.ts';
import { renderMeasureTable } from '../../src/commands/measure/measure-report.ts';
import { UsageError } from '../../src/errors.ts';
import { conclude } from '../../src/session/measure/conclude.ts';
import { renderPage } from '../../src/session/measure/page.ts';
import { showText } from '../../src/terminal/safe-text.ts';
import { makeIo, runCli } from '../support/cli.ts';
import { isLong, TURN } from '../support/turns.ts';
import { checkShown, EVERYTHING } from '../terminal/hostile.ts';
import { FACTS, makeRun, ticks } from './runs.ts';

const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-from-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'measured.json');

const RUNS = [
  makeRun({ arm: 'nothing', outcome: 'timed-out', ends: 60, words: 'Your session timed out.' }),
  makeRun({
    arm: 'keeper',
    outcome: 'alive',
    ends: 150,
    output: ticks(10, 150),
    input: ticks(10, 150),
    queries: 14,
  }),
];
const measured = (): Record<string, unknown> => JSON.parse(renderMeasureJson(RUNS, conclude(RUNS), FACTS, 0));

const MARKUP = `"'><script>alert(1)</script><img src=x onerror=alert(1)></style></title></svg>${EVERYTHING}`;
const VALUES: readonly unknown[] = [
  ...[
    MARKUP,
    'x'.repeat(10_001),
    '',
    '__proto__',
    'constructor',
    '9999-12-31T23:59:59Z',
    '0000-01-01T00:00:00Z',
  ],
  ...[null, true, {}, [], [null], [MARKUP], { ['__proto__']: MARKUP, constructor: 1, toString: 1 }],
  ...[-1, 0, 1.5, 1e21, 1e308, -1e308, Number.MAX_SAFE_INTEGER, [-5, 1e300], undefined],
];
/** Every place of the document, as keys that lead to it. */
function listPlaces(value: unknown, keys: readonly string[] = []): (readonly string[])[] {
  const below = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [keys, ...below.flatMap(([key, one]) => (Number(key) > 1 ? [] : listPlaces(one, [...keys, key])))];
}

function withValue(keys: readonly string[], value: unknown): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  const document = measured();
  const last = [...rest].reduce<[Record<string, unknown>, string]>(
    ([place, at], next) => [place[at] as Record<string, unknown>, next],
    [document, key],
  );
  last[0][last[1]] = value;
  return document;
}

const io = makeIo({ columns: 80 });

/** In a page a line break is a space. */
function checkPage(page: string, where: string): void {
  checkShown(page.replaceAll('\n', ' '), `${where}: the page`, false);
  assert.doesNotMatch(page, /<script|<img|NaN|Infinity|undefined/, where);
  for (const once of ['</style>', '</title>', '</body>']) assert.equal(page.split(once).length, 2, where);
}

/** Shows it in every form; true if it was taken. Whatever is refused is refused in words of ours. */
function show(text: string | Buffer, where: string): boolean {
  writeFileSync(path, text);
  let read: ReturnType<typeof readMeasureJson>;
  try {
    read = readMeasureJson(path);
  } catch (error) {
    assert.ok(error instanceof UsageError, `${where}: ${(error as Error).stack}`);
    assert.ok(error.why.length < 200, where);
    checkShown(showText(error.what + error.why + error.next), where, false);
    return false;
  }
  const conclusion = conclude(read.runs);
  checkShown(
    showText(renderMeasureTable(read.runs, conclusion, read.facts, io)),
    `${where}: the table`,
    false,
  );
  JSON.parse(renderMeasureJson(read.runs, conclusion, read.facts, 0));
  const page = renderPage(read.runs, conclusion, read.facts);
  checkPage(page, where);
  return true;
}

test('measure --from: each place of a file with each kind of wrong value is shown as text or refused', () => {
  const places = listPlaces(measured());
  const [taken, refused] = [new Set<string>(), new Set<string>()];
  for (const [index, keys] of places.entries())
    for (const [at, value] of VALUES.entries()) {
      if (!isLong && (TURN + index + at) % 3 > 0) continue;
      const place = keys.join('.');
      const text = JSON.stringify(withValue(keys, value)) ?? '';
      (show(text, `${place}: value ${at}`) ? taken : refused).add(place);
    }
  assert.ok(taken.has('hostName') && taken.has('sessions.0.words') && refused.has('sessions.0.arm'));
});

test('measure --from: a text that is no document, is deep, or is too much, is refused', () => {
  const [session] = measured()['sessions'] as unknown[];
  const texts: Readonly<Record<string, string | Buffer>> = {
    nothing: '',
    'an open list': '[',
    'a deep list': '['.repeat(300_000),
    'a deep object': '{"sessions":'.repeat(100_000) + '0' + '}'.repeat(100_000),
    bytes: Buffer.from([0xff, 0xfe, 0, 1, 0x9b]),
    controls: EVERYTHING,
    'a key of all objects': `{"__proto__":${JSON.stringify(measured())}}`,
    'many wrong sessions': JSON.stringify({ ...measured(), sessions: Array(50_000).fill({}) }),
    'many sessions': JSON.stringify({ ...measured(), sessions: Array(1001).fill(session) }),
    'many wrong times': JSON.stringify(withValue(['sessions', '0', 'outputAt'], Array(100_000).fill('x'))),
    'more than there may be': ' '.repeat(16 * 1024 * 1024 + 1),
  };
  for (const [name, text] of Object.entries(texts)) assert.equal(show(text, name), false, name);
});

test('measure --from: the most that is read is shown, in a page that is not much larger', () => {
  // More than a call takes arguments.
  const at = Array.from({ length: 150_000 }, (_, index) => index / 1000);
  const [session] = measured()['sessions'] as object[];
  const most = { ...session, livedSeconds: 366 * 24 * 3600, words: 'x '.repeat(1000) };
  const sessions = Array.from({ length: 1000 }, (_, n) => ({
    ...most,
    repeat: n,
    outputAt: n > 0 ? [] : at,
  }));
  const text = JSON.stringify({ ...measured(), sessions });
  assert.ok(show(text, 'the most'));
});

test('measure --from: a file that is none, and a name that others chose, from the command line', async () => {
  const odd = join(folder, `x${MARKUP.replaceAll(/[/\0\ud800]/g, '')}`.slice(0, 60));
  mkdirSync(odd);
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  for (const file of ['/dev/zero', '/dev/tty', join(folder, 'pipe'), odd, `${odd}/none`, '/proc/self/mem']) {
    const { status, stdout, stderr } = await runCli(
      ['measure', '--from', file, '--report', 'page.html'],
      {},
      { cwd: folder },
    );
    assert.equal(status, 2, stderr);
    assert.match(
      stderr,
      /has no measurement to show\n {2}why: {2}(it is no plain file|there is no such|it is no JSON|.*\(E)/,
    );
    checkShown(stdout + stderr, file, false);
  }
  writeFileSync(path, JSON.stringify(withValue(['hostName'], MARKUP)));
  const { status, stdout } = await runCli(
    ['measure', '--from', path, '--report', 'page.html'],
    {},
    { cwd: folder },
  );
  assert.equal(status, 0);
  checkShown(stdout, 'the command', false);
  checkPage(readFileSync(join(folder, 'page.html'), 'utf8'), 'the command');
});
