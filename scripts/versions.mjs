// Other versions of shells and of tmux than the machine's own, for the long run: packages of other Debian releases, each with
// the C library it was built for, unpacked below .setup/. The machine's apt sources, packages and /usr stay as they are.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('../.setup/versions/', import.meta.url));
export const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** What is taken from which release, with the version it is known to have had there. */
const RELEASES = [
  { release: 'bullseye', programs: { bash: '5.1', zsh: '5.8', fish: '3.1.2', tmux: '3.1c' } },
  { release: 'trixie', programs: { bash: '5.2.37', fish: '4.0.2', tmux: '3.5a' } },
  // These move on: what is there counts, whatever its version.
  { release: 'forky', programs: { bash: '5.3', zsh: '5.9.2', fish: '4.9.3', tmux: '3.7c' } },
  { release: 'sid', programs: { tmux: '3.8' } },
];

/** What a program looks for at a fixed place of the machine, to be laid over it while its tests run. */
const DATA_FOLDERS = [/^usr\/lib\/[^/]+\/zsh$/, /^usr\/share\/(zsh|fish)$/];

/**
 * @typedef {{ program: string, version: string, release: string, folder: string,
 *   overlays: { from: string, to: string }[] }} OtherVersion
 * `folder` holds the program under its own name, so that it is what PATH finds; `overlays` are folders to be mounted.
 */

/**
 * What is unpacked, and the name of each that is not. Reads the cache alone.
 * @returns {{ present: OtherVersion[], absent: string[] }}
 */
export function otherVersions() {
  const found = RELEASES.map(({ release, programs }) => ({ release, programs, list: readList(release) }));
  return {
    present: found.flatMap(({ list }) => list),
    absent: found.flatMap(({ release, programs, list }) =>
      Object.entries(programs)
        .filter(([program]) => !list.some((each) => each.program === program))
        .map(([program, version]) => `${program} ${version} (Debian ${release})`),
    ),
  };
}

/**
 * Unpacks what the cache lacks: needs root, apt and a Debian mirror once, and nothing after that. Whatever fails is left absent.
 * @param {(line: string) => void} say
 */
export function fetchVersions(say) {
  for (const { release, programs } of RELEASES) {
    if (readList(release).length > 0) continue;
    if (process.getuid?.() !== 0 || !existsSync(keyring) || !existsSync('/usr/bin/apt-get')) continue;
    say(`unpacking ${Object.keys(programs).join(', ')} of Debian ${release}`);
    try {
      fetchRelease(release, Object.keys(programs));
    } catch (error) {
      say(`Debian ${release}: ${error.message}`);
    }
  }
  for (const name of otherVersions().absent) say(`absent: ${name}; its tests are skipped`);
}

/** @returns {OtherVersion[]} */
function readList(release) {
  const path = join(cache, release, 'list.json');
  if (!existsSync(path)) return [];
  const list = JSON.parse(readFileSync(path, 'utf8'));
  // A program's loader is named by its full path: a clone that was moved has to begin anew.
  return list.every(({ folder }) => existsSync(folder) && folder.startsWith(cache)) ? list : [];
}

function fetchRelease(release, programs) {
  const folder = join(cache, release);
  rmSync(folder, { recursive: true, force: true });
  const apt = configureApt(folder, release);
  run('apt-get', ['update', '-q'], apt);
  const tree = join(folder, 'tree');
  unpack([...programs, 'patchelf'], tree, apt);
  rmSync(join(folder, 'apt'), { recursive: true });

  const patchelf = runnable(tree, 'patchelf', join(folder, 'patchelf'));
  const list = programs.map((program) => {
    const path = runnable(tree, program, join(folder, program), patchelf);
    const says = run(path, [program === 'tmux' ? '-V' : '--version'], {});
    const [version = ''] = /\d+(?:\.\d+)+[a-z]?/.exec(says) ?? [];
    return { program, version, release, folder: join(folder, program), overlays: overlaysOf(tree, program) };
  });
  writeFileSync(join(folder, 'list.json.new'), JSON.stringify(list, null, 2));
  renameSync(join(folder, 'list.json.new'), join(folder, 'list.json'));
}

/** An apt that knows one release and nothing of this machine; signatures are those of Debian's keyring. */
export function configureApt(folder, release) {
  const apt = join(folder, 'apt');
  for (const name of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(apt, name), { recursive: true });
  writeFileSync(join(apt, 'status'), '');
  writeFileSync(join(apt, 'sources.list'), `deb [signed-by=${keyring}] ${findMirror()} ${release} main\n`);
  writeFileSync(
    join(apt, 'apt.conf'),
    `Dir::Etc::sourcelist "${apt}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
Dir::State::lists "${apt}/lists";
Dir::State::status "${apt}/status";
Dir::Cache "${apt}/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "2";
`,
  );
  return { APT_CONFIG: join(apt, 'apt.conf') };
}

/** Where the machine's own apt gets Debian from. */
function findMirror() {
  const found = run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], {});
  const mirror = found.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  if (!mirror) throw new Error('apt knows no mirror of Debian');
  return mirror;
}

/** The packages, what they share with nobody but themselves, and the libraries they need; nothing is installed. */
export function unpack(packages, tree, apt) {
  const wanted = new Set(packages);
  for (let next = packages; next.length > 0; ) {
    const depends = run('apt-cache', ['depends', '--no-recommends', '--no-suggests', ...next], apt);
    const names = [...depends.matchAll(/^ *\|?(?:Pre)?Depends: ([a-z0-9.+-]+)/gm)].map(([, name]) => name);
    next = [...new Set(names)].filter(
      (name) =>
        !wanted.has(name) && (name.startsWith('lib') || packages.some((each) => name === `${each}-common`)),
    );
    for (const name of next) wanted.add(name);
  }
  const archives = join(tree, '../apt/cache');
  run('apt-get', ['download', '-q', ...wanted], apt, archives);
  mkdirSync(tree, { recursive: true });
  for (const name of readdirSync(archives).filter((each) => each.endsWith('.deb')))
    run('dpkg-deb', ['-x', join(archives, name), tree], {});
}

/** Copies a program into a folder of its own and, with `patchelf`, gives it the loader and the libraries of its release. */
export function runnable(tree, program, folder, patchelf) {
  const from = ['usr/bin', 'bin'].map((name) => join(tree, name, program)).find(existsSync);
  if (!from) throw new Error(`no ${program} in its package`);
  mkdirSync(folder);
  const path = join(folder, program);
  copyFileSync(from, path);
  chmodSync(path, 0o755);
  const libraries = ['lib', 'usr/lib']
    .flatMap((name) => [join(tree, name), ...foldersIn(join(tree, name))])
    .filter((name) => existsSync(name) && readdirSync(name).some((file) => file.includes('.so')));
  const [loader] = libraries.flatMap((name) =>
    readdirSync(name)
      .filter((file) => /^ld-linux.*\.so\.\d+$/.test(file))
      .map((file) => join(name, file)),
  );
  if (!loader) throw new Error('no loader in its C library');
  if (patchelf) {
    run(
      patchelf,
      ['--set-interpreter', loader, '--force-rpath', '--set-rpath', libraries.join(':'), path],
      {},
    );
    return path;
  }
  // The one program that cannot be patched first: started by its loader.
  writeFileSync(path, `#!/bin/sh\nexec '${loader}' --library-path '${libraries.join(':')}' '${from}' "$@"\n`);
  return path;
}

const foldersIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(folder, name))
    : [];

function overlaysOf(tree, program) {
  return ['usr/lib', 'usr/share']
    .flatMap((name) => [...foldersIn(join(tree, name)), ...foldersIn(join(tree, name)).flatMap(foldersIn)])
    .map((path) => path.slice(tree.length + 1))
    .filter((path) => path.endsWith(`/${program}`) && DATA_FOLDERS.some((each) => each.test(path)))
    .map((path) => ({ from: join(tree, path), to: `/${path}` }));
}

export function run(command, args, env, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, LC_ALL: 'C', ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
    maxBuffer: 64 << 20,
  });
  if (status !== 0) {
    const last = (stderr ?? '').trim().split('\n').at(-1) ?? '';
    throw new Error(`${command} ${args[0]}: ${error?.message ?? last}`);
  }
  return stdout;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  fetchVersions((line) => process.stderr.write(`set-up: ${line}\n`));
