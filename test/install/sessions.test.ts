import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleOf, installQuietly } from '../support/bundle.ts';
import { Sandbox, shellsInTurn, skipUnless } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash');

/** Runs status beside a process that calls itself a relay and holds what `open` makes. */
function statusBeside(shell: readonly string[], open: string) {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf();
    installQuietly(sandbox, bundle);
    sandbox.write('tmp/status.sh', bundle.status);
    sandbox.write(
      'tmp/pretender.py',
      `import os, sys, time\nopen('/proc/self/comm', 'w').write('ssm-keepalive')\npath = '/dev/shm/ssm-keepalive-x'\n${open}\nopen('/tmp/ready', 'w').close()\ntime.sleep(60)\n`,
    );
    return sandbox.run([
      '/usr/bin/dash',
      '-c',
      `python3 -I /tmp/pretender.py & until [ -e /tmp/ready ]; do sleep 0.05; done; ${shell.join(' ')} /tmp/status.sh; status=$?; kill -9 $!; exit $status`,
    ]);
  } finally {
    sandbox.close();
  }
}

const record = (text: string) =>
  `fd = os.open(path, os.O_RDWR | os.O_CREAT)\nos.write(fd, ${JSON.stringify(text)}.encode('latin-1'))\nos.unlink(path)`;

for (const { name, argv } of shellsInTurn(0)) {
  test(`${name}: status reads a relay's record`, { skip }, () => {
    const { status, verdict } = statusBeside(
      argv,
      record(
        'v=1 state=answering interval=45 started=1700000000 lastkey=1700000001 lastanswer=1700000002 pts=/dev/pts/3 inner=7\n',
      ),
    );
    const [session] = verdict['sessions'] as Record<string, unknown>[];
    assert.equal(status, 0);
    assert.deepEqual(
      [session!['terminal'], session!['state'], session!['keeper'], session!['uid']],
      ['/dev/pts/3', 'answering', 'relay', 0],
    );
    assert.ok(Number(session!['age']) > 0);
  });
}

for (const { name, argv } of shellsInTurn(1)) {
  test(`${name}: a record that a user forged spoils neither the line nor the run`, { skip }, () => {
    const { status, verdict, stderr } = statusBeside(
      argv,
      record(
        'state=a"b\\c started=08 lastkey=99999999999999999999 lastanswer=-1 pts=$(id)* * \u0000 \u00e9 {{x}}',
      ),
    );
    assert.deepEqual([status, verdict['verdict'], stderr], [0, 'status', '']);
    assert.equal((verdict['sessions'] as unknown[]).length, 1);
  });
}

/** Prompt helpers, as terminal and second of the last key: shells inside one another have one each, on the same terminal. */
const HELPERS = `import os, sys, time
terminals = [os.openpty()[1] for _ in range(3)]
for number, (terminal, key) in enumerate([(0, 5), (0, 900), (0, 70), (1, 300), (2, 400), (2, 400)]):
    mine, theirs = os.pipe()
    if os.fork() == 0:
        open('/proc/self/comm', 'w').write('ssm-keepalive')
        fd = os.open('/dev/shm/ssm-keepalive-%d' % number, os.O_RDWR | os.O_CREAT)
        os.write(fd, b'v=1 keeper=prompt started=1700000000 lastkey=%d pts=/dev/pts/3' % (1700000000 + key))
        os.dup2(terminals[terminal], 1)
        os.write(theirs, b'x')
        time.sleep(60)
    os.read(mine, 1)
open('/tmp/ready', 'w').close()
time.sleep(60)
`;

test('helpers of shells inside one another are one session, that of the last key', { skip }, () => {
  const sandbox = new Sandbox();
  try {
    const bundle = bundleOf();
    installQuietly(sandbox, bundle);
    sandbox.write('tmp/status.sh', bundle.status);
    sandbox.write('tmp/helpers.py', HELPERS);
    for (const { name, argv } of shellsInTurn(2)) {
      const { verdict } = sandbox.run([
        '/usr/bin/dash',
        '-c',
        `rm -f /tmp/ready; python3 -I /tmp/helpers.py >/dev/null & until [ -e /tmp/ready ]; do sleep 0.05; done; exec ${argv.join(' ')} /tmp/status.sh`,
      ]);
      const sessions = verdict['sessions'] as Record<string, number>[];
      const keys = sessions.map((session) => session['age']! - session['lastKey']!);
      assert.deepEqual(keys.sort(), [300, 400, 900], name);
      assert.equal((verdict['kept'] as Record<string, number>)['count'], 3, name);
      assert.deepEqual(new Set(sessions.map(({ leaked }) => leaked)), new Set([null]), name);
    }
  } finally {
    sandbox.close();
  }
});

test('a pipe in the place of a record does not hold up status', { skip }, () => {
  const { status, verdict } = statusBeside(
    ['/usr/bin/dash'],
    'os.mkfifo(path)\nfd = os.open(path, os.O_RDWR)',
  );
  assert.deepEqual([status, verdict['verdict'], verdict['sessions']], [0, 'status', []]);
});
