import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { installPacked, pack, productionEntries, ROOT } from './support/installed.ts';
import { checkMainJob, chooseSeat } from './support/main-job.ts';

test('package: under 1 MB without its dependencies, and nothing in it but what runs and what is read', async () => {
  const { size, files } = await pack();
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
      /^(dist|templates|docs)\/|^[A-Z]+(\.md)?$|^package\.json$/,
      `${path} has no place in it`,
    );
});

test('package: nothing that users install runs a script while it is installed', () => {
  const entries = productionEntries();
  assert.ok(entries.length > 10);
  for (const [path, { hasInstallScript }] of entries) assert.equal(hasInstallScript, undefined, path);
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
    assert.equal(scripts[name], undefined);
});

test('package: every module that the build leaves outside is a production dependency', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const build = readFileSync(join(ROOT, 'scripts/build.mjs'), 'utf8');
  const [, list = ''] = /external: \[(.*?)\]/s.exec(build) ?? [];
  for (const [, name = ''] of list.matchAll(/'([^']+)'/g)) {
    const pattern = new RegExp(`^${name.replace('*', '.+')}$`);
    assert.ok(
      Object.keys(dependencies).some((dependency) => pattern.test(dependency)),
      name,
    );
  }
});

test('package: the main job from a folder with a blank in its name, as a user who can write nothing there', async (context) => {
  const command = await installPacked(context, 'a folder');
  const home = join(command, '..', '..', '..');
  await execa('chmod', ['-R', 'a-w', home]);
  await execa('chmod', ['755', join(home, '..')]);
  await checkMainJob([command], await chooseSeat(context, home));
});
