import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url));

/** What instances get, which is not shown; and the lab, which writes to nobody's terminal. */
const isShown = (name: string) => name.endsWith('.ts') && !/^(bundle|lab)\//.test(name);

/** What stands before a value in a command that a person may paste, or in a part of one. */
const COMMAND = /(?:\b(?:ssm-keepalive|aws) [a-z][^:]*|(?:^|\s)--[a-z-]+)[ =]$/;

/** Templates with a value in a command, and no `quoteCommand` that makes it one word. */
function findUnquoted(name: string, text: string): string[] {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const walk = (node: ts.Node): void => {
    if (ts.isTemplateExpression(node)) {
      const tag = ts.isTaggedTemplateExpression(node.parent) ? node.parent.tag.getText() : '';
      const parts = [node.head.text, ...node.templateSpans.slice(0, -1).map(({ literal }) => literal.text)];
      const isCommand = parts.some((_, at) => COMMAND.test(parts.slice(0, at + 1).join('0')));
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      if (isCommand && tag !== 'quoteCommand')
        found.push(`${name}:${line + 1}: ${node.getText().slice(0, 120)}`);
    }
    ts.forEachChild(node, walk);
  };
  walk(file);
  return found;
}

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

const SHOWN = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(isShown);
const readShown = (name: string) => readFileSync(join(SOURCE, name), 'utf8');

test('advice: each value in a command that is told is made one word', () => {
  assert.deepEqual(
    SHOWN.flatMap((name) => findUnquoted(name, readShown(name))),
    [],
  );
});

test('advice: a command with a value that is not made one word is found', () => {
  const loose = 'f(`run  ssm-keepalive doctor ${x}`); safe`give --config ${x}`; g(`aws ssm a --b c ${x}`)';
  assert.equal(findUnquoted('x.ts', loose).length, 3);
  const good = 'f(quoteCommand`run  ssm-keepalive doctor ${x}`); g(`ssm-keepalive: ${x}`); h(`--x and ${y}`)';
  assert.deepEqual(findUnquoted('x.ts', good), []);
});

test('safe text: whatever makes a line of ours is tagged `safe`; text of several lines is put together with +', () => {
  assert.ok(SHOWN.length > 100);
  assert.deepEqual(
    SHOWN.flatMap((name) => findLoose(name, readShown(name))),
    [],
  );
});

test('safe text: a line that is not tagged is found', () => {
  const loose = 'io.err(`ssm-keepalive: ${x}`); io.err(`a ${x}\\n`); note(`${a}\\n${JSON.stringify(b)}`)';
  assert.equal(findLoose('x.ts', loose).length, 3);
  const good =
    'io.err(safe`ssm-keepalive: ${x}\\n`); io.out(`${JSON.stringify(a)}\\n`); f(`${a}: ${b}`); g(`a\\n`)';
  assert.deepEqual(findLoose('x.ts', good), []);
});
