import { spawnSync } from 'node:child_process';
import { type Bundle, type BundleSettings, renderBundle } from '../../src/bundle/index.ts';
import { type Outcome, Sandbox, type SandboxOptions } from './sandbox.ts';

/** Default settings, as the command line makes them when no flag is given. */
export const SETTINGS: BundleSettings = {
  keeper: 'auto',
  wrap: 'none',
  intervalSeconds: 45,
  maxIdleSeconds: 28_800,
  scope: 'ssm',
  shell: 'keep',
  entries: ['env', 'profile'],
  ssh: false,
  restart: true,
};

export const bundleOf = (changes: Partial<BundleSettings> = {}): Bundle =>
  renderBundle({ ...SETTINGS, ...changes });

/** What the drop-in puts into the agent's environment. */
export const ENV = '/usr/local/lib/ssm-keepalive/entry.sh';
export const LIBRARY = 'usr/local/lib/ssm-keepalive';
export const PROFILE_STUB = 'etc/profile.d/00-ssm-keepalive.sh';
export const DROP_IN = 'etc/systemd/system/amazon-ssm-agent.service.d/zz-ssm-keepalive.conf';

/** The installer's own way for image builds: everything but the self-test and the restart, in a fraction of the time. */
export function installQuietly(sandbox: Sandbox, bundle: Bundle, env: Record<string, string> = {}): Outcome {
  const outcome = sandbox.runScript(bundle.installer, { env: { SSM_KEEPALIVE_ROOT: '/.', ...env } });
  if (outcome.status !== 0) throw new Error(`the installer failed: ${outcome.stdout}${outcome.stderr}`);
  return outcome;
}

/** A host with every file of `model`. An installer's run is two hundred processes, a copy is one. */
export function copyHost(model: Sandbox, options: SandboxOptions = {}): Sandbox {
  const sandbox = new Sandbox(options);
  const { status, stderr } = spawnSync('cp', ['-a', `${model.folder}/.`, sandbox.folder], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`cannot copy a host: ${stderr}`);
  return sandbox;
}

/** Hosts that nobody changes, by what was installed there. */
const models = new Map<string, Sandbox>();
process.on('exit', () => {
  for (const model of models.values()) model.close();
});

/** A host of its own with this bundle in place, as `installQuietly` leaves it. */
export function hostWith(bundle: Bundle, options: SandboxOptions = {}): Sandbox {
  const key = JSON.stringify([bundle.installer, options]);
  let model = models.get(key);
  if (!model) {
    model = new Sandbox(options);
    installQuietly(model, bundle);
    models.set(key, model);
  }
  return copyHost(model, options);
}

/** A host with the bundle in place, heartbeats every second. */
export function installedSandbox(
  changes: Partial<BundleSettings> = {},
  options: SandboxOptions = {},
): Sandbox {
  const sandbox = hostWith(bundleOf({ intervalSeconds: 1, ...changes }), options);
  breakEntry(sandbox);
  return sandbox;
}

/** Takes a line of the installed entry out of action, for test/entry/faults.long.test.ts: by its number, from 0. */
function breakEntry(sandbox: Sandbox): void {
  const fault = process.env['SSM_KEEPALIVE_TEST_ENTRY_FAULT'];
  if (fault === undefined) return;
  const path = `${LIBRARY}/${sandbox.read(`${LIBRARY}/current`).trim()}/entry.sh`;
  const lines = sandbox.read(path).split('\n');
  sandbox.write(
    path,
    lines.map((line, index) => (index === Number(fault) ? withoutGuard(line) : line)).join('\n'),
  );
}

/** The line with its refusal made harmless. */
export const withoutGuard = (line: string): string => line.replaceAll('return 1', ':');
