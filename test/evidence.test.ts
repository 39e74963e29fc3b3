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
  for (const [file, name, row] of [
    ['services.ts', 'STOP_MS', 'stop'],
    ['services.ts', 'RESTART_DELAY_MS', 'an agent that died'],
    ['agent.ts', 'RECONNECT_MS', 'lost control channel'],
  ] as const) {
    const code = readFileSync(join(ROOT, 'src/lab/machine', file), 'utf8');
    const [, ms] = new RegExp(`^const ${name} = (\\d+);$`, 'm').exec(code) ?? [];
    const [, cell = ''] = new RegExp(`^\\| ${row} \\|.*\\| (.*) \\|$`, 'm').exec(table) ?? [];
    assert.ok(cell.includes(`${Number(ms) / 1000} s`), `${row}: ${cell}, in the code ${ms} ms`);
  }
});
