// Told commands reach the account that the failure was in.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { COMMANDS } from '../src/commands/index.ts';
import { UserError } from '../src/errors.ts';
import { completeAdvice } from '../src/settings/told-connection.ts';

const CONNECTION = ` --lab --region eu-west-1 --profile 'a b' --accounts 111111111111,222222222222`;
const complete = (advice: string) => completeAdvice(advice, CONNECTION);

/** Those that work in no account. */
const OTHERS = ['render', 'policy', 'lab', 'completion'];

test('advice: each command that works in an account is known, and no other', () => {
  for (const { name } of COMMANDS) {
    const told = `look with  ssm-keepalive ${name} x  and go on`;
    const expected = OTHERS.includes(name)
      ? told
      : `look with  ssm-keepalive ${name} x${CONNECTION}  and go on`;
    assert.equal(complete(told), expected);
  }
});

for (const [advice, expected] of [
  ['look with  ssm-keepalive preferences get', 'look with  ssm-keepalive preferences get|'],
  [
    'ssm-keepalive preferences set --idle 60  (or 20); x',
    'ssm-keepalive preferences set --idle 60|  (or 20); x',
  ],
  ['look with  ssm-keepalive status, then again', 'look with  ssm-keepalive status|, then again'],
  [
    'ssm-keepalive doctor i-1 ; or  ssm-keepalive measure i-1',
    'ssm-keepalive doctor i-1| ; or  ssm-keepalive measure i-1|',
  ],
  ['ssm-keepalive measure i-1 --output json > FILE', 'ssm-keepalive measure i-1 --output json| > FILE'],
  [`ssm-keepalive doctor 'it'"'"'s; x, y'; z`, `ssm-keepalive doctor 'it'"'"'s; x, y'|; z`],
  [
    `ssm-keepalive preferences set --shell-profile '"\\\\"' ; x`,
    `ssm-keepalive preferences set --shell-profile '"\\\\"'| ; x`,
  ],
  ['ssm-keepalive install --entry env,rc, or not', 'ssm-keepalive install --entry env,rc|, or not'],
  [
    'ssm-keepalive install --tag a=b --region us-east-1',
    'ssm-keepalive install --tag a=b --region us-east-1',
  ],
  ['ssm-keepalive status -- -x', 'ssm-keepalive status| -- -x'],
  ['ssm-keepalive lab up', 'ssm-keepalive lab up'],
  ['ssm-keepalive statuses; ssm-keepalive: status', 'ssm-keepalive statuses; ssm-keepalive: status'],
] as const)
  test(`advice: ${advice}`, () => {
    assert.equal(complete(advice), expected.replaceAll('|', CONNECTION));
    assert.equal(complete(complete(advice)), complete(advice));
    assert.equal(completeAdvice(advice, ''), advice);
  });

test('advice: a password in the address of an endpoint is not told', () => {
  const error = new UserError({ code: 'x', what: 'a', why: 'b', next: 'ssm-keepalive status' });
  error.changeNext((next) => completeAdvice(next, ' --endpoint-url https://kim:secret@proxy.example'));
  assert.equal(error.next, 'ssm-keepalive status --endpoint-url https://…@proxy.example');
});

/** The texts of the source that tell a command. */
function findTold(): string[] {
  const source = fileURLToPath(new URL('../src', import.meta.url));
  const told: string[] = [];
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || /^(bundle|cli|lab)\/|completion/.test(name)) continue;
    const file = ts.createSourceFile(
      name,
      readFileSync(join(source, name), 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    const walk = (node: ts.Node): void => {
      const text = ts.isStringLiteral(node)
        ? node.text
        : ts.isTemplateExpression(node) || ts.isNoSubstitutionTemplateLiteral(node)
          ? node
              .getText()
              .slice(1, -1)
              .replace(/\$\{[^}]*\}/g, 'VALUE')
          : '';
      if (/ {2}ssm-keepalive [a-z]|^ssm-keepalive [a-z]+ [a-z-]/.test(text)) told.push(text);
      ts.forEachChild(node, walk);
    };
    walk(file);
  }
  return told;
}

test('advice: whatever the source tells to type ends where the flags can follow', () => {
  const told = findTold();
  assert.ok(told.length > 25, String(told.length));
  for (const text of told) {
    // Two spaces, a sign or the end follow a command: prose would become part of it. A part of a text ends with a space.
    for (const rest of complete(text).split(CONNECTION).slice(1))
      assert.match(rest, /^( ?$| {2}|[,;)]| [;>,])/, text);
  }
});
