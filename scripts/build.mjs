// Bundles src/cli.ts into dist/, one chunk per command, so that a command loads only what it needs.
import { rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { alias, external, schemasForLab } from './bundle-packages.mjs';
import { listThirdParties } from './third-parties.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

await rm(new URL('../dist', import.meta.url), { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  // The lab's own process and those inside a sandbox are started by path, so each is an entry point of its own.
  entryPoints: {
    cli: 'src/cli.ts',
    'lab-machine': 'src/lab/machine.ts',
    'lab-daemon': 'src/lab/daemon.ts',
    'measure-arm': 'src/session/measure/arm-process.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  minifySyntax: true,
  minifyWhitespace: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external,
  mainFields: ['module', 'main'],
  metafile: true,
  alias,
  plugins: [schemasForLab],
  chunkNames: 'chunks/[name]-[hash]',
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
await writeFile(new URL('../dist/THIRD-PARTY.txt', import.meta.url), listThirdParties(metafile, root));
