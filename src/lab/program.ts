/** Puts the program for hosts into the lab's folder: bundled from source, or copied from the build. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBuilt } from '../own-program.ts';
import { foldersBelow } from './folders.ts';
import { AGENT, AGENT_WORKER } from './machine/agent.ts';
import { WORKER } from './machine/command-worker.ts';

/** A folder with machine.js and its native package. A copy, so that a rebuild does not disturb a running lab. */
export async function placeProgram(dir: string): Promise<string> {
  const target = join(dir, 'program');
  const staging = `${target}.${process.pid}`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  const here = fileURLToPath(import.meta.url);
  if (here.endsWith('.ts'))
    await bundleSource(join(dirname(here), 'machine.ts'), join(staging, 'machine.js'));
  else copyBuilt(findBuilt(import.meta.url, 'lab-machine.js'), staging, 'machine.js');
  for (const { name, text } of [AGENT, AGENT_WORKER, WORKER]) {
    writeFileSync(join(staging, name), text);
    chmodSync(join(staging, name), 0o755);
  }
  copyPty(join(staging, 'node_modules'));
  writeFileSync(join(staging, 'package.json'), '{"type":"module"}\n');
  rmSync(target, { recursive: true, force: true });
  renameSync(staging, target);
  return target;
}

async function bundleSource(source: string, outfile: string): Promise<void> {
  // Only developers run from source, so the bundler stays a development dependency.
  const { buildSync } = await import('esbuild');
  // build() would leave a service process behind.
  buildSync({
    entryPoints: [source],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: ['@lydell/node-pty'],
    logLevel: 'warning',
  });
}

/** Copies also the chunks that the module imports. */
function copyBuilt(path: string, folder: string, name: string): void {
  const text = readFileSync(path, 'utf8');
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  cpSync(path, join(folder, name));
  for (const [, relative = ''] of text.matchAll(/(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g)) {
    const part = join(dirname(path), relative);
    const place = join(dirname(name), relative);
    if (!existsSync(join(folder, place))) copyBuilt(part, folder, place);
  }
}

function copyPty(modules: string): void {
  const require = createRequire(import.meta.url);
  const main = realpathSync(dirname(require.resolve('@lydell/node-pty')));
  const native = `@lydell/node-pty-${process.platform}-${process.arch}`;
  const binary = realpathSync(
    dirname(createRequire(join(main, 'index.js')).resolve(`${native}/package.json`)),
  );
  cpSync(main, join(modules, '@lydell/node-pty'), {
    recursive: true,
    filter: (path) => !path.includes('/node_modules/@lydell/node-pty/node_modules'),
  });
  cpSync(binary, join(modules, native), { recursive: true });
  // The package may be read-only. Its copy must be replaceable next time.
  for (const folder of foldersBelow(modules)) chmodSync(folder, 0o755);
}
