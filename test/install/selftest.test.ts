// The installer's self-test ends by itself, whatever the processes of the unprivileged user that it becomes do to it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { PYTHON_PROGRAMS } from '../../src/bundle/python.ts';
import { bundleOf } from '../support/bundle.ts';
import { Sandbox, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash');

/** What the session's shell runs in the place of the entry, and what the self-test says of it: nothing where its alarm ended it. */
const SESSIONS = [
  { what: 'never comes to its prompt', runs: 'sleep 100', says: 'no prompt\n' },
  { what: 'is deaf to a hangup', runs: "trap '' HUP TERM; sleep 100", says: 'no prompt\n' },
  { what: 'stops itself', runs: 'kill -STOP $$', says: 'no prompt\n' },
  { what: 'prints without end', runs: 'cat /dev/zero', says: 'no prompt\n' },
  {
    what: 'asks without end and reads no answer',
    runs: String.raw`stty raw -echo; while :; do printf '\033[5n\033[5n\033[5n\033[5n'; done`,
    says: '',
  },
  { what: 'ends at once', runs: 'exit 3', says: 'no prompt\n' },
] as const;

test('the self-test ends by itself, and leaves nobody who holds its output open', {
  skip,
}, async (context) => {
  const text = bundleOf().files.find(({ path }) => path === 'selftest.py')?.text ?? '';
  const hasty = text.replace('PATIENCE = 30', 'PATIENCE = 1').replace('END = 35', 'END = 4');
  assert.match(hasty, /PATIENCE = 1\nEND = 4\n/);
  const sandbox = new Sandbox();
  try {
    for (const [index, { runs }] of SESSIONS.entries()) {
      sandbox.write(`tmp/${index}/selftest.py`, hasty);
      sandbox.write(`tmp/${index}/selftest.sh`, `${runs}\n`);
    }
    sandbox.write('tmp/program', PYTHON_PROGRAMS.selftest);
    // No timeout around it, and a parent that ignores the alarm.
    sandbox.write(
      'tmp/driver.sh',
      `trap '' ALRM
for number in ${SESSIONS.map((_, index) => index).join(' ')}; do
  { said=$(/usr/bin/python3 -I -S -B -c "$(cat /tmp/program)" /tmp/$number /tmp/$number </dev/null); echo "$said" >/tmp/$number/said; } &
done
wait
`,
    );
    await once(sandbox.start(['/usr/bin/dash', '/tmp/driver.sh'], 'ignore'), 'exit');
    for (const [index, { what, says }] of SESSIONS.entries())
      await context.test(what, () => assert.equal(sandbox.read(`tmp/${index}/said`).trim(), says.trim()));
  } finally {
    sandbox.close();
  }
});
