import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPythons, relayText, run, writeRelay } from './rendered.ts';

test('the relay imports nothing but modules that every Python has', () => {
  const imports = [...relayText.matchAll(/^\s*(?:import|from)\s+(\w+)/gm)].map((match) => match[1]!);
  const allowed = '_signal errno fcntl os select signal struct sys termios time'.split(' ');
  assert.deepEqual(imports.sort(), allowed);
});

test('the relay is plain ASCII, so that Python 2.7 reads it without a coding line', () => {
  assert.ok(!/[^\n\x20-\x7e]/.test(relayText));
});

for (const python of findPythons()) {
  test(`Python ${python.version}: the relay compiles without a warning`, async () => {
    const source = 'import sys\nwith open(sys.argv[1]) as f: compile(f.read(), sys.argv[1], "exec")';
    const { code, text } = await run(python.path, ['-W', 'error', '-c', source, writeRelay('relay.py')]);
    assert.equal(code, 0, text);
    assert.equal(text, '');
  });
}
