/** Hosts with an agent that is restarted: by a systemctl that does as told, and that writes down what it was told. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleOf, LIBRARY } from './bundle.ts';
import { Sandbox, type Verdict } from './sandbox.ts';

const BUSY_LOG =
  '2024-10-01 11:00:00 INFO [ssm-agent-worker] [MessageService] [MGSInteractor] Set up control channel successfully\n';

/** No self-test: what is restarted, and when, is the same. */
export const QUICK = bundleOf({ keeper: 'prompt' }).installer;

/** A host whose agent runs, under a systemctl that does as told. */
export function agentHost({
  killMode = 'process',
  mode = '',
  former = '',
  shown = '',
  isOld = false,
} = {}): Sandbox {
  const sandbox = new Sandbox();
  for (const name of ['systemctl', 'systemd-run']) {
    copyFileSync(
      fileURLToPath(new URL(`./agent/${name}`, import.meta.url)),
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

/**
 * Installs while the agent runs, waits for the unit that restarts it, looks twice; or once, where no verdict of `status` is asked for.
 * `seconds` for the agent to come back, `patience` for other documents; '': what a host has. `after`: shell lines that end it.
 */
export function installAndWatch(
  sandbox: Sandbox,
  {
    again = false,
    looks = true,
    script = QUICK,
    before = '',
    seconds = '2',
    patience = '2',
    after = '',
  } = {},
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
      while [ $n -lt 250 ]; do [ -e /${LIBRARY}/restart ] || break; state=; read -r state </${LIBRARY}/restart; case $state in confirmed*|failed*|pending*|unknown*) break ;; esac; sleep 0.2; n=$((n + 1)); done
      cp /run/fake/calls /tmp/calls
      : >/tmp/environ; tr '\\0' '\\n' <"/proc/$(cat /run/fake/pid)/environ" >>/tmp/environ
      ${again ? 'dash /tmp/install.sh >/tmp/out.again' : ''}
      ${looks ? 'dash /tmp/status.sh >/tmp/out.status' : ''}
      ${after}
      sleep 0.1; kill $(cat /run/fake/pid /run/fake/snap/pid) $document 2>/dev/null; exit 0`,
    ],
    { env: { SSM_KEEPALIVE_RESTART_SECONDS: seconds, SSM_KEEPALIVE_RESTART_PATIENCE: patience } },
  );
  assert.equal(outcome.status, 0, outcome.stderr);
  const verdict = (name: string) => JSON.parse(sandbox.read(`tmp/out.${name}`).split('\n')[0]!) as Verdict;
  return { verdict, calls: sandbox.read('tmp/calls'), environ: sandbox.read('tmp/environ') };
}
