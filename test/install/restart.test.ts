import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { dirname } from 'node:path';
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
function installAndWatch(
  sandbox: Sandbox,
  { again = false, script = bundleOf().installer, before = '', patience = '2' } = {},
) {
  const bundle = bundleOf();
  sandbox.write('tmp/install.sh', script);
  sandbox.write('tmp/status.sh', bundle.status);
  sandbox.write('tmp/uninstall.sh', bundle.uninstaller);
  const outcome = sandbox.run(
    [
      '/usr/bin/dash',
      '-c',
      `systemctl daemon-reload; systemctl restart amazon-ssm-agent.service; : >/run/fake/calls
      ${before}
      dash /tmp/install.sh >/tmp/out.install
      n=0
      while [ $n -lt 250 ]; do case $(cat /${LIBRARY}/restart 2>/dev/null) in confirmed*|failed*|pending*|unknown*) break ;; esac; [ -e /${LIBRARY}/restart ] || break; sleep 0.1; n=$((n + 1)); done
      cp /run/fake/calls /tmp/calls
      : >/tmp/environ; tr '\\0' '\\n' <"/proc/$(cat /run/fake/pid)/environ" >>/tmp/environ
      ${again ? 'dash /tmp/install.sh >/tmp/out.again' : ''}
      dash /tmp/status.sh >/tmp/out.status
      [ ! -e /tmp/also ] || dash /tmp/uninstall.sh >/tmp/out.uninstall
      sleep 0.1; kill $(cat /run/fake/pid /run/fake/snap/pid) $document 2>/dev/null; exit 0`,
    ],
    { env: { SSM_KEEPALIVE_RESTART_SECONDS: '2', SSM_KEEPALIVE_RESTART_PATIENCE: patience } },
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
    assert.match(
      calls,
      /systemctl daemon-reload\n(systemctl show .*\n)*systemctl restart amazon-ssm-agent\.service/,
    );
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
    const unit = /^systemd-run .* \/bin\/sh (\/run\/ssm-keepalive-restart\.\d+) {2}\d+ /m;
    assert.match(sandbox.read('run/fake/calls'), unit, 'a file, not a command line');
  } finally {
    sandbox.close();
  }
});

const SNAP = 'snap.amazon-ssm-agent.amazon-ssm-agent.service';
/** Without the self-test, which has nothing to do with the agent. */
const QUICK = bundleOf({ keeper: 'prompt' }).installer;

test('two agents are restarted by one unit, each into its own drop-in; one that does not run is not started', {
  skip,
}, () => {
  for (const runs of [true, false]) {
    const sandbox = agentHost();
    try {
      sandbox.write(`etc/systemd/system/${SNAP}`, '[Service]\nExecStart=/usr/bin/amazon-ssm-agent\n');
      sandbox.write('run/fake/snap/loaded', '');
      const before = runs ? `systemctl restart ${SNAP}; : >/run/fake/calls` : '';
      const { calls, verdict } = installAndWatch(sandbox, { script: QUICK, before });
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

for (const [what, before, patience, restart, why] of [
  [
    'another document runs for too long',
    DOCUMENT(1000),
    '1',
    'pending',
    /another document still ran after 1 s/,
  ],
  ['another document ends', DOCUMENT(1), '60', 'confirmed', /^$/],
  [
    'systemctl is dead when the unit comes to it',
    'echo dead >/tmp/late',
    '2',
    'unknown',
    /systemctl does not answer/,
  ],
  ['daemon-reload hangs', 'echo deaf >/run/fake/mode', '2', 'unknown', /daemon-reload failed or did not end/],
] as const) {
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
      const { calls, verdict } = installAndWatch(sandbox, { script: QUICK, before, patience });
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
