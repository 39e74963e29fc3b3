/** One call after another, until every operation has answered, well and badly: what the lab says, for comparing it with others. */
import { type Place, rawCall } from './raw-call.ts';

export interface Exchange {
  readonly operation: string;
  /** What is asked, in words: an error is expected where it says so. */
  readonly why: string;
  readonly body: Record<string, unknown>;
  readonly error: string;
  readonly output: Record<string, unknown>;
}

const COMMAND = '00000000-0000-0000-0000-000000000000';
const SESSION_DOCUMENT = JSON.stringify({
  schemaVersion: '1.0',
  description: 'one',
  sessionType: 'Standard_Stream',
  inputs: { idleSessionTimeout: '20' },
});
const DOCUMENT = (word: string) =>
  JSON.stringify({
    schemaVersion: '2.2',
    description: word,
    parameters: { commands: { type: 'StringList', description: 'what to run' } },
    mainSteps: [{ action: 'aws:runShellScript', name: 'run', inputs: { runCommand: ['{{ commands }}'] } }],
  });

/** `ids` are instances that the endpoint has, tagged env=dev. */
export async function playEveryOperation(place: Place, ids: readonly string[]): Promise<Exchange[]> {
  const exchanges: Exchange[] = [];
  const call = async (operation: string, why: string, body: Record<string, unknown>) => {
    const { error, body: output } = await rawCall(place, operation, body);
    exchanges.push({ operation, why, body, error, output });
    // biome-ignore lint/suspicious/noExplicitAny: answers are read at a glance here and compared elsewhere
    return output as any;
  };
  const [first = ''] = ids;
  const runShell = { DocumentName: 'AWS-RunShellScript', Parameters: { commands: ['true'] } };

  await call('DescribeInstanceInformation', 'all', {});
  await call('DescribeInstanceInformation', 'by tag, with pages', {
    Filters: [{ Key: 'tag:env', Values: ['dev'] }],
    MaxResults: 5,
  });
  await call('DescribeInstanceInformation', 'a filter that does not exist', {
    Filters: [{ Key: 'Nonsense', Values: ['x'] }],
  });
  const sent = await call('SendCommand', 'by id', {
    ...runShell,
    InstanceIds: ids,
    Comment: 'all',
    TimeoutSeconds: 60,
  });
  await call('SendCommand', 'by tag', {
    ...runShell,
    Targets: [{ Key: 'tag:env', Values: ['dev'] }],
    MaxConcurrency: '50%',
    MaxErrors: '1',
  });
  await call('SendCommand', 'without a document', { InstanceIds: ids });
  await call('SendCommand', 'an unknown document', { DocumentName: 'No-Such-Document', InstanceIds: ids });
  await call('SendCommand', 'an unknown instance', { ...runShell, InstanceIds: ['i-0ffffffffffffffff'] });
  await call('SendCommand', 'an id that is none', { ...runShell, InstanceIds: ['web-1'] });
  await call('SendCommand', 'a comment that is too long', {
    ...runShell,
    InstanceIds: ids,
    Comment: 'c'.repeat(101),
  });
  await call('SendCommand', 'a text for a number', { ...runShell, InstanceIds: ids, TimeoutSeconds: '60' });
  const CommandId: string = sent.Command?.CommandId ?? COMMAND;
  const endsAt = Date.now() + 20_000;
  for (let seen = ''; seen !== 'Success' && Date.now() < endsAt; ) {
    seen = (await rawCall(place, 'ListCommands', { CommandId })).body['Commands']
      ? (((await rawCall(place, 'ListCommands', { CommandId })).body['Commands'] as { Status: string }[])[0]
          ?.Status ?? '')
      : '';
    if (seen !== 'Success') await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await call('ListCommands', 'all', {});
  await call('ListCommands', 'one', { CommandId });
  await call('ListCommands', 'a page of one', { MaxResults: 1 });
  await call('ListCommands', 'a made-up token', { NextToken: 'made-up' });
  await call('ListCommandInvocations', 'of one command, with details', { CommandId, Details: true });
  await call('ListCommandInvocations', 'a page size of 51', { MaxResults: 51 });
  await call('GetCommandInvocation', 'one', { CommandId, InstanceId: first });
  await call('GetCommandInvocation', 'one plugin', {
    CommandId,
    InstanceId: first,
    PluginName: 'aws:runShellScript',
  });
  await call('GetCommandInvocation', 'an unknown plugin', {
    CommandId,
    InstanceId: first,
    PluginName: 'aws:nothing',
  });
  await call('GetCommandInvocation', 'an unknown command', { CommandId: COMMAND, InstanceId: first });
  await call('CancelCommand', 'one that is over', { CommandId });
  await call('CancelCommand', 'an unknown one', { CommandId: COMMAND });

  const Name = 'Session-Document';
  await call('CreateDocument', 'a session document', {
    Name,
    DocumentType: 'Session',
    Content: SESSION_DOCUMENT,
    DocumentFormat: 'JSON',
  });
  await call('CreateDocument', 'the same again', {
    Name,
    DocumentType: 'Session',
    Content: SESSION_DOCUMENT,
    DocumentFormat: 'JSON',
  });
  await call('CreateDocument', 'a command document', {
    Name: 'Ours',
    DocumentType: 'Command',
    Content: DOCUMENT('one'),
    DocumentFormat: 'JSON',
  });
  await call('CreateDocument', 'no JSON', {
    Name: 'Bad',
    DocumentType: 'Command',
    Content: '{',
    DocumentFormat: 'JSON',
  });
  await call('GetDocument', 'one', { Name });
  await call('GetDocument', 'an unknown one', { Name: 'No-Such-Document' });
  await call('DescribeDocument', 'one', { Name });
  await call('DescribeDocument', 'an unknown version', { Name, DocumentVersion: '9' });
  await call('UpdateDocument', 'the same content', {
    Name: 'Ours',
    Content: DOCUMENT('one'),
    DocumentVersion: '$LATEST',
  });
  await call('UpdateDocument', 'other content', {
    Name: 'Ours',
    Content: DOCUMENT('two'),
    DocumentVersion: '$LATEST',
  });
  await call('UpdateDocumentDefaultVersion', 'the second', { Name: 'Ours', DocumentVersion: '2' });
  await call('UpdateDocumentDefaultVersion', 'an unknown version', { Name: 'Ours', DocumentVersion: '9' });
  await call('ListDocumentVersions', 'of one', { Name: 'Ours' });
  await call('ListDocuments', 'our own', { Filters: [{ Key: 'Owner', Values: ['Self'] }] });

  const association = await call('CreateAssociation', 'with our document', {
    Name: 'Ours',
    AssociationName: 'keepers',
    Targets: [{ Key: 'tag:env', Values: ['dev'] }],
    Parameters: { commands: ['true'] },
    ScheduleExpression: 'rate(1 day)',
    MaxConcurrency: '10%',
    MaxErrors: '0',
  });
  await call('CreateAssociation', 'with an unknown document', {
    Name: 'No-Such-Document',
    Targets: [{ Key: 'tag:env', Values: ['dev'] }],
  });
  await call('CreateAssociation', 'an impossible schedule', {
    Name: 'Ours',
    Targets: [{ Key: 'tag:env', Values: ['dev'] }],
    Parameters: { commands: ['true'] },
    ScheduleExpression: 'rate(1 day',
  });
  const AssociationId: string = association.AssociationDescription?.AssociationId ?? COMMAND;
  await call('DescribeAssociation', 'one', { AssociationId });
  await call('DescribeAssociation', 'an unknown one', { AssociationId: COMMAND });
  await call('ListAssociations', 'all', {});
  await call('UpdateAssociation', 'another schedule', {
    AssociationId,
    Targets: [{ Key: 'tag:env', Values: ['dev'] }],
    Parameters: { commands: ['true'] },
    ScheduleExpression: 'rate(2 days)',
  });
  await call('StartAssociationsOnce', 'one', { AssociationIds: [AssociationId] });
  const executions = await call('DescribeAssociationExecutions', 'of one', { AssociationId });
  const ExecutionId: string = executions.AssociationExecutions?.[0]?.ExecutionId ?? COMMAND;
  await call('DescribeAssociationExecutionTargets', 'of one', { AssociationId, ExecutionId });
  await call('DescribeAssociationExecutionTargets', 'an unknown execution', {
    AssociationId,
    ExecutionId: COMMAND,
  });
  await call('DeleteDocument', 'one that an association has', { Name: 'Ours' });
  await call('DeleteAssociation', 'one', { AssociationId });
  await call('DeleteAssociation', 'an unknown one', { AssociationId: COMMAND });
  await call('DeleteDocument', 'an unknown version', { Name: 'Ours', DocumentVersion: '9' });
  await call('DeleteDocument', 'one', { Name: 'Ours' });

  const session = await call('StartSession', 'with a document', {
    Target: first,
    DocumentName: Name,
    Reason: 'to see',
  });
  await call('StartSession', 'an unknown target', { Target: 'i-0ffffffffffffffff' });
  const SessionId: string = session.SessionId ?? 'none';
  await call('ResumeSession', 'an unknown one', { SessionId: 'none' });
  await call('TerminateSession', 'one', { SessionId });
  await call('DescribeSessions', 'the ended ones', { State: 'History' });
  await call('DescribeSessions', 'a state that is none', { State: 'Sleeping' });
  await call('DeleteDocument', 'the session document', { Name });
  return exchanges;
}
