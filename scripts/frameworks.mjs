// Shell frameworks that the machine's own release lacks, for the long run: from other Debian releases and from npm, unpacked below
// .setup/. Nothing is installed and no install script runs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configureApt, keyring, run, runnable, unpack } from './versions.mjs';

const cache = fileURLToPath(new URL('../.setup/frameworks/', import.meta.url));

/** `file`: what the tests load or run, below the folder that `frameworkPath` answers for. */
const FRAMEWORKS = {
  starship: { release: 'trixie', program: true, file: 'bin/starship' },
  atuin: { release: 'trixie', program: true, file: 'bin/atuin' },
  'ble.sh': { release: 'sid', file: 'tree/usr/share/blesh/ble.sh' },
  // As a dependency each would run an install script; pure's writes into /usr/share/zsh.
  pure: {
    package: 'pure-prompt@1.28.3',
    sha512: 'R04qRS9B4xznh4qrJUU1N9kOvCzim48lURGZ763dT2TS6Yal19sv1xGGNXAQLGOTVUG24XTTWptXS4pDxKN2sQ==',
    file: 'package/pure.zsh',
  },
  spaceship: {
    package: 'spaceship-prompt@4.22.5',
    sha512: 'GhbjMR4sljMy7iQe79zDTGm0y8779EfgnxxN4z91ST8p2b9WCd5wpoSrXS1ft2pi2WSHWtV7kA12NE2TOETVAg==',
    file: 'package/spaceship.zsh',
  },
};

/**
 * Where a framework is, or would be: the caller looks.
 * @param {keyof typeof FRAMEWORKS} name
 */
export function frameworkPath(name) {
  return join(cache, name, FRAMEWORKS[name].file);
}

/**
 * Unpacks what the cache lacks. Whatever fails is left absent.
 * @param {(line: string) => void} say
 */
export function fetchFrameworks(say) {
  for (const [name, framework] of Object.entries(FRAMEWORKS)) {
    if (existsSync(frameworkPath(name))) continue;
    const folder = join(cache, name);
    rmSync(folder, { recursive: true, force: true });
    try {
      if ('package' in framework) fetchPackage(folder, framework);
      else fetchDebian(folder, name, framework);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      say(`absent: ${name} (${error.message}); its tests are skipped`);
    }
  }
}

function fetchPackage(folder, { package: name, sha512 }) {
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, run('npm', ['pack', '--silent', name], {}, folder).trim());
  const digest = createHash('sha512').update(readFileSync(archive)).digest('base64');
  if (digest !== sha512) throw new Error('not the package that it was');
  run('tar', ['-xzf', archive], {}, folder);
}

function fetchDebian(folder, name, { release, program }) {
  if (process.getuid?.() !== 0 || !existsSync(keyring)) throw new Error('needs root and a Debian');
  const apt = configureApt(folder, release);
  const tree = join(folder, 'tree');
  run('apt-get', ['update', '-q'], apt);
  unpack(program ? [name, 'patchelf'] : [name], tree, apt);
  rmSync(join(folder, 'apt'), { recursive: true });
  if (!program) return;
  const path = runnable(
    tree,
    name,
    join(folder, 'new'),
    runnable(tree, 'patchelf', join(folder, 'patchelf')),
  );
  // One that does not start here is none.
  if (spawnSync(path, ['--version'], { stdio: 'ignore' }).status !== 0) throw new Error('does not start');
  renameSync(join(folder, 'new'), join(folder, 'bin'));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  fetchFrameworks((line) => process.stderr.write(`set-up: ${line}\n`));
