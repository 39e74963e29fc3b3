// What the restart waits for, and which agents it restarts: one after the other, none while a document runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentHost, installAndWatch } from '../support/agent-host.ts';
import { DROP_IN } from '../support/bundle.ts';
import { skipUnless } from '../support/sandbox.ts';
import { rotate, someOf, TURN } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash');
const SNAP = 'snap.amazon-ssm-agent.amazon-ssm-agent.service';

test('two agents are restarted by one unit, each into its own drop-in; one that does not run is not started', {
  skip,
}, () => {
  for (const runs of rotate([true, false], TURN)) {
    const sandbox = agentHost();
    try {
      sandbox.write(`etc/systemd/system/${SNAP}`, '[Service]\nExecStart=/usr/bin/amazon-ssm-agent\n');
      sandbox.write('run/fake/snap/loaded', '');
      const before = runs ? `systemctl restart ${SNAP}; : >/run/fake/calls` : '';
      const { calls, verdict } = installAndWatch(sandbox, { before });
      assert.equal(calls.match(/^systemd-run /gm)?.length, 1, calls);
      assert.match(calls, new RegExp(`^systemd-run .* amazon-ssm-agent\\.service ${SNAP}$`, 'm'));
      const restarts = calls.match(/^systemctl restart .*$/gm);
      assert.deepEqual(
        restarts,
        ['amazon-ssm-agent.service', ...(runs ? [SNAP] : [])].map((unit) => `systemctl restart ${unit}`),
      );
      assert.deepEqual(
        [verdict('status').entries!['env'], verdict('status')['restart']],
        ['live', 'confirmed'],
      );
    } finally {
      sandbox.close();
    }
  }
});

/** A process of root's that is called as the agent's document workers are; \`$document\` is its pid. */
const DOCUMENT = (seconds: number) =>
  `python3 -I -c "import time; open('/proc/self/comm', 'w').write('ssm-document-worker'); open('/tmp/runs', 'w').close(); time.sleep(${seconds})" & document=$!
      until [ -e /tmp/runs ]; do sleep 0.05; done`;

/** What a user can start: a program that is root by its mode, under any name. */
const BY_ITS_MODE = `cp /usr/bin/sleep /run/ssm-document-worker; chmod 4755 /run/ssm-document-worker
      /run/ssm-document-worker 1000 & document=$!
      until read -r name </proc/$document/comm && [ "$name" = ssm-document-wo ]; do sleep 0.05; done`;

const WAITS = [
  [
    'another document runs for too long',
    DOCUMENT(1000),
    '1',
    'pending',
    /another document still ran after 1 s/,
  ],
  ['a user calls a set-user-ID program as a document', BY_ITS_MODE, '1', 'confirmed', /^$/],
  ['another document ends', DOCUMENT(1), '60', 'confirmed', /^$/],
] as const;
const SILENT = [
  [
    'systemctl is dead when the unit comes to it',
    'echo dead >/tmp/late',
    '2',
    'unknown',
    /systemctl does not answer/,
  ],
  ['daemon-reload hangs', 'echo deaf >/run/fake/mode', '2', 'unknown', /daemon-reload failed or did not end/],
] as const;
for (const [what, before, patience, restart, why] of [...someOf(WAITS, 2), ...someOf(SILENT, 1)]) {
  test(`${what}: ${restart}, and the drop-in waits`, { skip }, () => {
    const sandbox = agentHost();
    try {
      // The real one, in less time.
      sandbox.write(
        'usr/sbin/timeout',
        '#!/bin/sh\n[ "$1" != -k ] || shift 2\nshift\nexec /usr/bin/timeout -k 1 2 "$@"\n',
        0o755,
      );
      sandbox.write(
        'usr/sbin/systemd-run',
        `#!/bin/sh\n[ ! -e /tmp/late ] || mv /tmp/late /run/fake/mode\n${sandbox.read('usr/sbin/systemd-run').replace(/^#!.*\n/, '')}`,
        0o755,
      );
      const { calls, verdict } = installAndWatch(sandbox, { before, patience });
      const restarts = calls.match(/^systemctl restart .*$/gm)?.length ?? 0;
      assert.equal(restarts, restart === 'confirmed' ? 1 : 0, calls);
      assert.ok(sandbox.has(DROP_IN));
      const look = verdict('status');
      assert.equal(look['restart'], restart);
      assert.match(String(look['why']), why);
    } finally {
      sandbox.close();
    }
  });
}

/** Uninstall as the agent starts it: below the worker that carries its verdict to the service, which takes a while more. */
const BELOW_ITS_WORKER = `
import subprocess, time
with open('/proc/self/comm', 'w') as comm:
    comm.write('ssm-document-worker')
with open('/tmp/out.uninstall', 'w') as out:
    subprocess.call(['dash', '/tmp/uninstall.sh'], stdout=out)
time.sleep(1.5)
with open('/run/fake/calls', 'a') as calls:
    calls.write('its worker ends\\n')
`;

test('uninstall: the agent restarts once the worker that carries the verdict has ended, also where no other document is waited for', {
  skip,
}, () => {
  const sandbox = agentHost();
  try {
    sandbox.write('tmp/worker.py', BELOW_ITS_WORKER);
    const { verdict } = installAndWatch(sandbox, {
      looks: false,
      patience: '0',
      after: `: >/run/fake/calls; python3 -I /tmp/worker.py
      n=0; until grep -q '^systemctl restart' /run/fake/calls || [ $n -gt 50 ]; do sleep 0.1; n=$((n + 1)); done`,
    });
    assert.deepEqual(
      [verdict('uninstall')['verdict'], verdict('uninstall')['restart']],
      ['removed', 'scheduled'],
    );
    const ends = sandbox
      .read('run/fake/calls')
      .split('\n')
      .filter((line) => /^its worker ends|^systemctl restart/.test(line));
    assert.deepEqual(ends, ['its worker ends', 'systemctl restart amazon-ssm-agent.service']);
  } finally {
    sandbox.close();
  }
});
