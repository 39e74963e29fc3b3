// How packages are bundled, for dist/ and for the tests. One of many files loads slowly: the SDK takes a third of the time so.
import { fileURLToPath } from 'node:url';

/** Left out: node-pty carries native binaries, and esbuild is for a lab that runs from source. */
export const external = ['@lydell/node-pty', 'esbuild'];

/** The same code as modules, whose names an import() finds. */
export const alias = {
  yaml: fileURLToPath(new URL('../node_modules/yaml/browser/dist/index.js', import.meta.url)),
};

/**
 * The lab reads the schemas of all operations. It gets a copy of its own, or every command would load them all.
 * @type {import('esbuild').Plugin}
 */
export const schemasForLab = {
  name: 'schemas-for-lab',
  setup({ onResolve }) {
    onResolve({ filter: /^@aws-sdk\/client-ssm$/ }, ({ importer }) => {
      if (!importer.endsWith('/lab/service-model.ts')) return undefined;
      const path = new URL(
        '../node_modules/@aws-sdk/client-ssm/dist-es/schemas/schemas_0.js',
        import.meta.url,
      );
      return { path: fileURLToPath(path), suffix: '?lab' };
    });
  },
};
