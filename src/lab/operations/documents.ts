/** Reads documents: one, its versions, all. */
import { createHash } from 'node:crypto';
import { type Account, answerPage, type Operation, pickMembers, toSeconds } from '../account.ts';
import { allDocuments, type FoundDocument, findDocument, isCreating, latestOf } from '../documents.ts';
import { ServiceError } from '../service-error.ts';

export const getDocument: Operation<'GetDocument'> = (account, input) => {
  const { document, version } = findDocument(account, input.Name, input.DocumentVersion, input.VersionName);
  return {
    Name: document.name,
    CreatedDate: toSeconds(version.createdAt),
    VersionName: version.versionName,
    DocumentVersion: String(version.version),
    Status: statusOf(account, version),
    Content: version.content,
    DocumentType: document.type,
    DocumentFormat: 'JSON',
  };
};

export const describeDocument: Operation<'DescribeDocument'> = (account, input) => {
  const found = findDocument(account, input.Name, input.DocumentVersion, input.VersionName);
  return { Document: describe(account, found) };
};

export const listDocumentVersions: Operation<'ListDocumentVersions'> = (account, input) => {
  const { document } = findDocument(account, input.Name);
  const newestFirst = [...document.versions].reverse();
  return answerPage(account, 'DocumentVersions', newestFirst, input, (version) => ({
    Name: document.name,
    DocumentVersion: String(version.version),
    VersionName: version.versionName,
    CreatedDate: toSeconds(version.createdAt),
    IsDefaultVersion: version.version === document.defaultVersion,
    DocumentFormat: 'JSON',
    Status: statusOf(account, version),
  }));
};

const LISTED = [
  ...['Name', 'Owner', 'CreatedDate', 'PlatformTypes', 'DocumentVersion'],
  ...['DocumentType', 'SchemaVersion', 'DocumentFormat', 'Tags'],
];

export const listDocuments: Operation<'ListDocuments'> = (account, input) => {
  const filters = [
    ...(input.Filters ?? []).map(({ Key, Values }) => ({ key: Key, values: Values })),
    ...(input.DocumentFilterList ?? []).map(({ key, value }) => ({ key, values: [value] })),
  ];
  const matching = allDocuments(account).filter((found) =>
    filters.every(({ key, values }) => values.some((value) => passes(found, key, value))),
  );
  return answerPage(account, 'DocumentIdentifiers', matching, input, (found) =>
    pickMembers(describe(account, found), LISTED),
  );
};

function passes({ document, owner }: FoundDocument, key: string, value: string): boolean {
  if (key === 'Name') return document.name.startsWith(value);
  if (key === 'DocumentType') return document.type === value;
  if (key === 'Owner') return value === 'All' || (owner === 'Amazon') === (value === 'Amazon');
  if (key === 'PlatformTypes') return ['Linux', 'MacOS'].includes(value);
  throw new ServiceError('InvalidFilterKey', `The filter key ${key} is not valid.`);
}

function statusOf(account: Account, version: FoundDocument['version']): string {
  if (!isCreating(account, version)) return 'Active';
  return version.version === 1 ? 'Creating' : 'Updating';
}

export function describe(
  account: Account,
  { document, owner, version }: FoundDocument,
): Record<string, unknown> {
  const content = JSON.parse(version.content) as Record<string, unknown>;
  return {
    Hash: createHash('sha256').update(version.content).digest('hex'),
    HashType: 'Sha256',
    Name: document.name,
    VersionName: version.versionName,
    Owner: owner === 'Self' ? account.id : owner,
    CreatedDate: toSeconds(version.createdAt),
    Status: statusOf(account, version),
    DocumentVersion: String(version.version),
    Description: content['description'],
    DefaultVersion: String(document.defaultVersion),
    LatestVersion: String(latestOf(document).version),
    SchemaVersion: content['schemaVersion'],
    DocumentType: document.type,
    DocumentFormat: 'JSON',
    PlatformTypes: ['Linux', 'MacOS'],
    Parameters: describeParameters(content['parameters']),
    Tags: [],
  };
}

function describeParameters(parameters: unknown): object[] {
  const all = Object.entries((parameters ?? {}) as Record<string, Record<string, unknown>>);
  return all
    .filter(([, { type }]) => type === 'String' || type === 'StringList')
    .map(([Name, { type, description, default: value }]) => ({
      Name,
      Type: type,
      Description: description,
      DefaultValue: value === undefined || typeof value === 'string' ? value : JSON.stringify(value),
    }));
}
