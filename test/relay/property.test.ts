import assert from 'node:assert/strict';
import { test } from 'node:test';
import { someOf, TURN } from '../support/turns.ts';
import { pathOf, pythonsInTurn, relayText, run, writeRelay } from './rendered.ts';

const pythons = pythonsInTurn();
const newest = pythons.at(-1)!;
const simulate = pathOf('simulate.py');

/** Other ones each day. */
test('150 random schedules: programs read what was typed and the answers they asked for, nothing else', async (t) => {
  const argv = [simulate, writeRelay('relay.py'), '--seed', String(TURN), '--count', '150'];
  const { code, text } = await run(newest.path, argv);
  assert.equal(code, 0, text);
  t.diagnostic(text.trim());
});

for (const [index, python] of pythons.entries()) {
  test(`Python ${python.version}: another slice of the schedules holds`, async (t) => {
    const from = String(1000 + 20 * index);
    const argv = [simulate, writeRelay('relay.py'), '--seed', '1', '--from', from, '--count', '20'];
    const { code, text } = await run(python.path, argv);
    assert.equal(code, 0, text);
    t.diagnostic(text.trim());
  });
}

// The property is worth what it finds: each of these is a fault that a change could bring back.
const faults = [
  {
    name: 'nothing is held',
    is: 'self.hold_until = now + HOLD[begun]',
    becomes: 'self.hold_until = now',
  },
  {
    name: 'one answer too few is removed',
    is: 'self.in_flight -= 1',
    becomes: 'self.in_flight = max(0, self.in_flight - 2)',
  },
  {
    name: 'two answers in one read count as one',
    is: 'at, end = find_answer(text, end, self.before)',
    becomes: 'at = -1',
  },
  {
    name: 'an unanswered query is forgotten',
    is: 'self.in_flight += 1',
    becomes: 'self.in_flight = 1',
  },
  {
    name: 'a late answer is no longer ours',
    is: 'self.late, self.in_flight = min(MOST, self.late + self.in_flight), 0',
    becomes: 'self.in_flight = 0',
  },
  { name: 'more is in flight than is removed', is: 'if self.in_flight >= MOST:', becomes: 'if False:' },
  { name: 'a heartbeat goes inside a sequence', is: 'if self.output.is_unfinished():', becomes: 'if False:' },
  { name: 'a heartbeat goes inside a string', is: 'if self.output.is_in_string():', becomes: 'if False:' },
  { name: 'a heartbeat goes inside a character', is: 'if code >= 0xc0:', becomes: 'if False:' },
  {
    name: 'programs are not served first',
    is: 'if not self.claims:',
    becomes: 'if True:',
  },
  {
    name: 'a query split over reads is missed',
    is: 'text = self.begun + data\n        self.begun = next',
    becomes: 'text = data\n        self.begun = next',
  },
  { name: 'the text of a string counts as a query', is: 'asked += not self.string', becomes: 'asked += 1' },
  {
    name: 'hterm is not understood',
    is: "(b'\\x1b[', b'\\xc2\\x9b', b'\\x9b', ESC)",
    becomes: "(b'\\x1b[', b'\\xc2\\x9b', b'\\x9b')",
  },
  {
    name: 'an answer that comes twice is passed on',
    is: 'if self.twins and not has_begun',
    becomes: 'if False',
  },
  {
    name: 'a client that has never answered is asked again',
    is: 'if self.has_terminal:',
    becomes: 'if True:',
  },
  {
    name: 'a new size is asked in the middle of output',
    is: 'self.probes < PROBES and self.output.is_at_line_start()',
    becomes: 'self.probes < PROBES',
  },
  {
    name: 'a size of a client without a terminal is asked',
    is: 'self.is_size_new = size not in NO_TERMINAL and',
    becomes: 'self.is_size_new =',
  },
  {
    name: 'what remains of an answer is not counted',
    is: 'self.leaked += has_begun',
    becomes: 'self.leaked += 0',
  },
  {
    name: 'a wrapper drops what was typed before it started',
    is: 'ahead += session.hear(data)',
    becomes: 'session.hear(data)',
  },
  {
    name: 'a laptop that wakes has its answers passed on',
    is: 'if self.awake_since is None:\n                return NEVER',
    becomes: 'if False:\n                return NEVER',
  },
  {
    name: 'an ESC is not held after a sleep',
    is: '(was_asleep or now - self.last_ask < LOST)',
    becomes: 'now - self.last_ask < LOST',
  },
];

// Each takes a few hundred schedules to be found.
for (const fault of someOf(faults, 4)) {
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
