import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { type PackedFile, pack, productionEntries, ROOT } from './support/installed.ts';
import { checkMainJob, chooseSeat } from './support/main-job.ts';

/** Under 1 MB without its dependencies, and nothing in it but what runs and what is read. */
function checkContent(size: number, files: readonly PackedFile[]) {
  assert.ok(size < 1_000_000, `${size} bytes`);
  const paths = files.map(({ path }) => path);
  for (const path of [
    'dist/cli.js',
    'dist/lab-machine.js',
    'package.json',
    'README.md',
    'LICENSE',
    'SECURITY.md',
  ])
    assert.ok(paths.includes(path), path);
  for (const path of paths)
    assert.match(
      path,
      /^(dist|templates|docs|node_modules\/@lydell\/node-pty(-\w+-\w+)?)\/|^[A-Z]+(\.md)?$|^package\.json$/,
      `${path} has no place in it`,
    );
}

test('package: nothing that users install runs a script while it is installed', () => {
  const entries = productionEntries();
  assert.ok(entries.some(([path]) => path === 'node_modules/@lydell/node-pty'));
  for (const [path, { hasInstallScript }] of entries) assert.equal(hasInstallScript, undefined, path);
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
    assert.equal(scripts[name], undefined);
});

/** Every module that the built files load by name, less those of Node itself. */
function loadedByName(): string[] {
  const texts = readdirSync(join(ROOT, 'dist'), { recursive: true })
    .map(String)
    .filter((path) => path.endsWith('.js'))
    .map((path) => readFileSync(join(ROOT, 'dist', path), 'utf8'));
  const names = texts.flatMap((text) =>
    [...text.matchAll(/(?:from|\bimport|\b__?require)\s*\(?\s*["']([@\w][^"'\s]*)["']/g)].map(
      ([, name = '']) => name,
    ),
  );
  return [...new Set(names)].filter((name) => !isBuiltin(name)).sort();
}

test('package: what the built files load by name are its production dependencies, all of them and no others', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  // Never met: a lab that runs from source bundles the program of its hosts, and no call is signed for several Regions at once.
  const others = ['esbuild', '@aws-sdk/signature-v4-crt', '@aws-sdk/signature-v4a'];
  // ws is quicker with these, and does without.
  others.push('bufferutil', 'utf-8-validate');
  assert.deepEqual(
    loadedByName().filter((name) => !others.includes(name)),
    Object.keys(dependencies),
  );
});

test('package: the code of others that is in it goes with its version and its licence', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const told = readFileSync(join(ROOT, 'dist/THIRD-PARTY.txt'), 'utf8');
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true })
    .map(String)
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) =>
      [
        ...readFileSync(join(ROOT, 'src', path), 'utf8').matchAll(
          /^import (?!type).* from '([@\w][^']*)';/gm,
        ),
      ].map(([, name = '']) => name),
    );
  const built = Object.keys(devDependencies).filter((name) => sources.includes(name));
  assert.ok(built.length > 8);
  for (const name of built) {
    const { version, license } = JSON.parse(
      readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'),
    );
    assert.ok(told.includes(`\n${name} ${version} (${license})\n`), name);
  }
});

test('package: nothing floats: every production dependency has one version, and goes in the tarball', () => {
  const { dependencies, bundleDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  assert.deepEqual(Object.keys(dependencies), bundleDependencies);
  for (const [name, version] of Object.entries(dependencies))
    assert.match(String(version), /^\d+\.\d+\.\d+$/, name);
});

test('package: the bill of materials has what is built in and what is bundled, and nothing else', async () => {
  await execa(process.execPath, ['scripts/sbom.mjs'], { cwd: ROOT });
  const { components } = JSON.parse(readFileSync(join(ROOT, 'dist/sbom.cdx.json'), 'utf8'));
  const names = components.map((component: { 'bom-ref': string }) => component['bom-ref']);
  const told = readFileSync(join(ROOT, 'dist/THIRD-PARTY.txt'), 'utf8');
  const builtIn = [...told.matchAll(/^(\S+) (\d\S*) \(/gm)].map(([, name, version]) => `${name}@${version}`);
  const bundled = productionEntries().map(
    ([path, { version }]) => `${path.replace('node_modules/', '')}@${version}`,
  );
  assert.ok(builtIn.length > 20);
  assert.deepEqual(names.sort(), [...new Set([...builtIn, ...bundled])].sort());
});

test('package: under 1 MB, nothing in it but what runs and what is read; npx runs the tarball without the network, from a folder with a blank in its name, and what it unpacked there does the main job for a user who can write nothing there', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-npx-'));
  const home = join(folder, 'a folder');
  context.after(async () => {
    await execa('chmod', ['-R', 'u+w', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  mkdirSync(home);
  const { filename, size, files } = await pack(home);
  checkContent(size, files);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const cache = join(home, 'cache');
  const options = ['--yes', '--offline', '--cache', cache];
  const { stdout } = await execa('npx', [...options, `./${filename}`, '--version'], { cwd: home });
  assert.equal(stdout, version);
  const [unpacked = ''] = readdirSync(join(cache, '_npx'));
  await execa('chmod', ['-R', 'a-w', home]);
  await execa('chmod', ['755', folder]);
  const command = join(cache, '_npx', unpacked, 'node_modules', '.bin', 'ssm-keepalive');
  await checkMainJob([command], await chooseSeat(context, home));
});
