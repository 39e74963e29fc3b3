/** Changes the account's own documents; the service's are read-only. */
import type { Account, Operation } from '../account.ts';
import { checkContent, type FoundDocument, findDocument, hasDocument, latestOf } from '../documents.ts';
import type { DocumentRecord } from '../records.ts';
import { ServiceError } from '../service-error.ts';
import type { Input } from '../shapes.ts';
import { describe } from './documents.ts';

/** The service's quotas for one account and one document. */
const MOST_DOCUMENTS = 500;
const MOST_VERSIONS = 1000;
/** The service keeps these name prefixes for itself [model, CreateDocument]. */
const RESERVED = /^(aws|amazon|amzn)/i;

export const createDocument: Operation<'CreateDocument'> = (account, input) => {
  const { documents } = account.store.records;
  const type = input.DocumentType ?? 'Command';
  if (type !== 'Command' && type !== 'Session')
    throw new ServiceError('InvalidDocumentContent', `This lab keeps no ${type} documents.`);
  // The prefixes are documented, the error's name is not.
  if (RESERVED.test(input.Name))
    throw new ServiceError('ValidationException', `Document name ${input.Name} is reserved.`);
  if (hasDocument(account, input.Name))
    throw new ServiceError('DocumentAlreadyExists', `Document with name ${input.Name} already exists.`);
  if (documents.length >= MOST_DOCUMENTS) throw new ServiceError('DocumentLimitExceeded');
  checkContent(type, input.DocumentFormat ?? 'JSON', input.Content);
  documents.unshift({
    name: input.Name,
    type,
    defaultVersion: 1,
    versions: [
      { version: 1, content: input.Content, createdAt: account.clock.now(), versionName: input.VersionName },
    ],
  });
  account.store.touch();
  return { DocumentDescription: describe(account, findDocument(account, input.Name)) };
};

/** The default stays where it is until UpdateDocumentDefaultVersion. */
export const updateDocument: Operation<'UpdateDocument'> = (account, input) => {
  const document = findOwn(account, input.Name);
  const latest = latestOf(document);
  // Only the latest can be updated [service's guide for UpdateDocument].
  const based = findDocument(account, input.Name, input.DocumentVersion ?? '$LATEST').version;
  if (based !== latest)
    throw new ServiceError('InvalidDocumentVersion', 'Only the latest version can be updated.');
  checkContent(document.type, input.DocumentFormat ?? 'JSON', input.Content);
  if (latest.content === input.Content)
    throw new ServiceError(
      'DuplicateDocumentContent',
      'The content of the document matches the latest version. Change the content and try again.',
    );
  if (document.versions.some((one) => one.versionName !== undefined && one.versionName === input.VersionName))
    throw new ServiceError('DuplicateDocumentVersionName');
  if (document.versions.length >= MOST_VERSIONS) throw new ServiceError('DocumentVersionLimitExceeded');
  const version = latest.version + 1;
  document.versions.push({
    version,
    content: input.Content,
    createdAt: account.clock.now(),
    versionName: input.VersionName,
  });
  account.store.touch();
  return { DocumentDescription: describe(account, findDocument(account, input.Name, String(version))) };
};

export const updateDocumentDefaultVersion: Operation<'UpdateDocumentDefaultVersion'> = (account, input) => {
  const document = findOwn(account, input.Name);
  const { version } = findDocument(account, input.Name, input.DocumentVersion);
  document.defaultVersion = version.version;
  account.store.touch();
  return {
    Description: {
      Name: document.name,
      DefaultVersion: String(version.version),
      DefaultVersionName: version.versionName,
    },
  };
};

export const deleteDocument: Operation<'DeleteDocument'> = (account, input) => {
  const document = findOwn(account, input.Name);
  const { records } = account.store;
  if (input.DocumentVersion !== undefined || input.VersionName !== undefined) {
    const { version } = findVersion(account, input);
    if (version.version === document.defaultVersion)
      throw new ServiceError('InvalidDocumentOperation', 'The default version cannot be deleted.');
    document.versions.splice(document.versions.indexOf(version), 1);
  } else if (records.associations.some(({ documentName }) => documentName === input.Name))
    throw new ServiceError('AssociatedInstances', 'You must disassociate a document before you delete it.');
  else records.documents.splice(records.documents.indexOf(document), 1);
  account.store.touch();
  return {};
};

/** The model has no InvalidDocumentVersion for DeleteDocument: the answer for an unknown version is inferred. */
function findVersion(account: Account, input: Input<'DeleteDocument'>): FoundDocument {
  try {
    return findDocument(account, input.Name, input.DocumentVersion, input.VersionName);
  } catch (error) {
    throw new ServiceError('InvalidDocument', (error as Error).message);
  }
}

/** @throws ServiceError InvalidDocument if there is none, InvalidDocumentOperation if it is the service's */
function findOwn(account: Account, name: string): DocumentRecord {
  const { document, owner } = findDocument(account, name);
  if (owner === 'Amazon')
    throw new ServiceError('InvalidDocumentOperation', `Document ${name} belongs to the service.`);
  return document;
}
