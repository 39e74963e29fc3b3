// A folder of src/ imports only what lies below it: data goes down, results come back. The linter forbids circles.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** From the top; the folders of one line know nothing of each other. Files of src/ itself are below all of them. */
const LAYERS = [
  ['cli.ts'],
  ['cli'],
  ['commands'],
  ['accounts', 'doctor', 'policy'],
  ['settings'],
  ['session', 'fleet', 'lab', 'bundle'],
  ['terminal'],
  ['.'],
];

const src = fileURLToPath(new URL('../src/', import.meta.url));

function layerOf(file: string): string {
  const [first = '', ...rest] = file.split('/');
  return rest.length > 0 || first === 'cli.ts' ? first : '.';
}

const rankOf = (layer: string) => LAYERS.findIndex((line) => line.includes(layer));

test('each folder of src/ has its layer, and imports nothing from beside it or above', () => {
  const files = readdirSync(src, { recursive: true }).map(String);
  const upward = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const from = layerOf(file);
      assert.ok(rankOf(from) >= 0, `${from} is in no layer: give it one here`);
      const text = readFileSync(join(src, file), 'utf8');
      return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)]
        .map(([, path = '']) => join(dirname(file), path))
        .filter((to) => layerOf(to) !== from && rankOf(layerOf(to)) <= rankOf(from))
        .map((to) => `${file} imports ${to}`);
    });
  assert.deepEqual(upward, []);
});
