/** Hosts of a lab with a keeper on them. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BundleSettings, treeFiles } from '../../src/bundle/index.ts';
import { writeTree } from '../../src/commands/render/tree-folder.ts';
import type { Guard, HostSpec, Lab, LabOptions } from '../../src/lab/index.ts';
import { giveHome, makeTree } from '../../src/lab/tree.ts';
import { makeFolder, until, useLab } from '../lab/test-lab.ts';
import { bundleOf, makePatient } from '../support/bundle.ts';

/** The user's own startup files: one prompt for all, and no greeting or first-start dialogue. */
const STARTUP: Readonly<Record<string, string>> = {
  '.zshrc': "PS1='@> '\n",
  '.config/fish/config.fish': "set -g fish_greeting\nfunction fish_prompt; echo -n '@> '; end\n",
  // Without this folder the first start reads every manual page.
  '.local/share/fish/generated_completions/none': '',
  '.bashrc': "PS1='@> '\n",
  '.profile': "PS1='@> '\n",
};

export interface KeptHost {
  readonly spec: HostSpec;
  /** What the agent's sh is; absent: the machine's, and the user has no startup files. */
  readonly sh?: string | undefined;
  /** Absent: no keeper. Heartbeats come every second unless they say otherwise. */
  readonly settings?: Partial<BundleSettings> | undefined;
}

/** A lab whose hosts are kept when they start: their files lie there as in an image, without one process. */
export function useKeptLab(
  hosts: readonly KeptHost[],
  options: Partial<LabOptions> = {},
  guard?: Guard,
): Promise<Lab> {
  const dir = makeFolder();
  for (const host of hosts) layHost(join(dir, 'hosts', host.spec.name, 'tree'), host);
  return useLab({ dir, hosts: hosts.map(({ spec }) => spec), consistencySeconds: 0, ...options }, guard);
}

function layHost(tree: string, { spec, sh, settings }: KeptHost): void {
  makeTree(tree, spec);
  if (sh !== undefined) prepareUser(tree, sh);
  if (settings === undefined) return;
  const bundle = bundleOf({ intervalSeconds: 1, ...settings });
  const files = treeFiles(bundle).map((file) =>
    file.path.endsWith(`${bundle.digest}/entry.sh`) ? { ...file, text: makePatient(file.text) } : file,
  );
  writeTree(files, tree);
  // As the installer does it: on top of the files that are there.
  for (const { kind, place, path, text } of bundle.files) {
    const target = join(tree, path);
    if (kind === 'block' && place !== 'opt' && existsSync(target))
      writeFileSync(target, text + readFileSync(target, 'utf8'));
  }
}

function prepareUser(tree: string, sh: string): void {
  for (const [path, text] of Object.entries(STARTUP)) {
    const target = join(tree, 'home/ssm-user', path);
    mkdirSync(dirname(target), { recursive: true });
    appendFileSync(target, text);
  }
  giveHome(tree);
  symlinkSync('/usr/bin/busybox', join(tree, 'usr/local/bin/ash'));
  symlinkSync(sh, join(tree, 'usr/local/bin/sh'));
}

/**
 * Installs on a host that runs, as an image build does it: without self-test and restart, in a fraction of the time. Starts the
 * agent anew where its environment has changed; heartbeats come every second unless `changes` says otherwise.
 */
export async function installKeeper(lab: Lab, name: string, changes: Partial<BundleSettings>): Promise<void> {
  const host = lab.host(name);
  const bundle = bundleOf({ intervalSeconds: 1, ...changes });
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', SSM_KEEPALIVE_ROOT: '/.' };
  const installed = await host.exec(['/bin/sh'], { input: bundle.installer, env });
  assert.match(installed.stdout, /"verdict":"(installed|limited)"/, installed.stdout + installed.stderr);
  if (changes.entries !== undefined && !changes.entries.includes('env')) return;
  const online = new Promise((resolve) => host.once('online', resolve));
  const restart = 'systemctl daemon-reload && systemctl restart amazon-ssm-agent';
  const restarted = await host.exec(['/bin/sh', '-c', restart]);
  assert.equal(restarted.code, 0, restarted.stderr);
  await online;
  await until(`${name} to be online`, () => host.isConnected);
}
