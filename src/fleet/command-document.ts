import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  CreateDocumentCommand,
  DescribeDocumentCommand,
  type DocumentDescription,
  GetDocumentCommand,
  type SSMClient,
  UpdateDocumentCommand,
  UpdateDocumentDefaultVersionCommand,
} from '@aws-sdk/client-ssm';
import { sleep } from '../clock.ts';
import { UserError } from '../errors.ts';
import { quoteCommand } from '../terminal/shell-word.ts';
import { wordTable } from '../word-table.ts';
import { clockOf } from './client.ts';
import { failing } from './pages.ts';
import { explainRefusal, explainServiceError } from './service-errors.ts';

/** One version of a document, pinned by its hash. It takes the place of AWS-RunShellScript. */
export interface PinnedDocument {
  readonly name: string;
  readonly version: string;
  /** The service calculated it when the version was made. */
  readonly hash: string;
  readonly hashType: string;
}

/** The change that the document needs before it can be sent, as data. */
export interface DocumentPlan {
  readonly name: string;
  readonly action: 'create' | 'update' | 'none';
  readonly content: string;
  /** Contains the script's name and hash, so the same bytes are found again and not stored twice. */
  readonly versionName: string;
  /** The existing version with these bytes. */
  readonly found: PinnedDocument | undefined;
  /** The default version; undefined if there is no document. */
  readonly defaultVersion: string | undefined;
  /** Whether this script becomes the default version. The installer does; other scripts only if they are the first. */
  readonly isDefault: boolean;
}

/** Plans the change; `content` is the document's text. @throws UserError if it belongs to somebody else; ServiceError */
export async function planDocument(
  client: SSMClient,
  name: string,
  verb: string,
  productVersion: string,
  content: string,
): Promise<DocumentPlan> {
  const sum = createHash('sha256').update(content).digest('hex');
  const plan = {
    name,
    content,
    versionName: `ssm-keepalive.${verb}.${productVersion}.${sum.slice(0, 16)}`,
    isDefault: verb === 'install',
  };
  const document = await describe(client, name);
  if (!document) return { ...plan, found: undefined, defaultVersion: undefined, action: 'create' };
  refuseForeign(name, document);
  const found = await findVersion(client, name, plan.versionName, content);
  return { ...plan, found, defaultVersion: document.DefaultVersion, action: found ? 'none' : 'update' };
}

/** Applies a plan. Earlier versions stay, because associations may pin them. @throws ServiceError */
export async function saveDocument(client: SSMClient, plan: DocumentPlan): Promise<PinnedDocument> {
  const { name, versionName, content } = plan;
  try {
    if (plan.action !== 'none') await addVersion(client, plan);
    const pinned = plan.found ?? (await awaitActive(client, name, versionName));
    const isDefault = (plan.defaultVersion ?? '1') === pinned.version;
    if (plan.isDefault && !isDefault)
      await client.send(
        new UpdateDocumentDefaultVersionCommand({ Name: name, DocumentVersion: pinned.version }),
      );
    // Somebody else may have stored other bytes under this version name.
    const checked = plan.found ?? (await findVersion(client, name, versionName, content));
    return checked ?? pinned;
  } catch (error) {
    throw explainRefusal(LIMITS, error, `the document ${name} was not saved`);
  }
}

async function addVersion(client: SSMClient, plan: DocumentPlan): Promise<void> {
  const { name: Name, versionName: VersionName, content: Content } = plan;
  const fields = { Name, VersionName, Content, DocumentFormat: 'JSON' } as const;
  const added =
    plan.action === 'create'
      ? client.send(new CreateDocumentCommand({ ...fields, DocumentType: 'Command' }))
      : client.send(new UpdateDocumentCommand({ ...fields, DocumentVersion: '$LATEST' }));
  await added.catch((error: Error) => {
    // The call was repeated after a lost answer, or another run of this tool made the version.
    if (!/^(DocumentAlreadyExists|DuplicateDocumentVersionName)$/.test(error.name)) throw error;
  });
}

async function describe(
  client: SSMClient,
  name: string,
  versionName?: string,
): Promise<DocumentDescription | undefined> {
  try {
    const request = { Name: name, ...(versionName ? { VersionName: versionName } : {}) };
    return (await client.send(new DescribeDocumentCommand(request))).Document;
  } catch (error) {
    if (/^InvalidDocument(Version)?$/.test((error as Error).name)) return undefined;
    throw explainServiceError(error, `the document ${name} could not be read`);
  }
}

/** The version with this name; undefined if there is none. @throws UserError if it holds other bytes */
async function findVersion(
  client: SSMClient,
  name: string,
  versionName: string,
  content: string,
): Promise<PinnedDocument | undefined> {
  const description = await describe(client, name, versionName);
  if (!description) return undefined;
  const { Content = '' } = await client
    .send(new GetDocumentCommand({ Name: name, VersionName: versionName, DocumentFormat: 'JSON' }))
    .catch(failing(`the document ${name} could not be read`));
  if (isSameDocument(Content, content)) return pin(name, description);
  throw new UserError({
    code: 'foreign-document',
    what: `version ${description.DocumentVersion} of the document ${name} cannot be used`,
    why: `it is named ${versionName} and holds something else`,
    next: quoteCommand`find out who made it; delete it with  aws ssm delete-document --name ${name} --version-name ${versionName}`,
  });
}

/** Compares as JSON: it is not documented that the service returns the same bytes. */
function isSameDocument(one: string, other: string): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(one), JSON.parse(other));
  } catch {
    return false;
  }
}

function pin(name: string, { DocumentVersion, Hash, HashType }: DocumentDescription): PinnedDocument {
  return { name, version: DocumentVersion ?? '1', hash: Hash ?? '', hashType: HashType ?? 'Sha256' };
}

/** Waits until a new version is Active; before that it cannot be sent. */
async function awaitActive(client: SSMClient, name: string, versionName: string): Promise<PinnedDocument> {
  for (let tries = 0; tries < 60; tries += 1) {
    const description = await describe(client, name, versionName);
    if (description?.Status === 'Active') return pin(name, description);
    if (description?.Status === 'Failed') {
      throw new UserError({
        code: 'document-failed',
        what: `the document ${name} was not made`,
        why: description.StatusInformation ?? 'the service says Failed and no reason',
        next: quoteCommand`look with  aws ssm describe-document --name ${name}`,
      });
    }
    await sleep(clockOf(client), Math.min(2000, 200 * 1.3 ** tries));
  }
  throw new UserError({
    code: 'document-failed',
    what: `the document ${name} is not active yet`,
    why: 'the service has been making it for longer than a minute',
    next: 'run the command again',
  });
}

function refuseForeign(name: string, { DocumentType, Description = '' }: DocumentDescription): void {
  if (DocumentType === 'Command' && /^ssm-keepalive \S+ (install|uninstall|status)\b/.test(Description))
    return;
  throw new UserError({
    code: 'foreign-document',
    what: `the document ${name} is not ours`,
    why:
      DocumentType === 'Command'
        ? 'somebody else made it, and an update would put our script where theirs is'
        : `it is a ${DocumentType} document`,
    next: quoteCommand`give another name with --document, or delete it first with  aws ssm delete-document --name ${name}`,
  });
}

const LIMITS = wordTable<readonly [why: string, next: string]>({
  DocumentLimitExceeded: [
    'the account has as many documents as it may (500 unless raised)',
    'delete some, or name one of ours that is there',
  ],
  DocumentVersionLimitExceeded: [
    'it has as many versions as it may (1000)',
    'delete old ones with  aws ssm delete-document --document-version N, or give another name',
  ],
  MaxDocumentSizeExceeded: ['it would be more than 64 KB', 'choose fewer entries or keepers'],
});
