/** The resources that each operation is checked against [Service Authorization Reference, ssm: resource types]. */

import { findDocument, hasDocument, PREFERENCES } from '../../../src/lab/documents.ts';
import type { Belongings } from '../../../src/lab/guard.ts';
import { instanceArn } from '../../../src/lab/operations/tagged-resources.ts';
import { ACCOUNT, type HostSpec } from '../../../src/lab/options.ts';
import type { Input, OperationName } from '../../../src/lab/shapes.ts';
import { partitionOf } from '../../../src/partitions.ts';

export interface Touched {
  readonly arn: string;
  /** Other ARNs of the same resource; a policy may use any. */
  readonly aliases?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
}

type Find<Name extends OperationName> = (
  input: Input<Name>,
  account: Belongings,
  region: string,
) => Touched[];

/** An operation without resources touches the whole service. @throws ServiceError */
export function findTouched(
  account: Belongings,
  operation: OperationName,
  input: Input<OperationName>,
  region: string,
): Touched[] {
  const find = FINDERS[operation] as Find<OperationName> | undefined;
  return find?.(input, account, region) ?? [{ arn: ssmArn('*', region) }];
}

export function touchInstance(id: string, spec: Pick<HostSpec, 'tags'> | undefined, region: string): Touched {
  return { arn: instanceArn(id, region), tags: spec?.tags ?? {} };
}

/** A session id begins with its starter's name. The service tags a session with its starter and its target. */
function touchSession({ SessionId }: { SessionId: string }, account: Belongings, region: string): Touched[] {
  const record = findSession(SessionId, account);
  const tags = record && {
    'aws:ssmmessages:session-id': record.ownerId ?? '',
    'aws:ssmmessages:target-id': record.target,
  };
  const aliases = [touchDataChannel(SessionId, account, region).arn];
  return [{ arn: ssmArn(`session/${SessionId}`, region), aliases, tags: tags ?? {} }];
}

/**
 * OpenDataChannel is checked only against the form in the user guide's newer samples, which have the starter's id where a session id
 * has the name [“Sample IAM policies”].
 */
export function touchDataChannel(id: string, account: Belongings, region: string): Touched {
  const ownerId = findSession(id, account)?.ownerId ?? '';
  return { arn: ssmArn(`session/${ownerId}${id.slice(id.lastIndexOf('-'))}`, region) };
}

const findSession = (id: string, account: Belongings) =>
  account.store.records.sessions.find(({ sessionId }) => sessionId === id);

const FINDERS: { readonly [Name in OperationName]?: Find<Name> } = {
  SendCommand: ({ DocumentName, InstanceIds = [] }, account, region) => [
    touchDocument(DocumentName, account, region),
    // Tags are resolved later; a forbidden instance then ends as AccessDenied.
    ...InstanceIds.map((id) => touchInstance(id, specOf(id, account), region)),
  ],
  StartSession: ({ Target, DocumentName }, account, region) => [
    touchInstance(Target, specOf(Target, account), region),
    // The default document is checked too, though no request names it [user guide from late 2025, “Sample IAM policies”].
    touchDocument(DocumentName ?? PREFERENCES, account, region),
  ],
  ResumeSession: touchSession,
  TerminateSession: touchSession,
  GetDocument: touchNamed,
  DescribeDocument: touchNamed,
  ListDocumentVersions: touchNamed,
  CreateDocument: touchNamed,
  UpdateDocument: touchNamed,
  UpdateDocumentDefaultVersion: touchNamed,
  DeleteDocument: touchNamed,
  // A new association has no id yet. Instances are not checked: the service itself runs it there.
  CreateAssociation: ({ Name }, account, region) => [
    { arn: ssmArn('association/*', region) },
    touchDocument(Name, account, region),
  ],
  // The reference calls the document optional; that only the association is checked is inferred.
  UpdateAssociation: touchAssociation,
  DescribeAssociation: touchAssociation,
  DeleteAssociation: touchAssociation,
  DescribeAssociationExecutions: touchAssociation,
  DescribeAssociationExecutionTargets: touchAssociation,
  StartAssociationsOnce: ({ AssociationIds }, account, region) =>
    AssociationIds.flatMap((AssociationId) => touchAssociation({ AssociationId }, account, region)),
};

function touchAssociation(
  { AssociationId }: { AssociationId: string },
  _: Belongings,
  region: string,
): Touched[] {
  return [{ arn: ssmArn(`association/${AssociationId}`, region) }];
}

function touchNamed({ Name }: { Name: string }, account: Belongings, region: string): Touched[] {
  return [touchDocument(Name, account, region)];
}

/** The service's own documents belong to no account. */
function touchDocument(name: string, account: Belongings, region: string): Touched {
  if (name.startsWith('arn:')) return { arn: name };
  const isAmazon = hasDocument(account, name) && findDocument(account, name).owner === 'Amazon';
  return { arn: ssmArn(`document/${name}`, region, isAmazon ? '' : ACCOUNT) };
}

function specOf(id: string, account: Belongings): HostSpec | undefined {
  return account.hosts.find(({ spec }) => spec.id === id)?.spec;
}

function ssmArn(resource: string, region: string, owner = ACCOUNT): string {
  return `arn:${partitionOf(region)}:ssm:${region}:${owner}:${resource}`;
}
