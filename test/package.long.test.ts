import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execa } from 'execa';
import { installPacked, pack, ROOT } from './support/installed.ts';
import { checkMainJob, makeSeat } from './support/main-job.ts';

/** The oldest that package.json declares, and the newest of each line since. */
const VERSIONS = ['20.19.0', '20', '21', '22', '23', '24', '25', '26'];

function makeFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-node-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

for (const version of VERSIONS) {
  test(`package: the main job on Node ${version}`, async (context) => {
    const folder = makeFolder(context);
    // What the npm package `node` brings in for this machine; it holds the binary and runs no script.
    const name = `node-${process.platform}-${process.arch}@${version}`;
    const options = ['--prefix', folder, '--no-audit', '--no-fund', '--no-save', '--ignore-scripts'];
    const brought = await execa('npm', ['install', ...options, name], { reject: false, cwd: folder });
    if (brought.exitCode !== 0)
      return context.skip(`the registry did not bring ${name}: ${brought.stderr.slice(-200)}`);
    const node = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
    const { stdout } = await execa(node, ['--version']);
    assert.ok(stdout.startsWith(`v${version}`), stdout);
    const { command } = await installPacked(context, 'home');
    await checkMainJob([node, command], makeSeat(context));
  });
}

test('package: the declared engines are the oldest of these versions', () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  assert.equal(`${engines.node}.0`, `>=${VERSIONS[0]}`);
});

test('package: npm installs the tarball with its production dependencies, from the registry', async (context) => {
  const folder = makeFolder(context);
  const { filename } = await pack(folder);
  const options = ['--omit=dev', '--no-audit', '--no-fund', '--prefix', folder];
  const installed = await execa('npm', ['install', ...options, join(folder, filename)], {
    reject: false,
    cwd: folder,
  });
  if (installed.exitCode !== 0) return context.skip(`npm could not: ${installed.stderr.slice(-300)}`);
  await checkMainJob([join(folder, 'node_modules', '.bin', 'ssm-keepalive')], makeSeat(context));
});
