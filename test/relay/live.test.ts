import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isLong } from '../support/turns.ts';
import { findPythons, type Python, pathOf, run, writeRelay } from './rendered.ts';

const pythons = findPythons();
const newest = pythons.at(-1)!;
const live = pathOf('live.py');
/** Written once: Python compiles it once. */
const relay = writeRelay('relay.py');
const notCases = new Set(['same', 'is_gone', 'wait_gone', 'no_trace', 'prompt', 'module', 'main']);
const cases = [...readFileSync(live, 'utf8').matchAll(/^def (\w+)\(/gm)]
  .map((match) => match[1]!)
  .filter((name) => !notCases.has(name) && !name.startsWith('every_'));

async function hold(python: Python, name: string): Promise<void> {
  // The driver itself needs Python 3; the relay runs on the version in question.
  const argv = [live, relay, python.path, python.flags.join(' '), name];
  const { code, text } = await run(newest.path, argv);
  assert.equal(code, 0, text);
}

// Several at a time: they wait for heartbeats of a second most of the time.
describe('the relay as a process, in real ptys', { concurrency: 4 }, () => {
  for (const name of cases) {
    test(`Python ${newest.version}: ${name.replaceAll('_', ' ')}`, () => hold(newest, name));
  }
  for (const [turn, python] of pythons.slice(0, -1).entries()) {
    const everywhere = ['the_shell_cannot_tell', 'at_a_dash_prompt', 'death_by_signal_becomes_ours'];
    // The oldest is another language; of the others each has one, in turn.
    for (const name of turn === 0 || isLong ? everywhere : [everywhere[turn % 3]!]) {
      test(`Python ${python.version}: ${name.replaceAll('_', ' ')}`, () => hold(python, name));
    }
  }
});
