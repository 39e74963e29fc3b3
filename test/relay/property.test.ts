import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPythons, pathOf, relayText, run, writeRelay } from './rendered.ts';

const pythons = findPythons();
const newest = pythons.at(-1)!;
const simulate = pathOf('simulate.py');

test('500 random schedules: programs read what was typed and the answers they asked for, nothing else', async (t) => {
  const { code, text } = await run(newest.path, [
    simulate,
    writeRelay('relay.py'),
    '--seed',
    '1',
    '--count',
    '500',
  ]);
  assert.equal(code, 0, text);
  t.diagnostic(text.trim());
});

for (const [index, python] of pythons.entries()) {
  test(`Python ${python.version}: another slice of the schedules holds`, async (t) => {
    const from = String(1000 + 40 * index);
    const argv = [simulate, writeRelay('relay.py'), '--seed', '1', '--from', from, '--count', '40'];
    const { code, text } = await run(python.path, argv);
    assert.equal(code, 0, text);
    t.diagnostic(text.trim());
  });
}

// The property is worth what it finds: each of these is a fault that a change could bring back.
const faults = [
  { name: 'nothing is held', is: 'HOLD = {1: 0.25, 2: 1.0, 3: 10.0}', becomes: 'HOLD = {1: 0, 2: 0, 3: 0}' },
  { name: 'one answer too many is removed', is: 'self.outstanding + 1)', becomes: 'self.outstanding + 2)' },
  { name: 'one answer too few is removed', is: 'self.outstanding -= 1', becomes: 'self.outstanding -= 2' },
  {
    name: 'two answers in one read count as one',
    is: 'at, end = find_answer(text, end, self.before)',
    becomes: 'at = -1',
  },
  {
    name: 'an unanswered query is forgotten',
    is: 'self.last_ask = now\n        self.sent',
    becomes: 'self.outstanding = 0\n        self.last_ask = now\n        self.sent',
  },
  { name: 'more is in flight than is removed', is: 'LOST = 30.0', becomes: 'LOST = 0.5' },
  { name: 'a heartbeat goes anywhere', is: 'if is_inside(self.tail) and', becomes: 'if False and' },
  { name: 'a heartbeat goes inside a character', is: 'if code >= 0xc0:', becomes: 'if False:' },
  { name: 'programs are not served first', is: '        if self.claims:\n', becomes: '        if False:\n' },
  { name: 'a query split over reads is missed', is: 'max(0, known - 3)', becomes: 'known' },
  { name: 'the text of a string counts as a query', is: 'if is_asked(window, at):', becomes: 'if True:' },
];

for (const fault of faults) {
  test(`the short slice finds the fault: ${fault.name}`, async () => {
    assert.equal(relayText.split(fault.is).length, 2, 'the text to break has to be there once');
    const path = writeRelay(
      `${fault.name.replaceAll(' ', '-')}.py`,
      relayText.replace(fault.is, fault.becomes),
    );
    const { code, text } = await run(newest.path, [simulate, path, '--seed', '1', '--count', '500']);
    assert.equal(code, 1, text);
    assert.match(text, /^FAILED: .*\nreplay: .*--seed 1 --schedule \d+ -v/);
  });
}
