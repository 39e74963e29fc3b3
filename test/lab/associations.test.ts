import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateAssociationCommand,
  type CreateAssociationCommandInput,
  DeleteAssociationCommand,
  DescribeAssociationCommand,
  DescribeAssociationExecutionsCommand,
  DescribeAssociationExecutionTargetsCommand,
  ListAssociationsCommand,
  ListCommandsCommand,
  type SSMClient,
  StartAssociationsOnceCommand,
  UpdateAssociationCommand,
} from '@aws-sdk/client-ssm';
import { startLab } from '../../src/lab/index.ts';
import { makeClient, makeFolder, sandboxMissing, syntheticHosts, until, useLab } from './test-lab.ts';

const skip = sandboxMissing();
const lab = await useLab({
  hosts: [
    ...syntheticHosts(3),
    { name: 'bad', id: 'i-0ccccccccccccccc1', tags: { env: 'bad' }, synthetic: { outcome: 'Failed' } },
  ],
  consistencySeconds: 0,
  minuteSeconds: 0.02,
});
const client = makeClient(lab);

async function create(more: Partial<CreateAssociationCommandInput> = {}, ssm = client): Promise<string> {
  const made = await ssm.send(
    new CreateAssociationCommand({
      Name: 'AWS-RunShellScript',
      Targets: [{ Key: 'tag:env', Values: ['dev'] }],
      Parameters: { commands: ['true'] },
      ...more,
    }),
  );
  return made.AssociationDescription?.AssociationId ?? '';
}

async function executionsOf(AssociationId: string, ssm: SSMClient = client) {
  return (
    (await ssm.send(new DescribeAssociationExecutionsCommand({ AssociationId }))).AssociationExecutions ?? []
  );
}

/** Waits until `count` executions have ended; newest first. */
function ended(AssociationId: string, count: number, ssm: SSMClient = client) {
  return until(`${count} executions`, async () => {
    const all = await executionsOf(AssociationId, ssm);
    return all.length >= count && all.every(({ Status }) => Status !== 'Pending') ? all : undefined;
  });
}

async function targetsOf(AssociationId: string, ExecutionId: string | undefined) {
  const { AssociationExecutionTargets = [] } = await client.send(
    new DescribeAssociationExecutionTargetsCommand({ AssociationId, ExecutionId }),
  );
  return AssociationExecutionTargets.map(({ ResourceId, Status }) => `${ResourceId} ${Status}`);
}

test('an association runs once on every node that matches, again when it is changed, and on request', async () => {
  const AssociationId = await create({ AssociationName: 'keeper', ScheduleExpression: 'rate(30 days)' });
  const [first] = await ended(AssociationId, 1);
  assert.deepEqual([first?.Status, first?.ResourceCountByStatus], ['Success', '{Success=3}']);
  assert.equal((await targetsOf(AssociationId, first?.ExecutionId)).length, 3);
  const updated = await client.send(
    new UpdateAssociationCommand({
      AssociationId,
      Parameters: { commands: ['false'] },
      Targets: [{ Key: 'InstanceIds', Values: ['*'] }],
    }),
  );
  // What an update leaves out is forgotten.
  assert.deepEqual(
    [updated.AssociationDescription?.AssociationVersion, updated.AssociationDescription?.ScheduleExpression],
    ['2', undefined],
  );
  const [second] = await ended(AssociationId, 2);
  assert.equal(second?.Status, 'Failed');
  assert.ok((await targetsOf(AssociationId, second?.ExecutionId)).includes('i-0ccccccccccccccc1 Failed'));
  await client.send(new StartAssociationsOnceCommand({ AssociationIds: [AssociationId] }));
  await ended(AssociationId, 3);
  assert.deepEqual((await client.send(new ListCommandsCommand({}))).Commands, []);
  const listed = await client.send(new ListAssociationsCommand({}));
  assert.deepEqual(
    listed.Associations?.map((one) => [one.AssociationId, one.Overview?.Status]),
    [[AssociationId, 'Failed']],
  );
  await client.send(new DeleteAssociationCommand({ AssociationId }));
  await assert.rejects(client.send(new DescribeAssociationCommand({ AssociationId })), {
    name: 'AssociationDoesNotExist',
  });
  await assert.rejects(executionsOf(AssociationId), { name: 'AssociationDoesNotExist' });
});

test('a rate runs it again and again until it is deleted', async () => {
  const AssociationId = await create({ ScheduleExpression: 'rate(30 minutes)' });
  await ended(AssociationId, 3);
  await client.send(new DeleteAssociationCommand({ AssociationId }));
});

const refused: [why: string, input: Partial<CreateAssociationCommandInput>, error: string][] = [
  ['a rate under 30 minutes', { ScheduleExpression: 'rate(29 minutes)' }, 'InvalidSchedule'],
  ['one minutes', { ScheduleExpression: 'rate(1 days)' }, 'InvalidSchedule'],
  ['31 days', { ScheduleExpression: 'rate(31 days)' }, 'InvalidSchedule'],
  ['no target', { Targets: [] }, 'InvalidTarget'],
  ['an unknown document', { Name: 'no-such-document' }, 'InvalidDocument'],
  ['an unknown parameter', { Parameters: { commands: ['true'], shell: ['x'] } }, 'InvalidParameters'],
  ['a name of two characters', { AssociationName: 'ab' }, 'ValidationException'],
];
for (const [why, input, error] of refused) {
  test(`CreateAssociation refuses ${why} with ${error}`, async () => {
    await assert.rejects(create(input), { name: error });
  });
}

test('after a restart an association is there with its executions, and runs on the nodes that are new, on those alone', async () => {
  const dir = makeFolder();
  const one = await startLab({ dir, hosts: syntheticHosts(2), consistencySeconds: 0 });
  const id = await create({}, makeClient(one));
  await ended(id, 1, makeClient(one));
  await one.stop();
  const two = await useLab({ dir, hosts: syntheticHosts(3), consistencySeconds: 0 });
  const [second, first] = await ended(id, 2, makeClient(two));
  assert.deepEqual(
    [first?.ResourceCountByStatus, second?.ResourceCountByStatus],
    ['{Success=2}', '{Success=1}'],
  );
});

test('a node that comes online later gets the association then', { skip }, async () => {
  const ID = 'i-0aaaaaaaaaaaaaaa1';
  const machines = await useLab({ hosts: [{ name: 'web-1', id: ID, tags: {} }], consistencySeconds: 0 });
  const ssm = makeClient(machines);
  const host = machines.host('web-1');
  const UNIT = 'amazon-ssm-agent.service';
  host.failNext('agent-return');
  await host.exec(['systemctl', 'restart', UNIT]);
  await until('it to be away', () => !host.isOnline);
  const id = await create(
    { Targets: [{ Key: 'InstanceIds', Values: ['*'] }], Parameters: { commands: ['echo x >>/opt/applied'] } },
    ssm,
  );
  assert.deepEqual(await executionsOf(id, ssm), []);
  await host.exec(['systemctl', 'restart', UNIT]);
  await ended(id, 1, ssm);
  const back = new Promise<void>((resolve) => host.once('online', resolve));
  await host.exec(['systemctl', 'restart', UNIT]);
  await back;
  assert.equal((await executionsOf(id, ssm)).length, 1, 'it ran once more on a node that had it');
  assert.equal((await host.exec(['cat', '/opt/applied'])).stdout, 'x\n');
});
