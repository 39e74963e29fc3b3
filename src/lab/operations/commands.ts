import { createHash } from 'node:crypto';
import { type Account, answerPage, type Operation, toSeconds } from '../account.ts';
import { checkParameters, stepName } from '../command-document.ts';
import { countErrors } from '../dispatcher.ts';
import { findDocument, findUsable, scriptOf } from '../documents.ts';
import type { Host } from '../host.ts';
import { type CommandRecord, type InvocationRecord, newCommand } from '../records.ts';
import { ServiceError } from '../service-error.ts';
import type { Input } from '../shapes.ts';
import { findByTargets } from '../targets.ts';

const DEFAULT_TIMEOUT_SECONDS = 3600;
/** Tags are resolved after the answer, so TargetCount is 0 at first. */
const RESOLVE_MS = 30;

export const sendCommand: Operation<'SendCommand'> = (account, input, region) => {
  const { version } = findUsable(account, input.DocumentName, input.DocumentVersion);
  checkHash(input, version.content);
  checkParameters(version.content, input.Parameters ?? {});
  const ids = input.InstanceIds ?? [];
  const targets = input.Targets ?? [];
  if (ids.length > 0 && targets.length > 0) {
    throw new ServiceError('ValidationException', 'InstanceIds and Targets cannot both be specified.');
  }
  if (ids.length === 0 && targets.length === 0)
    throw new ServiceError('InvalidInstanceId', 'No instance IDs or targets were specified.');
  const hosts = ids.length > 0 ? findByIds(account, ids) : [];
  const command = readCommand(account, input);
  account.store.records.commands.unshift(command);
  if (ids.length > 0) account.dispatcher.dispatch(command, hosts);
  else {
    const mayReach = ({ spec }: Host) => account.guard.mayReach(spec, region);
    account.clock.after(RESOLVE_MS, () =>
      account.dispatcher.dispatch(command, findByTargets(account, targets), mayReach),
    );
  }
  return { Command: describeCommand(command) };
};

export const listCommands: Operation<'ListCommands'> = (account, input) => {
  const matching = visibleCommands(account)
    .filter((command) => input.CommandId === undefined || command.commandId === input.CommandId)
    .filter(
      (command) =>
        input.InstanceId === undefined ||
        command.invocations.some((one) => one.instanceId === input.InstanceId),
    )
    .filter((command) =>
      (input.Filters ?? []).every(({ key, value }) => passes(command, command, key, value)),
    );
  return answerPage(account, 'Commands', matching, input, describeCommand);
};

export const listCommandInvocations: Operation<'ListCommandInvocations'> = (account, input) => {
  const matching = visibleCommands(account)
    .filter((command) => input.CommandId === undefined || command.commandId === input.CommandId)
    .flatMap((command) => command.invocations.map((invocation) => ({ command, invocation })))
    .filter(({ invocation }) => input.InstanceId === undefined || invocation.instanceId === input.InstanceId)
    .filter(({ command, invocation }) =>
      (input.Filters ?? []).every(({ key, value }) => passes(command, invocation, key, value)),
    );
  return answerPage(account, 'CommandInvocations', matching, input, ({ command, invocation }) =>
    describeInvocation(command, invocation, input.Details === true ? nameStep(account, command) : undefined),
  );
};

export const getCommandInvocation: Operation<'GetCommandInvocation'> = async (account, input) => {
  // The output of an association's run can be read too [inferred: its results name it as their source].
  const command = [...visibleCommands(account), ...runsOf(account)].find(
    ({ commandId }) => commandId === input.CommandId,
  );
  const invocation = command?.invocations.find(({ instanceId }) => instanceId === input.InstanceId);
  if (command === undefined || invocation === undefined) throw new ServiceError('InvocationDoesNotExist');
  const PluginName = nameStep(account, command);
  if (input.PluginName !== undefined && input.PluginName !== PluginName)
    throw new ServiceError('InvalidPluginName');
  const elapsed = ((invocation.endedAt ?? invocation.startedAt ?? 0) - (invocation.startedAt ?? 0)) / 1000;
  return {
    CommandId: command.commandId,
    InstanceId: invocation.instanceId,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    PluginName,
    ResponseCode: invocation.code,
    ExecutionStartDateTime:
      invocation.startedAt === undefined ? '' : new Date(invocation.startedAt).toISOString(),
    ExecutionElapsedTime: invocation.endedAt === undefined ? '' : `PT${elapsed}S`,
    ExecutionEndDateTime: invocation.endedAt === undefined ? '' : new Date(invocation.endedAt).toISOString(),
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    StandardOutputContent: truncate(invocation.stdout, 24_000, CUT_WHOLE),
    StandardOutputUrl: '',
    StandardErrorContent: truncate(invocation.stderr, 8_000, CUT_WHOLE),
    StandardErrorUrl: '',
    CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
  };
};

export const cancelCommand: Operation<'CancelCommand'> = (account, input) => {
  const command = account.store.records.commands.find(({ commandId }) => commandId === input.CommandId);
  if (command === undefined) throw new ServiceError('InvalidCommandId');
  for (const id of input.InstanceIds ?? []) {
    if (!command.invocations.some(({ instanceId }) => instanceId === id))
      throw new ServiceError('InvalidInstanceId');
  }
  account.dispatcher.cancel(command, input.InstanceIds ?? []);
  return {};
};

function nameStep(account: Account, { documentName, documentVersion }: CommandRecord): string {
  return stepName(findDocument(account, documentName, documentVersion).version.content);
}

/** A hash in the request pins what may run. That a wrong one is InvalidDocument is inferred: the model has no own error. */
function checkHash(
  { DocumentName, DocumentHash, DocumentHashType = 'Sha256' }: Input<'SendCommand'>,
  content: string,
): void {
  if (DocumentHash === undefined) return;
  const hash = createHash(DocumentHashType.toLowerCase()).update(content).digest('hex');
  if (hash !== DocumentHash.toLowerCase())
    throw new ServiceError('InvalidDocument', `The hash given for document ${DocumentName} is not its own.`);
}

/** One unusable id fails the whole call [facts/ssm.md]. */
function findByIds(account: Account, ids: readonly string[]): Host[] {
  if (new Set(ids).size < ids.length) throw new ServiceError('DuplicateInstanceId');
  const usable = account.hosts.filter((host) => host.isOnline && ids.includes(host.spec.id));
  const bad = ids.filter((id) => !usable.some((host) => host.spec.id === id));
  if (bad.length > 0)
    throw new ServiceError(
      'InvalidInstanceId',
      `Instances [[${bad.join(', ')}]] not in a valid state for account ${account.id}`,
    );
  // Hosts found by tag each end as InvalidPlatform instead.
  if (usable.some(({ spec }) => spec.platform === 'Windows'))
    throw new ServiceError('UnsupportedPlatformType', 'The document does not support the platform type.');
  return usable;
}

function readCommand(account: Account, input: Input<'SendCommand'>): CommandRecord {
  const now = account.clock.now();
  const command = newCommand(now, {
    documentName: input.DocumentName,
    documentVersion: input.DocumentVersion ?? '$DEFAULT',
    comment: input.Comment ?? '',
    parameters: input.Parameters ?? {},
    instanceIds: input.InstanceIds ?? [],
    targets: input.Targets ?? [],
    maxConcurrency: input.MaxConcurrency ?? '50',
    maxErrors: input.MaxErrors ?? '0',
    timeoutSeconds: input.TimeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    visibleAt: now + account.consistencySeconds * 1000,
    targetCount: (input.InstanceIds ?? []).length,
    alarm: input.AlarmConfiguration,
  });
  command.expiresAt += scriptOf(account, command).timeoutSeconds * 1000;
  return command;
}

function runsOf(account: Account): CommandRecord[] {
  return account.store.records.associations.flatMap(({ executions }) =>
    executions.map(({ command }) => command),
  );
}

function visibleCommands(account: Account): CommandRecord[] {
  const now = account.clock.now();
  return account.store.records.commands.filter(({ visibleAt }) => visibleAt <= now);
}

function passes(
  command: CommandRecord,
  of: { status: string; statusDetails: string },
  key: string,
  value: string,
): boolean {
  if (key === 'InvokedAfter') return command.requestedAt >= Date.parse(value);
  if (key === 'InvokedBefore') return command.requestedAt < Date.parse(value);
  if (key === 'DocumentName') return command.documentName === value;
  if (key === 'ExecutionStage')
    return (of.status === 'Pending' || of.status === 'InProgress') === (value === 'Executing');
  return of.status === value || of.statusDetails === value;
}

function describeCommand(command: CommandRecord): Record<string, unknown> {
  const ended = command.invocations.filter(({ endedAt }) => endedAt !== undefined);
  return {
    CommandId: command.commandId,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    Comment: command.comment,
    ExpiresAfter: toSeconds(command.expiresAt),
    Parameters: command.parameters,
    InstanceIds: command.instanceIds,
    Targets: command.targets,
    RequestedDateTime: toSeconds(command.requestedAt),
    Status: command.status,
    StatusDetails: command.statusDetails,
    OutputS3Region: 'us-east-1',
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
    MaxConcurrency: command.maxConcurrency,
    MaxErrors: command.maxErrors,
    TargetCount: command.targetCount,
    CompletedCount: ended.length,
    ErrorCount: countErrors(command),
    DeliveryTimedOutCount: ended.filter(({ statusDetails }) => statusDetails === 'DeliveryTimedOut').length,
    ...EMPTY_CONFIGS,
    TimeoutSeconds: command.timeoutSeconds,
    AlarmConfiguration: command.alarm,
    TriggeredAlarms: command.triggeredAlarm === undefined ? [] : [command.triggeredAlarm],
  };
}

const EMPTY_CONFIGS = {
  ServiceRole: '',
  NotificationConfig: { NotificationArn: '', NotificationEvents: [], NotificationType: '' },
  CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
};

function describeInvocation(
  command: CommandRecord,
  invocation: InvocationRecord,
  step: string | undefined,
): Record<string, unknown> {
  const joined =
    invocation.stderr === ''
      ? invocation.stdout
      : `${invocation.stdout}\n----------ERROR-------\n${invocation.stderr}`;
  const plugin = {
    Name: step,
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    ResponseCode: invocation.code,
    ResponseStartDateTime: toSeconds(invocation.startedAt),
    ResponseFinishDateTime: toSeconds(invocation.endedAt),
    Output: truncate(joined, 2500, CUT_LISTED),
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    OutputS3Region: 'us-east-1',
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
  };
  return {
    CommandId: command.commandId,
    InstanceId: invocation.instanceId,
    InstanceName: '',
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: command.documentVersion,
    RequestedDateTime: toSeconds(invocation.requestedAt),
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CommandPlugins: step !== undefined && invocation.startedAt !== undefined ? [plugin] : [],
    ...EMPTY_CONFIGS,
  };
}

/** The agent's marks of output that it cut [agent source]. */
const CUT_WHOLE = '--output truncated--';
const CUT_LISTED = '\n---Output truncated---';

/** The limit includes the mark. */
function truncate(text: string, limit: number, marker: string): string {
  return text.length <= limit ? text : text.slice(0, limit - marker.length) + marker;
}
