// Where `measure --report` writes, and where it does not.
import assert from 'node:assert/strict';
import {
  chownSync,
  lchownSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderMeasureJson } from '../../src/commands/measure/measure-json.ts';
import { openReportFile } from '../../src/commands/measure/report-file.ts';
import { conclude } from '../../src/session/measure/conclude.ts';
import { runCli } from '../support/cli.ts';
import { FACTS, makeRun } from './runs.ts';

const RUNS = [makeRun({ arm: 'nothing', outcome: 'timed-out', ends: 60 })];

for (const [what, lay, says, needsRoot] of [
  ['the file that --from reads', () => 'read.json', /why: +--from reads that file/],
  ['a link to it', (folder) => place(folder, 'read.json'), /why: +--from reads that file/],
  ['another name of it', (folder) => place(folder, 'read.json', linkSync), /why: +--from reads that file/],
  ['a link of somebody else', (folder) => placeForeign(folder), /why: +it belongs to user 65534/, true],
  ['a file of somebody else', (folder) => placeFile(folder), /why: +it belongs to user 65534/, true],
  ['a link in a circle', (folder) => place(folder, 'page.html'), /ELOOP/],
  ['a link of your own', (folder) => place(folder, 'other.html'), undefined],
] as readonly (readonly [string, (folder: string) => string, RegExp | undefined, true?])[]) {
  test(`measure: --report to ${what} is ${says ? 'refused, and nothing is written' : 'written'}`, {
    skip: needsRoot && process.getuid?.() !== 0 && 'needs root',
  }, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-report-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    const json = renderMeasureJson(RUNS, conclude(RUNS), FACTS, 0);
    writeFileSync(join(folder, 'read.json'), json);
    writeFileSync(join(folder, 'other.html'), 'old');
    const words = ['measure', '--from', 'read.json', '--report', lay(folder)];
    const { status, stdout, stderr } = await runCli(words, {}, { cwd: folder });
    assert.equal(status, says ? 2 : 0, stderr);
    if (says) assert.match(stderr, says);
    assert.equal(stdout === '', says !== undefined);
    assert.equal(readFileSync(join(folder, 'read.json'), 'utf8'), json);
    assert.equal(readFileSync(join(folder, 'other.html'), 'utf8') === 'old', says !== undefined);
  });
}

function place(folder: string, target: string, make: typeof linkSync = symlinkSync): string {
  make(join(folder, target), join(folder, 'page.html'));
  return 'page.html';
}

function placeForeign(folder: string): string {
  place(folder, 'other.html');
  lchownSync(join(folder, 'page.html'), 65_534, 65_534);
  return 'page.html';
}

function placeFile(folder: string): string {
  writeFileSync(join(folder, 'page.html'), 'theirs', { mode: 0o666 });
  chownSync(join(folder, 'page.html'), 65_534, 65_534);
  return 'page.html';
}

test('measure: a link that takes the place of the report while it is measured is replaced, not followed', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-report-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const [page, other] = [join(folder, 'page.html'), join(folder, 'other.html')];
  for (const path of [page, other]) writeFileSync(path, 'old');
  const report = openReportFile(page, { folder, variables: {} });
  rmSync(page);
  symlinkSync(other, page);
  report?.write('new');
  report?.close();
  assert.deepEqual(
    [page, other].map((path) => readFileSync(path, 'utf8')),
    ['new', 'old'],
  );
});
