/** The resources that each operation is checked against [Service Authorization Reference, ssm: resource types]. */
import type { Account } from '../account.ts';
import { findDocument, hasDocument, PREFERENCES } from '../documents.ts';
import type { HostSpec } from '../options.ts';
import { ACCOUNT } from '../options.ts';
import { type Input, type OperationName, parseInput } from '../shapes.ts';
import type { Touched } from './access-control.ts';

type Find<Name extends OperationName> = (input: Input<Name>, account: Account, place: Place) => Touched[];

interface Place {
  readonly region: string;
  readonly partition: string;
}

/** An operation without resources touches the whole service. @throws ServiceError */
export function findTouched(
  account: Account,
  operation: OperationName,
  body: unknown,
  region: string,
): Touched[] {
  const place = { region, partition: partitionOf(region) };
  const find = FINDERS[operation] as Find<OperationName> | undefined;
  if (find === undefined) return [{ arn: ssmArn('*', place) }];
  return find(parseInput(operation, body), account, place);
}

/** EC2 instances have ARNs of EC2, other managed nodes of Systems Manager. */
export function touchInstance(id: string, spec: Pick<HostSpec, 'tags'> | undefined, region: string): Touched {
  const place = { region, partition: partitionOf(region) };
  const arn = id.startsWith('mi-')
    ? ssmArn(`managed-instance/${id}`, place)
    : `arn:${place.partition}:ec2:${region}:${ACCOUNT}:instance/${id}`;
  return { arn, tags: spec?.tags ?? {} };
}

/** The service tags a session with its starter and its target. */
function touchSession(id: string, account: Account, region: string): Touched {
  const { record, byName, byCaller } = lookUpSession(id, account, region);
  const tags = record && {
    'aws:ssmmessages:session-id': record.ownerId ?? '',
    'aws:ssmmessages:target-id': record.target,
  };
  return { arn: byName, aliases: [byCaller], tags: tags ?? {} };
}

/** OpenDataChannel is checked only against the form in the user guide's samples [“Sample IAM policies”]. */
export function touchDataChannel(id: string, account: Account, region: string): Touched {
  return { arn: lookUpSession(id, account, region).byCaller };
}

/** A session id begins with its starter's name. The guide's newer samples have the starter's id there. */
function lookUpSession(id: string, account: Account, region: string) {
  const record = account.store.records.sessions.find(({ sessionId }) => sessionId === id);
  const place = { region, partition: partitionOf(region) };
  const ending = id.slice(id.lastIndexOf('-'));
  return {
    record,
    byName: ssmArn(`session/${id}`, place),
    byCaller: ssmArn(`session/${record?.ownerId ?? ''}${ending}`, place),
  };
}

const FINDERS: { readonly [Name in OperationName]?: Find<Name> } = {
  SendCommand: ({ DocumentName, InstanceIds = [] }, account, place) => [
    touchDocument(DocumentName, account, place),
    // Tags are resolved later; a forbidden instance then ends as AccessDenied.
    ...InstanceIds.map((id) => touchInstance(id, specOf(id, account), place.region)),
  ],
  StartSession: ({ Target, DocumentName }, account, place) => [
    touchInstance(Target, specOf(Target, account), place.region),
    // The default document is checked too, though no request names it [user guide from late 2025, “Sample IAM policies”].
    touchDocument(DocumentName ?? PREFERENCES, account, place),
  ],
  ResumeSession: ({ SessionId }, account, { region }) => [touchSession(SessionId, account, region)],
  TerminateSession: ({ SessionId }, account, { region }) => [touchSession(SessionId, account, region)],
  GetDocument: touchNamed,
  DescribeDocument: touchNamed,
  ListDocumentVersions: touchNamed,
  CreateDocument: touchNamed,
  UpdateDocument: touchNamed,
  UpdateDocumentDefaultVersion: touchNamed,
  DeleteDocument: touchNamed,
  // A new association has no id yet. Instances are not checked: the service itself runs it there.
  CreateAssociation: ({ Name }, account, place) => [
    { arn: ssmArn('association/*', place) },
    touchDocument(Name, account, place),
  ],
  // The reference calls the document optional; that only the association is checked is inferred.
  UpdateAssociation: touchAssociation,
  DescribeAssociation: touchAssociation,
  DeleteAssociation: touchAssociation,
  DescribeAssociationExecutions: touchAssociation,
  DescribeAssociationExecutionTargets: touchAssociation,
  StartAssociationsOnce: ({ AssociationIds }, account, place) =>
    AssociationIds.flatMap((AssociationId) => touchAssociation({ AssociationId }, account, place)),
};

function touchAssociation({ AssociationId }: { AssociationId: string }, _: Account, place: Place): Touched[] {
  return [{ arn: ssmArn(`association/${AssociationId}`, place) }];
}

function touchNamed({ Name }: { Name: string }, account: Account, place: Place): Touched[] {
  return [touchDocument(Name, account, place)];
}

/** The service's own documents belong to no account. */
function touchDocument(name: string, account: Account, place: Place): Touched {
  if (name.startsWith('arn:')) return { arn: name };
  const isAmazon = hasDocument(account, name) && findDocument(account, name).owner === 'Amazon';
  return { arn: ssmArn(`document/${name}`, place, isAmazon ? '' : ACCOUNT) };
}

function specOf(id: string, account: Account): HostSpec | undefined {
  return account.hosts.find(({ spec }) => spec.id === id)?.spec;
}

function ssmArn(resource: string, { region, partition }: Place, owner = ACCOUNT): string {
  return `arn:${partition}:ssm:${region}:${owner}:${resource}`;
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
