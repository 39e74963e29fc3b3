import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url));

/** What instances get, which is not shown; and the lab, which writes to nobody's terminal. */
const isShown = (name: string) => name.endsWith('.ts') && !/^(bundle|lab)\//.test(name);

/** Templates that make a line of ours out of values, and do not keep each value to that line. */
function findLoose(name: string, text: string): string[] {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const walk = (node: ts.Node): void => {
    if (ts.isTemplateExpression(node) && !ts.isTaggedTemplateExpression(node.parent)) {
      const parts = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
      const isLine = parts.some((part) => part.includes('\n') || part.startsWith('ssm-keepalive: '));
      const isJson = node.templateSpans.every(({ expression }) =>
        /^JSON\.stringify\(/.test(expression.getText()),
      );
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      if (isLine && !isJson) found.push(`${name}:${line + 1}: ${node.getText().slice(0, 80)}`);
    }
    ts.forEachChild(node, walk);
  };
  walk(file);
  return found;
}

test('safe text: whatever makes a line of ours is tagged `say`; text of several lines is put together with +', () => {
  const names = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(isShown);
  assert.ok(names.length > 100);
  assert.deepEqual(
    names.flatMap((name) => findLoose(name, readFileSync(join(SOURCE, name), 'utf8'))),
    [],
  );
});

test('safe text: a line that is not tagged is found', () => {
  const loose = 'io.err(`ssm-keepalive: ${x}`); io.err(`a ${x}\\n`); note(`${a}\\n${JSON.stringify(b)}`)';
  assert.equal(findLoose('x.ts', loose).length, 3);
  const good =
    'io.err(say`ssm-keepalive: ${x}\\n`); io.out(`${JSON.stringify(a)}\\n`); f(`${a}: ${b}`); g(`a\\n`)';
  assert.deepEqual(findLoose('x.ts', good), []);
});
