import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rmSync, symlinkSync } from 'node:fs';
import { bundleOf, copyHost, DROP_IN, installQuietly, LIBRARY, PROFILE_STUB } from './bundle.ts';
import { Sandbox } from './sandbox.ts';

const ROOTED = { SSM_KEEPALIVE_ROOT: '/.' };
/** Every entry, so that blocks in the files of others are among what is interrupted. */
const ENTRIES = ['env', 'profile', 'rc'] as const;
/** Of the sandbox's own; the first is a link, so that its target is what has to be whole. */
const BLOCKED = ['etc/bash.bashrc', 'etc/zsh/zprofile', 'etc/zsh/zshrc'];
const PLACES = ['etc', 'usr/local', 'opt', 'run'];

const OLD = bundleOf({ intervalSeconds: 40, entries: ENTRIES });
const WANTED = bundleOf({ entries: ENTRIES });

/** What is interrupted: over nothing, over another version, and the way back. */
export const SCENARIOS = [
  { name: 'install over nothing', hadBundle: false, script: WANTED.installer },
  { name: 'update', hadBundle: true, script: WANTED.installer },
  { name: 'uninstall', hadBundle: true, script: OLD.uninstaller },
] as const;
type Scenario = (typeof SCENARIOS)[number];

/** `before`: the host before anything of ours was on it. */
function makeOrigin({ hadBundle }: Scenario) {
  const host = new Sandbox();
  process.once('exit', () => host.close());
  linkBashrc(host);
  const before = host.snapshot(...PLACES);
  const foreign = BLOCKED.map((path) => host.read(path));
  if (hadBundle) installQuietly(host, OLD);
  return { host, before, foreign };
}

const origins = new Map<Scenario, ReturnType<typeof makeOrigin>>();

/** A host as every kill of the scenario finds it: made once, and copied for each. */
function originOf(scenario: Scenario): ReturnType<typeof makeOrigin> {
  const origin = origins.get(scenario) ?? makeOrigin(scenario);
  origins.set(scenario, origin);
  return origin;
}

/** Runs one scenario, killed before its operation N; 0: never. Returns its file operations, one line each. */
function runUntil(sandbox: Sandbox, { script }: Scenario, shell: readonly string[], n: number): string[] {
  sandbox.write('tmp/script.sh', script);
  const { status, stderr } = sandbox.run(
    ['/usr/bin/python3', '-I', '/support/kill-at.py', String(n), '/tmp/log', ...shell, '/tmp/script.sh'],
    { env: ROOTED },
  );
  assert.equal(status, n === 0 ? 0 : 99, `killed before operation ${n}: ${stderr}`);
  return sandbox.read('tmp/log').trim().split('\n');
}

/** Looks at what a login and the next run meet after the kill. */
function killAndLook(scenario: Scenario, shell: readonly string[], n: number) {
  const { host, before, foreign } = originOf(scenario);
  const sandbox = copyHost(host);
  try {
    const at = runUntil(sandbox, scenario, shell, n).at(-1)!;
    assertLoginIsWhole(sandbox, at);
    assertBlocksAreWhole(sandbox, foreign, at);
    const state = sandbox.runScript(WANTED.status, { env: ROOTED }).verdict['state'];
    assert.ok(
      ['absent', 'partial', 'installed'].includes(String(state)),
      `state ${String(state)} after ${at}`,
    );

    // Both ways on, in turn: what completes it, and what takes it back.
    if (n % 2 === 0) {
      const next = sandbox.runScript(WANTED.installer, { env: ROOTED });
      assert.equal(next.status, 0, `${at}: ${next.stdout}${next.stderr}`);
      const look = sandbox.runScript(WANTED.status, { env: ROOTED }).verdict;
      assert.deepEqual(
        [look['state'], look['digest'], look['drifted']],
        ['installed', WANTED.digest, []],
        at,
      );
    }
    const gone = sandbox.runScript(WANTED.uninstaller, { env: ROOTED });
    assert.equal(gone.status, 0, `${at}: ${gone.stdout}${gone.stderr}`);
    assert.equal(sandbox.snapshot(...PLACES), before, `left behind after ${at}`);
  } finally {
    sandbox.close();
  }
}

/** As configuration management leaves it. */
function linkBashrc(sandbox: Sandbox) {
  sandbox.write('etc/site/bashrc', sandbox.read('etc/bash.bashrc'));
  rmSync(sandbox.path('etc/bash.bashrc'));
  symlinkSync('site/bashrc', sandbox.path('etc/bash.bashrc'));
}

/** Each file of others as it was, with our block on top or without. */
function assertBlocksAreWhole(sandbox: Sandbox, foreign: readonly string[], at: string) {
  for (const [index, path] of BLOCKED.entries()) {
    const block = WANTED.files.find((file) => file.path === `/${path}` && file.place === 'local')!.text;
    const text = sandbox.read(path);
    assert.ok(text === foreign[index] || text === block + foreign[index], `${path} is a mixture after ${at}`);
  }
}

/** Every live name holds the old text, the new text, or nothing; and the version in use is complete. */
function assertLoginIsWhole(sandbox: Sandbox, at: string) {
  for (const path of [`${LIBRARY}/entry.sh`, PROFILE_STUB, DROP_IN]) {
    if (!sandbox.has(path)) continue;
    const text = sandbox.read(path);
    const isKnown = [...OLD.files, ...WANTED.files].some(
      (file) => file.path === `/${path}` && file.place === 'local' && file.text === text,
    );
    assert.ok(isKnown, `${path} is a mixture after ${at}`);
  }
  if (!sandbox.has(`${LIBRARY}/current`)) return;
  const current = sandbox.read(`${LIBRARY}/current`);
  const bundle = [OLD, WANTED].find(({ digest }) => `${digest}\n` === current);
  assert.ok(bundle, `current is ${JSON.stringify(current)} after ${at}`);
  for (const file of bundle.files.filter(({ place }) => place === 'any')) {
    const text = sandbox.read(`${LIBRARY}/${bundle.digest}/${file.path}`);
    assert.equal(createHash('sha256').update(text).digest('hex'), file.sha256, `${file.path} after ${at}`);
  }
  for (const stub of [`${LIBRARY}/entry.sh`, PROFILE_STUB]) {
    // Interactive, so that the stub goes on to the version's own entry; no terminal, so that nothing starts.
    const login = sandbox.run(['/usr/bin/dash', '-i'], {
      env: { ENV: `/${stub}`, TERM: 'xterm', PS1: '' },
      input: 'echo alive\n',
    });
    assert.equal(login.stdout, 'alive\n', at);
    assert.doesNotMatch(login.stderr, /ssmka|ssm-keepalive|not found|unexpected/, at);
  }
}

/** Kills right before each operation that is chosen, by its number from 1; returns how many kills that were. */
export function killAtEach(
  scenario: Scenario,
  shell: readonly string[],
  choose: (lines: readonly string[]) => readonly number[],
): number {
  const whole = copyHost(originOf(scenario).host);
  try {
    const chosen = new Set(choose(runUntil(whole, scenario, shell, 0)));
    for (const n of chosen) killAndLook(scenario, shell, n);
    return chosen.size;
  } finally {
    whole.close();
  }
}
