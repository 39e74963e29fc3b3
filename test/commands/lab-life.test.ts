import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  CreateDocumentCommand,
  DescribeInstanceInformationCommand,
  GetDocumentCommand,
  ListCommandsCommand,
} from '@aws-sdk/client-ssm';
import type { LabState } from '../../src/lab/index.ts';
import { writeInventory } from '../../src/lab/inventory.ts';
import { makeClient, runOn, sandboxMissing, until } from '../lab/test-lab.ts';
import { CLI, type CliResult, runCli, runCliProcess, runLabCli } from '../support/cli.ts';
import { someOf } from '../support/turns.ts';

const skip = sandboxMissing();
const WEB = 'i-0aaaaaaaaaaaaaaa1';
const HOSTS = [
  { name: 'web-1', id: WEB, tags: { env: 'dev' } },
  { name: 'db-1', id: 'i-0bbbbbbbbbbbbbbb1', tags: { env: 'prod' }, synthetic: {} },
];
const SESSION = JSON.stringify({ schemaVersion: '1.0', sessionType: 'Standard_Stream', inputs: {} });

function makeFolder(context: TestContext): { dir: string; cli: (line: string) => Promise<CliResult> } {
  const dir = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-life-'));
  writeInventory(dir, { hosts: HOSTS, port: 0 });
  const cli = (line: string) => runLabCli(line, { SSM_KEEPALIVE_LAB_DIR: dir });
  context.after(async () => {
    await cli('lab down');
    rmSync(dir, { recursive: true, force: true });
  });
  return { dir, cli };
}

function endpointOf(output: string): string {
  return /^export AWS_ENDPOINT_URL_SSM=(\S+)$/m.exec(output)?.[1] ?? '';
}

for (const signal of someOf(['SIGTERM', 'SIGKILL'] as const, 1)) {
  test(`lab: after ${signal} the next  lab up  has the same address, hosts, tags, commands and documents`, {
    skip,
  }, async (context) => {
    const { dir, cli } = makeFolder(context);
    const up = await cli('lab up');
    assert.equal(up.status, 0, up.stderr);
    const endpoint = endpointOf(up.stdout);
    const clientOfNow = () => {
      const { credentials } = JSON.parse(readFileSync(join(dir, 'lab.json'), 'utf8')) as LabState;
      return makeClient({ endpoint, credentials });
    };
    const first = clientOfNow();
    const ran = await runOn(first, WEB, ['echo kept >/opt/kept; echo printed']);
    await first.send(new CreateDocumentCommand({ Name: 'kept', Content: SESSION, DocumentType: 'Session' }));
    const { pid } = JSON.parse(readFileSync(join(dir, 'lab.json'), 'utf8')) as { pid: number };
    process.kill(pid, signal);
    await until(
      'the lab to be gone',
      async () => !JSON.parse((await cli('lab hosts --output json')).stdout).isUp,
    );
    const again = await cli('lab up');
    assert.equal(again.status, 0, again.stderr);
    assert.equal(endpointOf(again.stdout), endpoint);
    await assert.rejects(first.send(new ListCommandsCommand({})), { name: 'InvalidSignatureException' });
    const client = clientOfNow();
    const [instances, commands, document] = await Promise.all([
      client.send(
        new DescribeInstanceInformationCommand({ Filters: [{ Key: 'tag:env', Values: ['dev', 'prod'] }] }),
      ),
      client.send(new ListCommandsCommand({ CommandId: ran.CommandId })),
      client.send(new GetDocumentCommand({ Name: 'kept' })),
    ]);
    assert.equal(instances.InstanceInformationList?.length, 2);
    assert.equal(commands.Commands?.length, 1);
    assert.equal(document.Content, SESSION);
    assert.equal((await runOn(client, WEB, ['cat /opt/kept'])).StandardOutputContent, 'kept\n');
  });
}

test('lab: --foreground prints the same variables, serves until SIGTERM and stops cleanly', {
  skip,
}, async (context) => {
  const { dir, cli } = makeFolder(context);
  const child = spawn(process.execPath, [CLI, 'lab', 'up', '--foreground'], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', SSM_KEEPALIVE_LAB_DIR: dir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  context.after(() => child.kill('SIGKILL'));
  const ended = new Promise<[number | null, string | null]>((resolve) =>
    child.once('exit', (code, signal) => resolve([code, signal])),
  );
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  await until('the lab', () => err.includes('until Ctrl-C'));
  assert.match(err, /open a session with {2}ssm-keepalive connect web-1 --lab/);
  const endpoint = endpointOf(out);
  assert.match(endpoint, /^http:\/\/127\.0\.0\.1:\d+$/);
  const port = Number(endpoint.split(':').at(-1)).toString(16).toUpperCase().padStart(4, '0');
  const listening = [
    ...readFileSync('/proc/net/tcp', 'utf8').matchAll(/: ([0-9A-F]{8}):([0-9A-F]{4}) \S+ 0A/g),
  ];
  assert.deepEqual(
    listening.filter((one) => one[2] === port).map((one) => one[1]),
    ['0100007F'],
    'it listens on loopback alone',
  );
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  assert.equal(JSON.parse((await cli('lab hosts --output json')).stdout).isUp, false);
});

test('lab: a folder where nothing can be made is an error with its reason, at once', async () => {
  for (const line of ['lab up', 'lab up --foreground', 'status --lab --tag env=dev']) {
    const result = await runCli(line.split(' '), { SSM_KEEPALIVE_LAB_DIR: '/proc/nope' });
    assert.equal(result.status, 1, line);
    assert.match(result.stderr, /the lab could not start[\s\S]*ENOENT[\s\S]*SSM_KEEPALIVE_LAB_DIR/, line);
  }
});

test('lab: a lab that cannot start in the background says why in one line', async (context) => {
  const { dir } = makeFolder(context);
  const result = await runCliProcess(['lab', 'up'], {
    SSM_KEEPALIVE_LAB_DIR: dir,
    CI: 'true',
    PATH: '/nowhere',
  });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /the lab did not start[\s\S]*no sandbox to run its hosts in/);
  assert.doesNotMatch(result.stderr, /our bug|at Object/);
});
