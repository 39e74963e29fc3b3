// A full disk under our own files: a clear error, and nothing half-written.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { sandboxMissing } from '../lab/test-lab.ts';
import { CLI } from '../support/cli.ts';

const disk = mkdtempSync(join(tmpdir(), 'full-disk-'));
after(() => rmSync(disk, { recursive: true, force: true }));

/** Runs a program that sees a disk of 64 KB at `disk`. */
function runOnSmallDisk(argv: readonly string[], env: Record<string, string> = {}) {
  const places = ['--dev-bind', '/', '/', '--size', '65536', '--tmpfs', disk];
  return execa('bwrap', [...places, process.execPath, ...argv], { reject: false, stdin: 'ignore', env });
}

test('a full disk: reports and the lab’s records stay whole, and whoever waits is told', {
  skip: sandboxMissing(),
}, async () => {
  const script = fileURLToPath(new URL('../support/full-disk.ts', import.meta.url));
  const { stdout, stderr, exitCode } = await runOnSmallDisk(['--import', 'tsx', script, disk]);
  assert.equal(exitCode, 0, stderr);
  const { reports, files, old, lab } = JSON.parse(stdout);
  for (const [index, name] of [`${disk}/new.html`, `${disk}/old.html`, '/dev/full'].entries()) {
    const { code, what, why } = reports[index];
    assert.deepEqual([code, what], ['report-file', `the report was not written to ${name}`]);
    assert.match(why, /ENOSPC/);
  }
  assert.deepEqual([files, old], [['old.html'], 'the old report']);
  assert.deepEqual(lab.errors[0], ['', '']);
  assert.equal(lab.errors[1][0], 'InternalServerError');
  assert.match(lab.errors[1][1], /ENOSPC/);
  assert.deepEqual([lab.kept, lab.left], [['One-a'], []]);
  assert.deepEqual([lab.stopped, lab.isClaimed], ['ENOSPC', false]);
});

test('cli: a lab that has no room says so and names the variable', { skip: sandboxMissing() }, async () => {
  const { exitCode, stderr } = await runOnSmallDisk([CLI, 'status', '--lab', '--tag', 'env=dev'], {
    SSM_KEEPALIVE_LAB_DIR: join(disk, 'lab'),
  });
  assert.equal(exitCode, 1, stderr);
  assert.match(
    stderr,
    /^ssm-keepalive: no lab is up, .*\nssm-keepalive: the lab could not start\n {2}why: {2}the disk is full \(ENOSPC.*\n {2}next: make room there, or/,
  );
});

test('cli: output that nobody can take ends with words and status 1; a full log stops nothing', async () => {
  const run = (line: string) =>
    execa('sh', ['-c', line, process.execPath, CLI], { reject: false, stdin: 'ignore' });
  const output = await run('"$0" "$1" render installer >/dev/full');
  assert.equal(output.exitCode, 1);
  assert.match(
    output.stderr,
    /the output could not be written\n {2}why: {2}the disk is full \(ENOSPC.*\n {2}next: make room/,
  );
  assert.doesNotMatch(output.stderr, /\n {4}at /);
  assert.equal((await run('"$0" "$1" install 2>/dev/full')).exitCode, 2);
});
