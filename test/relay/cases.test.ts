import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathOf, pythonsInTurn, run, writeRelay } from './rendered.ts';

for (const python of pythonsInTurn()) {
  test(`Python ${python.version}: every rule of the keeper holds in virtual time`, async (t) => {
    const { text } = await run(python.path, [pathOf('cases.py'), writeRelay('relay.py')]);
    const lines = text.trim().split('\n');
    assert.ok(lines.length >= 25, text);
    for (const line of lines) {
      const { name, why } = JSON.parse(line) as { name: string; why: string };
      await t.test(name, () => assert.equal(why, ''));
    }
  });
}
