// A run knows only what it is given: below src/cli.ts nothing looks at the process, its streams or the machine's clock by itself.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const SOURCES = new URL('../../src/', import.meta.url);
/** The lab and the sessions have processes and timers of their own; src/clock.ts is the machine's clock. */
const OTHERS = /^(lab|session)\/|^(cli|clock)\.ts$/;
const REACHES =
  /\bprocess\.(env|cwd|argv|execArgv|std(in|out|err)|on|once|exit|exitCode)\b|\bDate\.now\b|\bnew Date\(\)|\bset(Timeout|Interval)\b|\bperformance\.|timers\/promises/;
/** It signs for the service, which compares with the real time. */
const ALLOWED = ['sign-channel', 'signed-call'].map(
  (name) => `fleet/${name}.ts: { signingDate: new Date(Date.now() + systemClockOffset) },`,
);

test('src: below cli.ts nothing reads the variables, folder, arguments, streams or time of the process', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !OTHERS.test(name),
  );
  assert.ok(files.length > 100, `${files.length} files`);
  const found = files.flatMap((name) =>
    readFileSync(new URL(name, SOURCES), 'utf8')
      .split('\n')
      .filter((line) => REACHES.test(line) && !/^\s*(\*|\/\*|\/\/)/.test(line))
      .map((line) => `${name}: ${line.trim()}`),
  );
  assert.deepEqual(found, ALLOWED);
});

const EXPLAINED = [
  "session/recovery.ts: if (error instanceof ResumeRefusedError) return { result: 'lost', reason: error.message };",
  'session/recovery.ts: reason = (error as Error).message;',
];

test('src: what a user reads is never the message of a library’s error', () => {
  const RAW = /\b(what|why|next|reason|complaint)\b(: | = |\|= ).*\.message\b/;
  // Of an error that nobody foresaw: it says that it is our bug.
  const BUG = /const why = \((error|failure) as Error( \| undefined)?\)\??\.message \?\?/;
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.startsWith('lab/'),
  );
  const found = files.flatMap((name) =>
    readFileSync(new URL(name, SOURCES), 'utf8')
      .split('\n')
      .filter((line) => RAW.test(line) && !BUG.test(line))
      .map((line) => `${name}: ${line.trim()}`),
  );
  // Their errors are ours or the service's, explained before.
  assert.deepEqual(found, EXPLAINED);
});
