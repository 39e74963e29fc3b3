import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CLI, runCli, runCliProcess } from '../support/cli.ts';

test('cli: a bad command line ends a process of its own with status 2, its words on stderr and no stack', async () => {
  // What each of them is told: bad-command-lines.ts.
  const { status, stdout, stderr } = await runCliProcess(['install', '--tag', 'env']);
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, /--tag cannot be "env"[\s\S]*\n {2}next: /);
  assert.doesNotMatch(stderr, /\n {4}at /);
});

test('cli: a working folder that was deleted keeps no command from its work', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-gone-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [line, words] of [
    ['render', / host.sh\n/],
    ['measure --from x.json', /x\.json[\s\S]*ENOENT/],
    ['status --tag env', /--tag cannot be "env"/],
  ] as const) {
    const { output } = spawnSync(
      'sh',
      ['-c', `mkdir gone; cd gone; rmdir ../gone; exec "$0" "$@"`, process.execPath, CLI, ...line.split(' ')],
      { cwd: folder, encoding: 'utf8' },
    );
    assert.match(output.join(''), words);
    assert.doesNotMatch(output.join(''), /\n {4}at |bug/);
  }
});

test('cli: no arguments prints the help and is no success', async () => {
  const { status, stdout } = await runCli([]);
  assert.equal(status, 2);
  assert.match(stdout, /ssm-keepalive install/);
});

test('cli: without credentials it says how to get some, and nothing is a bug', async () => {
  const { status, stderr } = await runCli(['install', '--tag', 'env=dev', '--region', 'eu-central-1']);
  assert.equal(status, 1);
  assert.match(stderr, /why: {2}no AWS credentials were found/);
});

test('cli: an endpoint nobody listens on is named as a network failure, and no warning of a library is shown', async () => {
  const { status, stderr } = await runCliProcess(
    ['status', '--tag', 'env=dev', '--region', 'us-east-1', '--endpoint-url', 'http://127.0.0.1:9'],
    { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y', AWS_MAX_ATTEMPTS: '1' },
  );
  assert.equal(status, 1);
  assert.match(stderr, /could not be reached \(ECONNREFUSED\)/);
  assert.doesNotMatch(stderr, /Warning/);
});

test('cli: flags may come before the command, as the AWS CLI takes them', async () => {
  const { status, stderr } = await runCli(['--output', 'table', '--tag', 'env', 'install']);
  assert.equal(status, 2);
  assert.match(stderr, /--tag cannot be "env"/);
});

test('cli: with --output json a failure is one JSON document too', async () => {
  const { status, stdout } = await runCli(['install', '--tag', 'env', '--output', 'json']);
  assert.equal(status, 2);
  assert.equal(JSON.parse(stdout).error.code, 'bad-setting');
});

test('cli: every file that render lists can be printed by that name, byte for byte', async () => {
  const { createHash } = await import('node:crypto');
  const { stdout } = await runCli(['render']);
  const rows = [...stdout.matchAll(/^0\d{3} +(\d+) ([0-9a-f]{12}) (.+)$/gm)];
  assert.ok(rows.length >= 10);
  assert.equal(new Set(rows.map(([, , , name]) => name)).size, rows.length);
  await Promise.all(
    rows.map(async ([, bytes, sha256, name = '']) => {
      const file = (await runCli(['render', name])).stdout;
      assert.equal(String(Buffer.byteLength(file)), bytes, name);
      assert.ok(
        createHash('sha256')
          .update(file)
          .digest('hex')
          .startsWith(sha256 ?? '-'),
        name,
      );
    }),
  );
});

test('cli: output into a pipe that closes early is no error', async () => {
  const { execa } = await import('execa');
  const { CLI } = await import('../support/cli.ts');
  const result = await execa('bash', [
    '-c',
    `set -o pipefail; "${process.execPath}" "${CLI}" render installer | head -1`,
  ]);
  assert.match(result.stdout, /^#!\/bin\/sh/);
});
