// Words of others (the service's, an instance's, a user's) find what a table has, and never what every object has.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Invocation } from '../src/fleet/invocation.ts';
import { judgeInvocation } from '../src/fleet/judge.ts';
import { explainServiceError } from '../src/fleet/service-errors.ts';
import { readServiceTarget } from '../src/settings/readers.ts';
import { runCli } from './support/cli.ts';

const WORDS = ['constructor', '__proto__', 'hasOwnProperty', 'toString', 'valueOf'];
const SOURCES = new URL('../src/', import.meta.url);

test('src: every table of words is made by wordTable', () => {
  const found = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('lab/'))
    .flatMap((name) =>
      readFileSync(new URL(name, SOURCES), 'utf8')
        .split('\n')
        .filter((line) => /^(export )?const [A-Z_]+: (Readonly<)?Record<string,/.test(line))
        .map((line) => `${name}: ${line}`),
    );
  assert.deepEqual(found, []);
});

for (const word of WORDS)
  test(`${word}, as a status, an error's name, a target's key and a word of a command`, async () => {
    const invocation = {
      instanceId: 'i-0123456789abcdef0',
      name: '',
      output: '',
      exitCode: 0,
      isFinal: true,
    };
    const judged = judgeInvocation(
      { ...invocation, commandId: 'c', statusDetails: word } as Invocation,
      'install',
    );
    assert.deepEqual([judged.verdict, judged.class], ['unknown', 'unknown status']);

    const error = Object.assign(new Error('no'), { name: word, $metadata: { httpStatusCode: 400 } });
    const { why, next } = explainServiceError(error, 'it failed');
    assert.equal(typeof why, 'string');
    assert.equal(typeof next, 'string');

    assert.equal(readServiceTarget(`Key=${word},Values=a`)[0], 'tag');
    for (const line of [['render', word], [word], ['status', `--${word}`]]) {
      const { status, stderr } = await runCli(line);
      assert.equal(status, 2, stderr);
      assert.doesNotMatch(stderr, /undefined|this is a bug/);
    }
  });
