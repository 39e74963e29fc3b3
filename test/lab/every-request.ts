/** One request of every operation, as bytes, to be sent while a lab goes away. */
import { type Agent, type ClientRequest, request } from 'node:http';
import type { OperationName } from '../../src/lab/shapes.ts';
import { type Place, signByHand } from './raw-call.ts';

const NONE = '00000000-0000-0000-0000-000000000000';
const shell = { DocumentName: 'AWS-RunShellScript', Parameters: { commands: ['true'] } };
const dev = [{ Key: 'tag:env', Values: ['dev'] }];
const Content = JSON.stringify({ schemaVersion: '1.0', sessionType: 'Standard_Stream', inputs: {} });

/** `ids` are instances that the lab has; it has the document `Ours` too. */
export function everyRequest(ids: readonly string[]): readonly [OperationName, Record<string, unknown>][] {
  const [InstanceId = ''] = ids;
  const bodies: Readonly<Record<OperationName, readonly Record<string, unknown>[]>> = {
    SendCommand: [
      { ...shell, InstanceIds: ids },
      { ...shell, Targets: dev },
      { ...shell, Targets: dev, AlarmConfiguration: { Alarms: [{ Name: 'calm' }] } },
    ],
    CancelCommand: [{ CommandId: NONE }],
    GetCommandInvocation: [{ CommandId: NONE, InstanceId }],
    ListCommands: [{}],
    ListCommandInvocations: [{ Details: true }],
    DescribeInstanceInformation: [{}],
    StartSession: [{ Target: InstanceId }],
    ResumeSession: [{ SessionId: 'none' }],
    TerminateSession: [{ SessionId: 'none' }],
    DescribeSessions: [{ State: 'Active' }],
    CreateDocument: [{ Name: 'Theirs', DocumentType: 'Session', Content }],
    UpdateDocument: [{ Name: 'Ours', Content: `${Content} `, DocumentVersion: '$LATEST' }],
    UpdateDocumentDefaultVersion: [{ Name: 'Ours', DocumentVersion: '1' }],
    DeleteDocument: [{ Name: 'Ours' }],
    DescribeDocument: [{ Name: 'Ours' }],
    GetDocument: [{ Name: 'Ours' }],
    ListDocuments: [{}],
    ListDocumentVersions: [{ Name: 'Ours' }],
    CreateAssociation: [
      {
        Name: 'AWS-RunShellScript',
        Targets: dev,
        Parameters: shell.Parameters,
        ScheduleExpression: 'rate(30 minutes)',
      },
      { Name: 'AWS-RunShellScript', Targets: [{ Key: 'InstanceIds', Values: ['*'] }] },
    ],
    UpdateAssociation: [{ AssociationId: NONE }],
    DeleteAssociation: [{ AssociationId: NONE }],
    DescribeAssociation: [{ AssociationId: NONE }],
    ListAssociations: [{}],
    DescribeAssociationExecutions: [{ AssociationId: NONE }],
    DescribeAssociationExecutionTargets: [{ AssociationId: NONE, ExecutionId: NONE }],
    StartAssociationsOnce: [{ AssociationIds: [NONE] }],
    GetResources: [{}],
  };
  return Object.entries(bodies).flatMap(([operation, all]) =>
    all.map((body): [OperationName, Record<string, unknown>] => [operation as OperationName, body]),
  );
}

export interface Flight {
  readonly request: ClientRequest;
  /** What is left of the body; the lab waits for it. */
  finish(): void;
  /** Settles once it is answered or its connection is gone. */
  readonly over: Promise<string>;
}

/** Sends the first half of a request. */
export function takeOff(
  place: Place,
  operation: OperationName,
  body: Record<string, unknown>,
  { agent, region }: { readonly agent?: Agent; readonly region?: string } = {},
): Flight {
  const text = JSON.stringify(body);
  const isTagging = operation === 'GetResources';
  const headers = signByHand(place, {
    service: isTagging ? 'tagging' : 'ssm',
    target: `${isTagging ? 'ResourceGroupsTaggingAPI_20170126' : 'AmazonSSM'}.${operation}`,
    body: text,
    ...(region === undefined ? {} : { region }),
  });
  const sent = request(place.endpoint, {
    method: 'POST',
    agent: agent ?? false,
    headers: { ...headers, 'content-length': Buffer.byteLength(text) },
  });
  const over = new Promise<string>((resolve) => {
    sent.on('error', (error) => resolve(error.message));
    sent.on('close', () => resolve('closed'));
    sent.on('response', (response) => {
      response.on('error', () => {});
      response.resume().on('end', () => resolve(String(response.statusCode)));
    });
  });
  sent.write(text.slice(0, text.length / 2));
  return { request: sent, over, finish: () => void sent.end(text.slice(text.length / 2)) };
}
