import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { syntheticHosts, until, useLab } from './test-lab.ts';

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
function run(args: string[]): Promise<{ status: number | null; text: string; complaint: string }> {
  return new Promise((resolve) => {
    const env = {
      ...process.env,
      ...lab.env,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
    const child = spawn('aws', ['ssm', ...args, '--endpoint-url', lab.endpoint, '--output', 'json'], { env });
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
