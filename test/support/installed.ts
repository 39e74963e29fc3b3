/** The package as its users have it: packed, unpacked into an empty folder, with production dependencies and nothing else. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface LockEntry {
  readonly version: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
}

/** What a production install of package-lock.json has, by its path: `node_modules/ejs`. */
export function productionEntries(): [path: string, entry: LockEntry][] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockEntry>;
  };
  return Object.entries(packages).filter(
    ([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true,
  );
}

export interface PackedFile {
  readonly path: string;
  readonly size: number;
}

/** What `npm pack` makes. Its own build step is left out: the tests run on what was built before them. */
export async function pack(folder: string): Promise<{ filename: string; size: number; files: PackedFile[] }> {
  const options = ['--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await execa('npm', ['pack', ...options], { cwd: ROOT });
  const report = JSON.parse(stdout);
  // An object by name since npm 12, a list before.
  return Object.values(report)[0] as { filename: string; size: number; files: PackedFile[] };
}

/** Installs the tarball with npm, into a folder and with a cache that are empty, and without the network: the path of the command. */
export async function installPacked(
  context: TestContext,
  name: string,
): Promise<{ command: string; size: number; files: readonly PackedFile[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-packed-'));
  context.after(async () => {
    await execa('chmod', ['-R', 'u+w', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  const home = join(folder, name);
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{}');
  const { filename, size, files } = await pack(folder);
  const options = ['--offline', '--cache', join(folder, 'cache'), '--no-audit', '--no-fund'];
  await execa('npm', ['install', ...options, join(folder, filename)], { cwd: home });
  return { command: join(home, 'node_modules', '.bin', 'ssm-keepalive'), size, files };
}
