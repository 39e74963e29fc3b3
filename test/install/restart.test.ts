import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleOf, DROP_IN, LIBRARY } from '../support/bundle.ts';
import { Sandbox, skipUnless, type Verdict } from '../support/sandbox.ts';

const skip = skipUnless('bwrap', 'python3', 'dash');
const BUSY_LOG =
  '2024-10-01 11:00:00 INFO [ssm-agent-worker] [MessageService] [MGSInteractor] Set up control channel successfully\n';

/** A host whose agent runs, under a systemctl that does as told. */
function agentHost({
  killMode = 'process',
  mode = '',
  former = '',
  shown = '',
  isOld = false,
} = {}): Sandbox {
  const sandbox = new Sandbox();
  for (const name of ['systemctl', 'systemd-run']) {
    copyFileSync(
      fileURLToPath(new URL(`../support/agent/${name}`, import.meta.url)),
      sandbox.path(`usr/sbin/${name}`),
    );
  }
  sandbox.write('run/fake/killmode', `${killMode}\n`);
  sandbox.write('run/fake/mode', mode);
  if (former) sandbox.write('run/fake/former', `${former}\n`);
  if (shown) sandbox.write('run/fake/shown', `${shown}\n`);
  if (isOld) sandbox.write('run/fake/old', '');
  // A log that says so already proves nothing about the next start.
  sandbox.write('var/log/amazon/ssm/amazon-ssm-agent.log', BUSY_LOG);
  return sandbox;
}

/** Installs while the agent runs, waits for the unit that restarts it, looks twice. */
function installAndWatch(sandbox: Sandbox, { again = false, script = bundleOf().installer } = {}) {
  const bundle = bundleOf();
  sandbox.write('tmp/install.sh', script);
  sandbox.write('tmp/status.sh', bundle.status);
  sandbox.write('tmp/uninstall.sh', bundle.uninstaller);
  const outcome = sandbox.run(
    [
      '/usr/bin/dash',
      '-c',
      `systemctl daemon-reload; systemctl restart amazon-ssm-agent.service; : >/run/fake/calls
      dash /tmp/install.sh >/tmp/out.install
      n=0
      while [ $n -lt 250 ]; do case $(cat /${LIBRARY}/restart 2>/dev/null) in confirmed*|failed*) break ;; esac; [ -e /${LIBRARY}/restart ] || break; sleep 0.1; n=$((n + 1)); done
      cp /run/fake/calls /tmp/calls
      : >/tmp/environ; tr '\\0' '\\n' <"/proc/$(cat /run/fake/pid)/environ" >>/tmp/environ
      ${again ? 'dash /tmp/install.sh >/tmp/out.again' : ''}
      dash /tmp/status.sh >/tmp/out.status
      [ ! -e /tmp/also ] || dash /tmp/uninstall.sh >/tmp/out.uninstall
      sleep 0.1; kill "$(cat /run/fake/pid)" 2>/dev/null; exit 0`,
    ],
    { env: { SSM_KEEPALIVE_RESTART_SECONDS: '2' } },
  );
  assert.equal(outcome.status, 0, outcome.stderr);
  const verdict = (name: string) => JSON.parse(sandbox.read(`tmp/out.${name}`).split('\n')[0]!) as Verdict;
  return { verdict, calls: sandbox.read('tmp/calls'), environ: sandbox.read('tmp/environ') };
}

test('the agent restarts into the drop-in: pending at first, live at the second look, and a third install leaves it alone', {
  skip,
}, () => {
  const sandbox = agentHost();
  try {
    const { verdict, calls, environ } = installAndWatch(sandbox, { again: true });
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
    assert.match(calls, /systemctl daemon-reload\nsystemctl restart amazon-ssm-agent\.service/);
  } finally {
    sandbox.close();
  }
});

for (const [mode, why] of [
  ['dies', /it is not active/],
  ['mute', /its log does not say that it connected/],
] as const) {
  test(`the agent does not come back (${mode}): the drop-in is taken out again, the agent runs without it, status knows why`, {
    skip,
  }, () => {
    const sandbox = agentHost({ mode });
    try {
      const { verdict, environ, calls } = installAndWatch(sandbox);
      assert.equal(verdict('install')['restart'], 'scheduled');
      assert.ok(!sandbox.has(DROP_IN));
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
    const { verdict, calls } = installAndWatch(sandbox);
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

test('--no-restart: the same digest, and the agent is left alone', { skip }, () => {
  const sandbox = agentHost();
  try {
    const quiet = bundleOf({ restart: false });
    assert.equal(quiet.digest, bundleOf().digest);
    const { verdict, calls } = installAndWatch(sandbox, { script: quiet.installer });
    assert.deepEqual([verdict('install').entries!['env'], verdict('install')['restart']], ['pending', 'off']);
    assert.doesNotMatch(calls, /systemctl restart|systemd-run/);
  } finally {
    sandbox.close();
  }
});

test('a systemd without --collect gets the unit all the same', { skip }, () => {
  const sandbox = agentHost({ isOld: true });
  try {
    assert.equal(installAndWatch(sandbox).verdict('status')['restart'], 'confirmed');
  } finally {
    sandbox.close();
  }
});

test('an ENV that the unit sets already is kept for sessions; one with spaces is refused', { skip }, () => {
  for (const former of ['ENV=/etc/site.env', 'APP_ENV=prod ENV=/etc/site.env']) {
    const sandbox = agentHost({ former });
    try {
      const { verdict } = installAndWatch(sandbox, { again: true });
      assert.equal(verdict('install')['verdict'], 'installed');
      assert.equal(sandbox.read(`${LIBRARY}/env-before`), '/etc/site.env\n');
      assert.equal(verdict('again')['verdict'], 'unchanged');
    } finally {
      sandbox.close();
    }
  }
  const odd = agentHost({ shown: '"ENV=/etc/a b"' });
  try {
    const { verdict } = installAndWatch(odd);
    assert.deepEqual([verdict('install')['verdict'], verdict('install')['step']], ['failed', 'entry']);
    assert.ok(!odd.has(LIBRARY));
  } finally {
    odd.close();
  }
});

test('uninstall restarts the agent out of an environment that names a file that is gone', { skip }, () => {
  const sandbox = agentHost();
  try {
    sandbox.write('tmp/also', '');
    const { verdict } = installAndWatch(sandbox);
    assert.deepEqual(
      [verdict('uninstall')['verdict'], verdict('uninstall')['restart']],
      ['removed', 'scheduled'],
    );
    assert.ok(!sandbox.has(DROP_IN));
    assert.ok(!sandbox.has(LIBRARY));
  } finally {
    sandbox.close();
  }
});
