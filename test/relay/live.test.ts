import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { rotate, someOf, TURN } from '../support/turns.ts';
import { findPythons, holdLive, type LiveTask, pathOf } from './rendered.ts';

const pythons = findPythons();
const newest = pythons.at(-1)!;
const notCases = new Set([
  'same',
  'is_gone',
  'wait_gone',
  'no_trace',
  'prompt',
  'module',
  'hold',
  'with_relay',
  'main',
]);
const cases = [...readFileSync(pathOf('live.py'), 'utf8').matchAll(/^def (\w+)\(/gm)]
  .map((match) => match[1]!)
  .filter((name) => !notCases.has(name) && !name.startsWith('every_'));

const everywhere = ['the_shell_cannot_tell', 'at_a_dash_prompt', 'death_by_signal_becomes_ours'];
/** Half of the cases a day on the newest, one on each of the others. */
const tasks: readonly LiveTask[] = [
  ...someOf(cases, Math.ceil(cases.length / 2)).map((name) => ({ python: newest, name })),
  ...pythons
    .slice(0, -1)
    .flatMap((python, turn) => rotate(everywhere, TURN + turn).map((name) => ({ python, name }))),
];

describe('the relay as a process, in real ptys', { concurrency: true }, () => {
  const held = holdLive(newest, tasks);
  for (const [index, { python, name }] of tasks.entries())
    test(`Python ${python.version}: ${name.replaceAll('_', ' ')}`, async () => {
      assert.equal((await held)[index], '');
    });
});
