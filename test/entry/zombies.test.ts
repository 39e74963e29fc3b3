// Where PID 1 reaps nothing, as in some containers, every orphan stays as a zombie: a kept session leaves none.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { installedSandbox } from '../support/bundle.ts';
import { lacksShell, type Sandbox, skipUnless, WAYS_IN, type WayIn } from '../support/sandbox.ts';
import { someOf } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash', 'bash', 'busybox', 'zsh', 'logger');

/** PID 1: waits for the session alone. When nothing else runs any more, it writes down what nobody has reaped. */
const CARELESS_INIT = `
import os, sys, time
child = os.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
os.waitpid(child, 0)
def others():
    for pid in os.listdir('/proc'):
        if pid.isdigit() and pid != '1':
            try:
                text = open('/proc/%s/stat' % pid).read()
            except IOError:
                continue
            yield text.split('(')[1].split(')')[0], text.rsplit(')', 1)[1].split()[0]
while any(state != 'Z' for _, state in others()):
    time.sleep(0.01)
with open(sys.argv[1], 'w') as file:
    file.write('left: ' + ' '.join(sorted(name for name, _ in others())) + '.')
`;

let kept: Sandbox;
before(() => {
  if (!skip) kept = installedSandbox({ entries: ['env', 'profile', 'rc'] });
});
after(() => kept?.close());

/** What a session leaves that ends by what is typed. */
async function findLeft({ name, ...way }: WayIn, typed: string, host = kept): Promise<string> {
  const list = `/tmp/left.${name.replaceAll(/\W/g, '')}.${typed.length}`;
  return host.inSession(
    { ...way, extra: ['--as-pid-1'], prefix: ['/usr/bin/python3', '-IS', '-c', CARELESS_INIT, list] },
    async (session) => {
      await session.see('prompt> ');
      if (host === kept) await session.relay();
      else await session.until('the helper', () => session.processes('ssm-keepalive').length === 1);
      session.type(typed);
      await session.exited();
      await session.until('the list', () => host.has(list) && host.read(list).endsWith('.'));
      return host.read(list);
    },
  );
}

describe('zombies', { concurrency: 4 }, () => {
  for (const way of someOf(WAYS_IN, 2))
    test(
      `${way.name}: a kept session that ends at once leaves none`,
      {
        skip: skip || lacksShell(way),
      },
      async () => assert.equal(await findLeft(way, 'exit 3\r'), 'left: .'),
    );

  test('a session that outlives its start leaves none', { skip }, async () =>
    assert.equal(await findLeft(WAYS_IN[0]!, 'sleep 1.2; exit 3\r'), 'left: .'),
  );

  // Its parent is PID 1 from the beginning, so that the shell has no job.
  test('the helper of the prompt keeper is one, and what it waits for another', { skip }, async () => {
    const host = installedSandbox({ keeper: 'prompt', entries: ['profile'] });
    try {
      const way = WAYS_IN.find(({ name }) => name === '-bash')!;
      assert.match(await findLeft(way, 'exit 3\r', host), /^left: ([a-z]+ )?ssm-keepalive( [a-z-]+)?\.$/);
    } finally {
      host.close();
    }
  });
});
