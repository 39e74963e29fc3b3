import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const SECURITY = readFileSync(new URL('../SECURITY.md', import.meta.url), 'utf8');

test('SECURITY: every test that a claim names is there', () => {
  const named = [...SECURITY.matchAll(/`(test\/[\w./-]+)`/g)].map(([, path = '']) => path);
  assert.ok(named.length >= 10);
  for (const path of named) assert.ok(existsSync(new URL(`../${path}`, import.meta.url)), path);
});
