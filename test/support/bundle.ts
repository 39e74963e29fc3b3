import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bundle, type BundleSettings, renderBundle } from '../../src/bundle/index.ts';
import { fastFolder, type Outcome, Sandbox, type SandboxOptions } from './sandbox.ts';

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

/** Hosts on which a bundle was installed. Of a whole run scripts/test.mjs makes the folder, and takes it away. */
function keptHosts(): string {
  const ofRun = process.env['SSM_KEEPALIVE_TEST_HOSTS'];
  if (ofRun !== undefined) return ofRun;
  const own = mkdtempSync(join(fastFolder(), 'ssm-keepalive-test-hosts-'));
  process.once('exit', () => rmSync(own, { recursive: true, force: true }));
  process.env['SSM_KEEPALIVE_TEST_HOSTS'] = own;
  return own;
}

/**
 * The installer's own way for image builds: everything but the self-test and the restart, in a fraction of the time.
 * What it made of a new host is kept, and the next new host is a copy of that: a copy is one process, a run a hundred.
 */
export function installQuietly(sandbox: Sandbox, bundle: Bundle, { isCompiled = false } = {}): Outcome {
  const { origin } = sandbox;
  const install = () => {
    const outcome = sandbox.runScript(bundle.installer, { env: { SSM_KEEPALIVE_ROOT: '/.' } });
    if (outcome.status !== 0) throw new Error(`the installer failed: ${outcome.stdout}${outcome.stderr}`);
    if (isCompiled) compileRelay(sandbox);
    return outcome;
  };
  if (origin === undefined) return install();
  const name = [origin, String(isCompiled), bundle.installer].join('\n');
  const kept = join(keptHosts(), createHash('sha256').update(name).digest('hex'));
  if (existsSync(kept)) {
    sandbox.loadFrom(`${kept}/tree`);
    return JSON.parse(readFileSync(`${kept}/outcome.json`, 'utf8'));
  }
  const outcome = install();
  // Whole or not there: files of tests run side by side.
  const unfinished = mkdtempSync(`${kept}-`);
  sandbox.saveTo(`${unfinished}/tree`);
  writeFileSync(`${unfinished}/outcome.json`, JSON.stringify(outcome));
  try {
    renameSync(unfinished, kept);
  } catch {
    // Another file of tests was first.
  }
  return outcome;
}

/** As the self-test does, which an image build leaves out: otherwise each session compiles it. */
function compileRelay(sandbox: Sandbox): void {
  const path = `${versionOf(sandbox)}/relay.py`;
  if (sandbox.has(path))
    sandbox.run(['/usr/bin/python3', '-IS', '-c', `import py_compile; py_compile.compile("/${path}")`]);
}

const versionOf = (sandbox: Sandbox): string => `${LIBRARY}/${sandbox.read(`${LIBRARY}/current`).trim()}`;

/** A host with every file of `model`. */
export function copyHost(model: Sandbox): Sandbox {
  const sandbox = new Sandbox();
  sandbox.loadFrom(model.folder);
  return sandbox;
}

/** A host with the bundle in place, heartbeats every second, whose entry is patient: `isPatient: false` leaves it as it is. */
export function installedSandbox(
  changes: Partial<BundleSettings> = {},
  { isPatient = true, ...options }: SandboxOptions & { isPatient?: boolean } = {},
): Sandbox {
  const sandbox = new Sandbox(options);
  installQuietly(sandbox, bundleOf({ intervalSeconds: 1, ...changes }), { isCompiled: true });
  breakEntry(sandbox);
  if (isPatient) editEntry(sandbox, makePatient);
  return sandbox;
}

/** The entry gives a relay up that has not started within 3 s, which a busy machine may take. This one waits for a minute. */
export function makePatient(entry: string): string {
  const patient = entry.replace(' in 1 2 3; do', ` in ${'1 '.repeat(60)}; do`);
  if (patient === entry && entry.includes('relay.py'))
    throw new Error('the three seconds of the entry are gone');
  return patient;
}

/** Takes a line of the installed entry out of action, for test/entry/faults.long.test.ts: by its number, from 0. */
function breakEntry(sandbox: Sandbox): void {
  const fault = process.env['SSM_KEEPALIVE_TEST_ENTRY_FAULT'];
  if (fault === undefined) return;
  editEntry(sandbox, (text) =>
    text
      .split('\n')
      .map((line, index) => (index === Number(fault) ? withoutGuard(line) : line))
      .join('\n'),
  );
}

function editEntry(sandbox: Sandbox, edit: (text: string) => string): void {
  const path = `${versionOf(sandbox)}/entry.sh`;
  sandbox.write(path, edit(sandbox.read(path)));
}

/** The line with its refusal made harmless. */
export const withoutGuard = (line: string): string => line.replaceAll('return 1', ':');
