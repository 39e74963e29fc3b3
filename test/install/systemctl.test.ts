// What `status` concludes of an entry where systemctl is not of much use.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { mirrorFolder } from '../../src/lab/tree.ts';
import { bundleOf, installQuietly } from '../support/bundle.ts';
import { Sandbox, skipUnless } from '../support/sandbox.ts';
import { someOf } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash');
const PATHS = '/usr/sbin:/usr/bin:/sbin:/bin';

/** systemctl's text, undefined where there is none; what `status` then says of the entry, and how often it may ask. */
const CASES: readonly [what: string, text: string | undefined, mode: number, env: string, asks: number][] = [
  ['answers that the agent does not run', 'echo MainPID=0', 0o755, 'pending', 9],
  ['is not there', undefined, 0o755, 'unknown', 0],
  ['is not executable', 'echo MainPID=0', 0o644, 'unknown', 0],
  ['fails and says nothing', 'exit 1', 0o755, 'unknown', 9],
  ['succeeds and says nothing', 'exit 0', 0o755, 'unknown', 9],
  ['says something else', "printf 'Main\\033[31m\\nPID 7 ='", 0o755, 'unknown', 9],
  ['answers and fails', 'echo MainPID=0; exit 1', 0o755, 'unknown', 9],
  ['hangs', 'sleep 4321', 0o755, 'unknown', 1],
];

let sandbox: Sandbox;
before(() => {
  if (skip) return;
  sandbox = new Sandbox();
  installQuietly(sandbox, bundleOf());
  mkdirSync(sandbox.path('tmp/bin'));
  mirrorFolder('/usr/bin', '/usr/bin', sandbox.path('tmp/bin'), /^(systemctl|timeout)$/);
  // The real one, in less time for systemctl alone: on a busy machine Python takes a second to start.
  sandbox.write(
    'tmp/bin/timeout',
    '#!/bin/sh\n[ "$2" != systemctl ] || { shift && set -- 4 "$@"; }\nexec /usr/bin/timeout "$@"\n',
  );
  chmodSync(sandbox.path('tmp/bin/timeout'), 0o755);
});
after(() => sandbox?.close());

const [answers, ...silent] = CASES;
for (const [what, text, mode, env, asks] of [answers!, ...someOf(silent, 3)]) {
  test(`dash: where systemctl ${what} the entry is ${env}`, { skip }, () => {
    const script = bundleOf().status.replaceAll(PATHS, '/tmp/own:/tmp/bin');
    assert.ok(script.includes('/tmp/own'), 'it takes its programs from elsewhere by now');
    sandbox.run(['/usr/bin/rm', '-rf', '/tmp/own', '/tmp/asked']);
    if (text !== undefined) {
      sandbox.write('tmp/own/systemctl', `#!/bin/sh\necho >>/tmp/asked\n${text}\n`);
      chmodSync(sandbox.path('tmp/own/systemctl'), mode);
    }
    const { verdict, stdout } = sandbox.runScript(script);
    assert.equal(verdict.entries?.['env'], env, stdout);
    assert.equal(verdict['state'], 'installed', stdout);
    assert.equal(
      /^env: unknown, because systemctl does not answer$/m.test(stdout),
      env === 'unknown',
      stdout,
    );
    const asked = sandbox.run(['/usr/bin/dash', '-c', '[ ! -e /tmp/asked ] || wc -l </tmp/asked']).stdout;
    assert.ok(Number(asked) <= asks, `asked ${asked} times`);
    assert.equal(Number(asked) > 0, asks > 0, stdout);
  });
}
