import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rmSync, symlinkSync } from 'node:fs';
import type { Bundle } from '../../src/bundle/index.ts';
import { bundleOf, copyHost, DROP_IN, installQuietly, LIBRARY, PROFILE_STUB } from './bundle.ts';
import { Sandbox } from './sandbox.ts';

const ROOTED = { SSM_KEEPALIVE_ROOT: '/.' };
/** Every entry, so that blocks in the files of others are among what is interrupted. */
const ENTRIES = ['env', 'profile', 'rc'] as const;
/** Of the sandbox's own; the first is a link, so that its target is what has to be whole. */
const BLOCKED = ['etc/bash.bashrc', 'etc/zsh/zprofile', 'etc/zsh/zshrc'];
const PLACES = ['etc', 'usr/local', 'opt', 'run'];

/** What is interrupted: over nothing, over another version, and the way back. */
export const SCENARIOS = [
  { name: 'install over nothing', hadBundle: false, run: (_old: Bundle, wanted: Bundle) => wanted.installer },
  { name: 'update', hadBundle: true, run: (_old: Bundle, wanted: Bundle) => wanted.installer },
  { name: 'uninstall', hadBundle: true, run: (old: Bundle) => old.uninstaller },
] as const;

interface Origin {
  readonly host: Sandbox;
  /** Of the host before anything of ours was on it. */
  readonly before: string;
  readonly foreign: readonly string[];
}

const origins = new Map<string, Origin>();

/** A host as every kill of the scenario finds it: made once, and copied for each. */
function originOf(scenario: (typeof SCENARIOS)[number], old: Bundle): Origin {
  const made = origins.get(scenario.name);
  if (made !== undefined) return made;
  const host = new Sandbox();
  process.once('exit', () => host.close());
  linkBashrc(host);
  const before = host.snapshot(...PLACES);
  const foreign = BLOCKED.map((path) => host.read(path));
  if (scenario.hadBundle) installQuietly(host, old);
  const origin = { host, before, foreign };
  origins.set(scenario.name, origin);
  return origin;
}

/** Runs one scenario, killed before its operation N, then looks at what a login and the next run meet. False: it had fewer operations. */
export function killAndLook(
  scenario: (typeof SCENARIOS)[number],
  shell: readonly string[],
  n: number,
): boolean {
  const old = bundleOf({ intervalSeconds: 40, entries: ENTRIES });
  const wanted = bundleOf({ entries: ENTRIES });
  const { host, before, foreign } = originOf(scenario, old);
  const sandbox = copyHost(host);
  try {
    sandbox.write('tmp/script.sh', scenario.run(old, wanted));
    const { status } = sandbox.run(
      ['/usr/bin/python3', '-I', '/support/kill-at.py', String(n), '/tmp/log', ...shell, '/tmp/script.sh'],
      { env: ROOTED },
    );
    if (status !== 99) {
      assert.equal(status, 0, 'the run that is not killed succeeds');
      return false;
    }
    const at = sandbox.read('tmp/log').trim().split('\n').at(-1)!;
    assertLoginIsWhole(sandbox, [old, wanted], at);
    assertBlocksAreWhole(sandbox, wanted, foreign, at);
    const state = sandbox.runScript(wanted.status, { env: ROOTED }).verdict['state'];
    assert.ok(
      ['absent', 'partial', 'installed'].includes(String(state)),
      `state ${String(state)} after ${at}`,
    );

    // Both ways on, in turn: what completes it, and what takes it back.
    if (n % 2 === 0) {
      const next = sandbox.runScript(wanted.installer, { env: ROOTED });
      assert.equal(next.status, 0, `${at}: ${next.stdout}${next.stderr}`);
      const look = sandbox.runScript(wanted.status, { env: ROOTED }).verdict;
      assert.deepEqual(
        [look['state'], look['digest'], look['drifted']],
        ['installed', wanted.digest, []],
        at,
      );
    }
    const gone = sandbox.runScript(wanted.uninstaller, { env: ROOTED });
    assert.equal(gone.status, 0, `${at}: ${gone.stdout}${gone.stderr}`);
    assert.equal(sandbox.snapshot(...PLACES), before, `left behind after ${at}`);
    return true;
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
function assertBlocksAreWhole(sandbox: Sandbox, { files }: Bundle, foreign: readonly string[], at: string) {
  for (const [index, path] of BLOCKED.entries()) {
    const block = files.find((file) => file.path === `/${path}` && file.place === 'local')!.text;
    const text = sandbox.read(path);
    assert.ok(text === foreign[index] || text === block + foreign[index], `${path} is a mixture after ${at}`);
  }
}

/** Every live name holds the old text, the new text, or nothing; and the version in use is complete. */
function assertLoginIsWhole(sandbox: Sandbox, bundles: readonly Bundle[], at: string) {
  for (const path of [`${LIBRARY}/entry.sh`, PROFILE_STUB, DROP_IN]) {
    if (!sandbox.has(path)) continue;
    const text = sandbox.read(path);
    const known = bundles
      .flatMap(({ files }) => files)
      .filter((file) => file.path === `/${path}` && file.place === 'local');
    assert.ok(
      known.some((file) => file.text === text),
      `${path} is a mixture after ${at}`,
    );
  }
  if (!sandbox.has(`${LIBRARY}/current`)) return;
  const current = sandbox.read(`${LIBRARY}/current`);
  const bundle = bundles.find(({ digest }) => `${digest}\n` === current);
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

/** The file operations of a run that nobody kills, one line each. */
export function listOperations(scenario: (typeof SCENARIOS)[number], shell: readonly string[]): string[] {
  const old = bundleOf({ intervalSeconds: 40, entries: ENTRIES });
  const sandbox = copyHost(originOf(scenario, old).host);
  try {
    sandbox.write('tmp/script.sh', scenario.run(old, bundleOf({ entries: ENTRIES })));
    const { status, stderr } = sandbox.run(
      ['/usr/bin/python3', '-I', '/support/kill-at.py', '0', '/tmp/log', ...shell, '/tmp/script.sh'],
      { env: ROOTED },
    );
    assert.equal(status, 0, stderr);
    return sandbox.read('tmp/log').trim().split('\n');
  } finally {
    sandbox.close();
  }
}

/** Kills right before each operation that is chosen, by its number from 1; returns how many kills that were. */
export function killAtEach(
  scenario: (typeof SCENARIOS)[number],
  shell: readonly string[],
  choose: (lines: readonly string[]) => readonly number[],
): number {
  const chosen = new Set(choose(listOperations(scenario, shell)));
  for (const n of chosen) assert.ok(killAndLook(scenario, shell, n), `operation ${n} was not reached`);
  return chosen.size;
}
