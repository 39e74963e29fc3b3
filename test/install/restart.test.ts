import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { agentHost, installAndWatch } from '../support/agent-host.ts';
import { bundleOf, DROP_IN, LIBRARY } from '../support/bundle.ts';
import { skipUnless } from '../support/sandbox.ts';
import { someOf } from '../support/turns.ts';

const skip = skipUnless('bwrap', 'python3', 'dash');

test('the agent restarts into the drop-in: pending at first, live at the second look, and a third install leaves it alone; uninstall restarts it out of an environment that names a file that is gone', {
  skip,
}, () => {
  // A systemd without --collect; the other tests have one that knows it.
  const sandbox = agentHost({ isOld: true });
  try {
    const after = 'dash /tmp/uninstall.sh >/tmp/out.uninstall';
    const { verdict, calls, environ } = installAndWatch(sandbox, { again: true, after });
    const first = verdict('install');
    assert.deepEqual(
      [first['verdict'], first.entries!['env'], first['restart']],
      ['installed', 'pending', 'scheduled'],
    );
    assert.match(environ, /^ENV=\/usr\/local\/lib\/ssm-keepalive\/entry\.sh$/m);
    const second = verdict('status');
    assert.deepEqual(
      [second['state'], second.entries!['env'], second['restart']],
      ['installed', 'live', 'confirmed'],
    );
    assert.deepEqual([verdict('again')['verdict'], verdict('again')['restart']], ['unchanged', 'confirmed']);
    assert.equal(calls.split('systemctl restart').length - 1, 1);
    assert.match(
      calls,
      /systemctl daemon-reload\n(systemctl show .*\n)*systemctl restart amazon-ssm-agent\.service/,
    );
    assert.deepEqual(
      [verdict('uninstall')['verdict'], verdict('uninstall')['restart']],
      ['removed', 'scheduled'],
    );
    assert.ok(!sandbox.has(DROP_IN));
    assert.ok(!sandbox.has(LIBRARY));
    const unit = /^systemd-run .* \/bin\/sh (\/run\/ssm-keepalive-restart\.\d+) {2}\d+ /m;
    assert.match(sandbox.read('run/fake/calls'), unit, 'a file, not a command line');
  } finally {
    sandbox.close();
  }
});

const LOG = '/var/log/amazon/ssm/amazon-ssm-agent.log';

const LOST = [
  ['it dies', 'dies', '', /it is not active/],
  ['it does not connect', 'mute', '', /its log does not say that it connected/],
  // /var/log is open to a group on Ubuntu.
  [
    'its log is a pipe of somebody',
    'mute',
    `rm ${LOG}; mkfifo ${LOG}; chown 1001 ${LOG}`,
    /its log does not say that it connected/,
  ],
  [
    'its log is somebody else’s and says that it connected',
    'mute',
    `chown 1001 ${LOG}; while sleep 0.1; do cat /tmp/forged >>${LOG}; done & document=$!`,
    /its log does not say that it connected/,
  ],
] as const;
for (const [what, mode, before, why] of someOf(LOST, 1)) {
  test(`the agent does not come back (${what}): the drop-in is taken out again, the agent runs without it, status knows why`, {
    skip,
  }, () => {
    const sandbox = agentHost({ mode });
    try {
      sandbox.write('tmp/forged', 'Set up control channel successfully\n');
      const { verdict, environ, calls } = installAndWatch(sandbox, { before });
      assert.equal(verdict('install')['restart'], 'scheduled');
      assert.ok(!sandbox.has(dirname(DROP_IN)), 'nor its folder');
      assert.doesNotMatch(environ, /ENV=/);
      assert.equal(calls.split('systemctl restart').length - 1, 2);
      const look = verdict('status');
      assert.deepEqual([look.entries!['env'], look['restart']], ['off', 'failed']);
      assert.match(String(look['why']), why);
    } finally {
      sandbox.close();
    }
  });
}

test('another KillMode than process: never restarted, and the verdict says why', { skip }, () => {
  const sandbox = agentHost({ killMode: 'control-group' });
  try {
    const { verdict, calls } = installAndWatch(sandbox, { looks: false });
    assert.deepEqual(
      [verdict('install').entries!['env'], verdict('install')['restart']],
      ['pending', 'refused'],
    );
    assert.match(String(verdict('install')['why']), /KillMode .* 'control-group'/);
    assert.doesNotMatch(calls, /systemctl restart|systemd-run/);
  } finally {
    sandbox.close();
  }
});

/** Seconds: three connections that are refused in a row, measured with the real agent, whose tries come at growing distances. */
const THREE_REFUSALS = 60;

test('on a host the agent has two minutes to come back, twice what three refused connections cost; other documents have ten', {
  skip,
}, () => {
  const sandbox = agentHost();
  try {
    const { calls } = installAndWatch(sandbox, { seconds: '', patience: '', looks: false });
    const [, seconds, patience] = /^systemd-run .* (\d+) (\d+) amazon-ssm-agent\.service$/m.exec(calls) ?? [];
    assert.deepEqual([Number(seconds), Number(patience)], [2 * THREE_REFUSALS, 600]);
  } finally {
    sandbox.close();
  }
});

test('--no-restart: the same digest, and the agent is left alone', { skip }, () => {
  const sandbox = agentHost();
  try {
    const quiet = bundleOf({ restart: false });
    assert.equal(quiet.digest, bundleOf().digest);
    const script = bundleOf({ keeper: 'prompt', restart: false }).installer;
    const { verdict, calls } = installAndWatch(sandbox, { script, looks: false });
    assert.deepEqual([verdict('install').entries!['env'], verdict('install')['restart']], ['pending', 'off']);
    assert.doesNotMatch(calls, /systemctl restart|systemd-run/);
  } finally {
    sandbox.close();
  }
});

test('an ENV that the unit sets already is kept for sessions; one with spaces is refused', { skip }, () => {
  for (const former of someOf(['ENV=/etc/site.env', 'APP_ENV=prod ENV=/etc/site.env'], 1)) {
    const sandbox = agentHost({ former });
    try {
      const { verdict } = installAndWatch(sandbox, { again: true, looks: false });
      assert.equal(verdict('install')['verdict'], 'installed');
      assert.equal(sandbox.read(`${LIBRARY}/env-before`), '/etc/site.env\n');
      assert.equal(verdict('again')['verdict'], 'unchanged');
    } finally {
      sandbox.close();
    }
  }
  const odd = agentHost({ shown: '"ENV=/etc/a b"' });
  try {
    const { verdict } = installAndWatch(odd, { looks: false });
    assert.deepEqual([verdict('install')['verdict'], verdict('install')['step']], ['failed', 'entry']);
    assert.ok(!odd.has(LIBRARY));
  } finally {
    odd.close();
  }
});
