// Bundles src/cli.ts into dist/, one chunk per command, so that a command loads only what it needs.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @type {import('esbuild').Plugin} */
const narrowStringWidth = {
  name: 'narrow-string-width',
  setup({ onResolve }) {
    onResolve({ filter: /^string-width$/ }, ({ importer }) =>
      /\/(yargs|cliui|wrap-ansi)\//.test(importer)
        ? { path: fileURLToPath(new URL('./narrow-string-width.mjs', import.meta.url)) }
        : undefined,
    );
  },
};

await rm(new URL('../dist', import.meta.url), { recursive: true, force: true });
await build({
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
  // The SDK is loaded only by commands that talk to the service; node-pty carries native binaries.
  external: ['@aws-sdk/*', '@smithy/*', '@lydell/node-pty'],
  plugins: [narrowStringWidth],
  alias: {
    // Its main file finds its parts in a way that no bundler can follow.
    'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
    // The same code as modules, whose names an import() finds.
    yaml: fileURLToPath(new URL('../node_modules/yaml/browser/dist/index.js', import.meta.url)),
  },
  chunkNames: 'chunks/[name]-[hash]',
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
