import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rawClient } from './raw-client.ts';
import { makeFolder, sandboxMissing, syntheticHosts, until, useLab } from './test-lab.ts';

const hasCli = spawnSync('aws', ['--version']).status === 0;
const skip = hasCli ? false : 'the AWS CLI is not on this machine';
const lab = await useLab({
  hosts: syntheticHosts(2, { synthetic: { stdout: 'hello\n' } }),
  consistencySeconds: 0.1,
});

/** What these tests read of the CLI's answers. */
interface Answer {
  InstanceInformationList: unknown[];
  Command: { CommandId: string };
  Commands: { Status: string; CompletedCount: number }[];
  CommandInvocations: { CommandPlugins: { Output: string }[] }[];
  StandardOutputContent: string;
}

async function aws(...args: string[]): Promise<Answer> {
  const { status, text, complaint } = await run(args);
  assert.equal(status, 0, complaint);
  return JSON.parse(text || '{}') as Answer;
}

// Not spawnSync: the endpoint answers from this very process.
function run(
  args: string[],
  on: { endpoint: string; env: Record<string, string> } = lab,
  variables: Record<string, string> = {},
): Promise<{ status: number | null; text: string; complaint: string }> {
  return new Promise((resolve) => {
    const env = {
      ...process.env,
      ...on.env,
      ...variables,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
    const child = spawn('aws', ['ssm', ...args, '--endpoint-url', on.endpoint, '--output', 'json'], { env });
    let text = '';
    let complaint = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.stderr.on('data', (chunk) => {
      complaint += chunk;
    });
    child.on('close', (status) => resolve({ status, text, complaint }));
  });
}

test('the AWS CLI drives the endpoint: instances, a command by tag, its invocations and their output', {
  skip,
}, async () => {
  const info = await aws('describe-instance-information', '--filters', 'Key=tag:env,Values=dev');
  assert.equal(info.InstanceInformationList.length, 2);
  const sent = await aws(
    'send-command',
    '--document-name',
    'AWS-RunShellScript',
    '--targets',
    'Key=tag:env,Values=dev',
    '--parameters',
    'commands=["echo hello"]',
    '--comment',
    'from the CLI',
  );
  const id = sent.Command.CommandId;
  const ended = await until('the command to end', async () => {
    const [found] = (await aws('list-commands', '--command-id', id)).Commands;
    return found?.Status === 'Success' ? found : undefined;
  });
  assert.equal(ended.CompletedCount, 2);
  const listed = await aws('list-command-invocations', '--command-id', id, '--details');
  assert.equal(listed.CommandInvocations[0]?.CommandPlugins[0]?.Output, 'hello\n');
  const got = await aws('get-command-invocation', '--command-id', id, '--instance-id', 'i-00000000000000001');
  assert.equal(got.StandardOutputContent, 'hello\n');
});

test('the AWS CLI names the errors as it does for the service', { skip }, async () => {
  const { status, complaint } = await run([
    'send-command',
    '--document-name',
    'AWS-RunShellScript',
    '--instance-ids',
    'i-0ddddddddddddddd1',
    '--parameters',
    'commands=["true"]',
  ]);
  assert.notEqual(status, 0);
  assert.match(complaint, /\(InvalidInstanceId\) when calling the SendCommand operation/);
});

test('aws ssm start-session hands the plugin an answer that opens a session, and ends it when there is no plugin', {
  skip: skip || sandboxMissing(),
}, async () => {
  const folder = makeFolder();
  const plugin = join(folder, 'session-manager-plugin');
  // Stands for the plugin on the PATH: keeps its arguments, and exits as it is told.
  writeFileSync(
    plugin,
    `#!/bin/sh\n[ $# -eq 0 ] && exit 0\nfor word; do printf '%s\\0' "$word"; done >'${folder}/words'\nprintenv AWS_SSM_START_SESSION_RESPONSE >'${folder}/response'\nexit 0\n`,
    { mode: 0o755 },
  );
  const machines = await useLab({
    hosts: [{ name: 'web-1', id: 'i-0aaaaaaaaaaaaaaa1', tags: {} }],
    consistencySeconds: 0,
  });
  const PATH = `${folder}:${process.env['PATH']}`;
  const start = await run(['start-session', '--target', 'i-0aaaaaaaaaaaaaaa1'], machines, { PATH });
  assert.equal(start.status, 0, start.complaint);
  const words = readFileSync(join(folder, 'words'), 'utf8').split('\0');
  // Newer CLIs keep the token off the command line and name the variable that has it.
  const response = words[0]?.startsWith('{') ? words[0] : readFileSync(join(folder, 'response'), 'utf8');
  const answer = JSON.parse(response ?? '') as { SessionId: string; StreamUrl: string; TokenValue: string };
  assert.deepEqual(
    [words[2], JSON.parse(words[4] ?? ''), words[5]],
    ['StartSession', { Target: 'i-0aaaaaaaaaaaaaaa1' }, machines.endpoint],
  );
  const raw = await rawClient(answer.StreamUrl, answer.TokenValue);
  raw.input(3, '{"cols":80,"rows":24}');
  await until('a prompt', () => /[$#] $/.test(raw.text()));
  raw.input(1, 'echo $((40 + 2))\r');
  await until('the answer', () => /\r\n42\r\n/.test(raw.text()));
  const ended = await run(['terminate-session', '--session-id', answer.SessionId], machines);
  assert.deepEqual(JSON.parse(ended.text), { SessionId: answer.SessionId });
  await until('the close', raw.isClosed);
  const refused = await run(['start-session', '--target', 'i-0ddddddddddddddd1'], machines, { PATH });
  assert.match(refused.complaint, /\(TargetNotConnected\) when calling the StartSession operation/);
  // Without a plugin the CLI terminates what it has started.
  rmSync(plugin);
  const failed = await run(['start-session', '--target', 'i-0aaaaaaaaaaaaaaa1'], machines, { PATH });
  assert.match(failed.complaint, /SessionManagerPlugin is not found/);
  const active = await run(['describe-sessions', '--state', 'Active'], machines);
  assert.deepEqual(JSON.parse(active.text).Sessions, []);
});
