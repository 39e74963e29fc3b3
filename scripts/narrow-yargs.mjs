// For both bundles, the product's and the tests': yargs with a string-width that starts at once.
import { fileURLToPath } from 'node:url';

/** @type {import('esbuild').Plugin} */
export const narrowYargs = {
  name: 'narrow-yargs',
  setup({ onResolve }) {
    onResolve({ filter: /^string-width$/ }, ({ importer }) =>
      /\/(yargs|cliui|wrap-ansi)\//.test(importer)
        ? { path: fileURLToPath(new URL('./narrow-string-width.mjs', import.meta.url)) }
        : undefined,
    );
  },
};
