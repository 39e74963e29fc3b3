// How packages are bundled, for dist/ and for the tests. One of many files loads slowly: the SDK takes a third of the time so.
import { fileURLToPath } from 'node:url';

/** Left out: node-pty carries native binaries, and esbuild is for a lab that runs from source. */
export const external = ['@lydell/node-pty', 'esbuild'];

/** The same code as modules, whose names an import() finds. */
export const alias = {
  yaml: fileURLToPath(new URL('../node_modules/yaml/browser/dist/index.js', import.meta.url)),
};
