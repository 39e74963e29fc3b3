import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/evidence.md'), 'utf8');
const NAMED = new Set([...PAGE.matchAll(/`(test\/[\w./-]+)`/g)].map(([, path = '']) => path));
const FILES = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join('test', name));

test('evidence: every file that the table names is there', () => {
  assert.ok(NAMED.size > 50);
  assert.deepEqual(
    [...NAMED].filter((path) => !existsSync(join(ROOT, path))),
    [],
  );
});

test('evidence: every test file is named beside a claim', () => {
  assert.deepEqual(
    FILES.filter((path) => !NAMED.has(path)),
    [],
  );
});

test('evidence: no claim stands without a file', () => {
  const [claims = ''] = PAGE.split('\n## Seen once');
  const items = claims.split(/\n(?=- |\n## )/).filter((item) => item.startsWith('- '));
  assert.ok(items.length > 50);
  for (const item of items) assert.match(item, /`test\/[\w./-]+\.test\.ts`/);
});

test('evidence: the times in the table of the lab’s agent are those in its code', () => {
  const table = PAGE.slice(PAGE.indexOf('### Where its agent differs'));
  const read = (file: string, name: string) => {
    const code = readFileSync(join(ROOT, 'src/lab', file), 'utf8').replace(/(?<=\d)_(?=\d)/g, '');
    return Number(new RegExp(`^const ${name} = ([\\d.]+);$`, 'm').exec(code)?.[1]);
  };
  const scale = read('machine-host.ts', 'AGENT_SCALE');
  assert.equal(scale, 1 / 20);
  for (const [file, name, row, factor] of [
    ['machine/services.ts', 'STOP_MS', 'stop', scale],
    ['machine/services.ts', 'RESTART_DELAY_MS', 'an agent that died', 1],
    ['machine/agent.ts', 'START_MS', 'first job after a restart', scale],
    ['machine/session-worker.ts', 'READ_MS', 'first output', scale],
    ['machine-host.ts', 'STALE_PING_MS', '`PingStatus` without a channel', scale],
  ] as const) {
    const [, cell = ''] = new RegExp(`^\\| ${row} \\|.*\\| (.*) \\|$`, 'm').exec(table) ?? [];
    const seconds = (read(file, name) * factor) / 1000;
    assert.match(cell, new RegExp(`\\b${seconds} s`), `${row}: in the code ${seconds} s`);
  }
});
