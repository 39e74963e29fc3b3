/** Hosts of a lab with a keeper on them, installed as an image build does it: without self-test and restart, in a fraction of the time. */
import assert from 'node:assert/strict';
import type { BundleSettings } from '../../src/bundle/index.ts';
import type { Lab } from '../../src/lab/index.ts';
import { until } from '../lab/test-lab.ts';
import { bundleOf } from '../support/bundle.ts';

/** The user's own startup files: one prompt for all, and no greeting or first-start dialogue. */
const STARTUP: Readonly<Record<string, string>> = {
  '.zshrc': "PS1='@> '\n",
  '.config/fish/config.fish': "set -g fish_greeting\nfunction fish_prompt; echo -n '@> '; end\n",
  // Without this folder the first start reads every manual page.
  '.local/share/fish/generated_completions/none': '',
  '.bashrc': "PS1='@> '\n",
  '.profile': "PS1='@> '\n",
};

/** Writes the user's startup files; `sh` is what the agent's sh is to be on this host. */
export async function prepareHost(lab: Lab, host: string, sh?: string): Promise<void> {
  const lines = Object.entries(STARTUP).map(
    ([path, text]) => `mkdir -p "$(dirname ${path})"; cat >>${path} <<'EOF'\n${text}EOF\n`,
  );
  const link = sh === undefined ? '' : `ln -sf ${sh} /usr/local/bin/sh\n`;
  const script = `cd /home/ssm-user\n${lines.join('')}chown -R 1001:1001 .\nln -sf /usr/bin/busybox /usr/local/bin/ash\n${link}`;
  const { stderr } = await lab.host(host).exec(['/bin/dash', '-c', script]);
  assert.equal(stderr, '');
}

/** Installs and starts the agent anew where its environment has changed; heartbeats come every second unless `changes` says otherwise. */
export async function installKeeper(lab: Lab, name: string, changes: Partial<BundleSettings>): Promise<void> {
  const host = lab.host(name);
  const bundle = bundleOf({ intervalSeconds: 1, ...changes });
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SSM_KEEPALIVE_ROOT: '/.' };
  const installed = await host.exec(['/bin/sh'], { input: bundle.installer, env });
  assert.match(installed.stdout, /"verdict":"installed"/, installed.stdout + installed.stderr);
  if (changes.entries !== undefined && !changes.entries.includes('env')) return;
  const online = new Promise((resolve) => host.once('online', resolve));
  const restart = 'systemctl daemon-reload && systemctl restart amazon-ssm-agent';
  const restarted = await host.exec(['/bin/sh', '-c', restart]);
  assert.equal(restarted.code, 0, restarted.stderr);
  await online;
  await until(`${name} to be online`, () => host.isOnline);
}
