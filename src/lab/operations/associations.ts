/** Reads associations: one, all, their executions, and the result on each node. */
import { type Account, answerPage, type Operation, pickMembers, toSeconds } from '../account.ts';
import { countErrors } from '../dispatcher.ts';
import type { AssociationRecord, CommandRecord, InvocationRecord } from '../records.ts';
import { ServiceError } from '../service-error.ts';

/** @throws ServiceError AssociationDoesNotExist */
export function findAssociation(account: Account, id: string): AssociationRecord {
  const found = account.store.records.associations.find(({ associationId }) => associationId === id);
  if (found === undefined)
    throw new ServiceError('AssociationDoesNotExist', `The association ${id} does not exist.`);
  return found;
}

export const describeAssociation: Operation<'DescribeAssociation'> = (account, { AssociationId }) => {
  return { AssociationDescription: describe(findAssociation(account, AssociationId)) };
};

const LISTED = [
  ...['Name', 'AssociationId', 'AssociationVersion', 'DocumentVersion', 'Targets'],
  ...['LastExecutionDate', 'Overview', 'ScheduleExpression', 'AssociationName'],
];

export const listAssociations: Operation<'ListAssociations'> = (account, input) => {
  const matching = account.store.records.associations.filter((association) =>
    (input.AssociationFilterList ?? []).every(({ key, value }) => passes(association, key, value)),
  );
  return answerPage(account, 'Associations', matching, input, (association) =>
    pickMembers(describe(association), LISTED),
  );
};

function passes(association: AssociationRecord, key: string, value: string): boolean {
  const { executions, targets } = association;
  const lastAt = executions[0]?.command.requestedAt;
  const own: Record<string, string | undefined> = {
    Name: association.documentName,
    AssociationId: association.associationId,
    AssociationName: association.associationName,
    AssociationStatusName: summarize(association).Status,
  };
  if (key in own) return own[key] === value;
  if (key === 'LastExecutedBefore') return lastAt !== undefined && lastAt < Date.parse(value);
  if (key === 'LastExecutedAfter') return lastAt !== undefined && lastAt > Date.parse(value);
  if (key === 'ResourceGroupName')
    return targets.some(({ Key, Values }) => Key === 'resource-groups:Name' && Values.includes(value));
  return executions.some(({ command }) => command.invocations.some(({ instanceId }) => instanceId === value));
}

export const describeAssociationExecutions: Operation<'DescribeAssociationExecutions'> = (account, input) => {
  const { associationId, executions } = findAssociation(account, input.AssociationId);
  return answerPage(
    account,
    'AssociationExecutions',
    executions,
    input,
    ({ executionId, version, command }) => ({
      AssociationId: associationId,
      AssociationVersion: String(version),
      ExecutionId: executionId,
      ...judge(command),
      CreatedTime: toSeconds(command.requestedAt),
      LastExecutionDate: toSeconds(command.requestedAt),
      ResourceCountByStatus: countByStatus(command.invocations),
      AlarmConfiguration: command.alarm,
      TriggeredAlarms: command.triggeredAlarm === undefined ? [] : [command.triggeredAlarm],
    }),
  );
};

export const describeAssociationExecutionTargets: Operation<'DescribeAssociationExecutionTargets'> = (
  account,
  input,
) => {
  const { associationId, executions } = findAssociation(account, input.AssociationId);
  const execution = executions.find(({ executionId }) => executionId === input.ExecutionId);
  if (execution === undefined) throw new ServiceError('AssociationExecutionDoesNotExist');
  const { command, version, executionId } = execution;
  return answerPage(account, 'AssociationExecutionTargets', command.invocations, input, (invocation) => ({
    AssociationId: associationId,
    AssociationVersion: String(version),
    ExecutionId: executionId,
    ResourceId: invocation.instanceId,
    ResourceType: 'ManagedInstance',
    Status: invocation.status,
    DetailedStatus: invocation.statusDetails,
    LastExecutionDate: toSeconds(invocation.endedAt ?? invocation.startedAt ?? invocation.requestedAt),
    OutputSource: { OutputSourceId: command.commandId, OutputSourceType: 'RunCommand' },
  }));
};

export function describe(association: AssociationRecord): Record<string, unknown> {
  const [last] = association.executions;
  return {
    Name: association.documentName,
    AssociationId: association.associationId,
    AssociationName: association.associationName,
    AssociationVersion: String(association.version),
    Date: toSeconds(association.createdAt),
    LastUpdateAssociationDate: toSeconds(association.updatedAt),
    DocumentVersion: association.documentVersion,
    Parameters: association.parameters,
    Targets: association.targets,
    ScheduleExpression: association.scheduleExpression,
    MaxConcurrency: association.maxConcurrency,
    MaxErrors: association.maxErrors,
    ComplianceSeverity: association.complianceSeverity,
    AlarmConfiguration: association.alarm,
    TriggeredAlarms: last?.command.triggeredAlarm === undefined ? [] : [last.command.triggeredAlarm],
    LastExecutionDate: toSeconds(last?.command.requestedAt),
    Overview: summarize(association),
  };
}

function summarize({ executions: [last] }: AssociationRecord): { Status: string; DetailedStatus: string } {
  return last === undefined ? { Status: 'Pending', DetailedStatus: 'Creating' } : judge(last.command);
}

/** Unlike a command, an execution is Failed if any node failed, for any reason. */
function judge(command: CommandRecord): { Status: string; DetailedStatus: string } {
  const hasEnded = !['Pending', 'InProgress', 'Cancelling'].includes(command.status);
  const isBad = countErrors(command) > 0 || command.invocations.some(({ status }) => status !== 'Success');
  const Status = hasEnded ? (isBad ? 'Failed' : 'Success') : 'Pending';
  return { Status, DetailedStatus: Status === 'Pending' ? command.statusDetails : Status };
}

function countByStatus(invocations: readonly InvocationRecord[]): string {
  const counts = new Map<string, number>();
  for (const { status } of invocations) counts.set(status, (counts.get(status) ?? 0) + 1);
  return `{${[...counts].map(([status, count]) => `${status}=${count}`).join(', ')}}`;
}
