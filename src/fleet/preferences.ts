import {
  CreateDocumentCommand,
  DeleteDocumentCommand,
  DescribeDocumentCommand,
  GetDocumentCommand,
  type SSMClient,
  UpdateDocumentCommand,
  UpdateDocumentDefaultVersionCommand,
} from '@aws-sdk/client-ssm';
import { applyEdits, modify, parse } from 'jsonc-parser';
import { UserError } from '../errors.ts';
import { isObject } from '../json-object.ts';
import { PREFERENCES_DOCUMENT } from './account.ts';
import { failing } from './pages.ts';
import { isOutcomeUnknown } from './retries.ts';
import { explainServiceError } from './service-errors.ts';
import { sessionDocument } from './session-document.ts';

/** The fields that this tool changes; an absent field stays. Minutes are text, as in the document; empty for none. */
export interface PreferenceChanges {
  /** "1" to "60" [AWS user guide]. */
  readonly idleSessionTimeout?: string;
  /** "1" to "1440", or empty for no maximum [AWS user guide]. */
  readonly maxSessionDuration?: string;
  /** Typed into every session; empty for none. */
  readonly shellProfile?: string;
}

/** The session document in force in one account and Region. */
export interface Preferences {
  readonly content: string;
  readonly version: string;
  readonly latestVersion: string;
  /** Names the version that ours was made from; empty if somebody else made it. */
  readonly versionName: string;
}

/** The names of our versions hold the number of the version before, so undo works from any machine. */
const NAME = /^ssm-keepalive\.\d+\.from\.(\d+)$/;
const CREATED = 'ssm-keepalive.created';

/** The document in force; undefined if the account never saved one. @throws ServiceError */
export async function readPreferences(client: SSMClient): Promise<Preferences | undefined> {
  try {
    const found = await client.send(
      new GetDocumentCommand({ Name: PREFERENCES_DOCUMENT, DocumentFormat: 'JSON' }),
    );
    const { Document } = await client.send(new DescribeDocumentCommand({ Name: PREFERENCES_DOCUMENT }));
    return {
      content: found.Content ?? '',
      version: found.DocumentVersion ?? '1',
      latestVersion: Document?.LatestVersion ?? found.DocumentVersion ?? '1',
      versionName: found.VersionName ?? '',
    };
  } catch (error) {
    if ((error as Error).name === 'InvalidDocument') return undefined;
    throw explainServiceError(error, 'the session preferences could not be read');
  }
}

/**
 * Changes the named fields in the document's text and keeps every other byte, also unknown fields. Without `content`
 * it starts from the service's defaults, with no idle timeout of its own: a lab's default is another.
 * @throws UserError if the text is not a session document.
 */
export function mergePreferences(content: string | undefined, changes: PreferenceChanges): string {
  let text = content ?? NEW_DOCUMENT;
  if (!isObject(parse(text))) {
    throw new UserError({
      code: 'bad-document',
      what: `the document ${PREFERENCES_DOCUMENT} could not be changed`,
      why: 'its content is no JSON object',
      next: 'look at it with  ssm-keepalive preferences get --output json',
    });
  }
  for (const field of FIELDS) {
    const value = changes[field];
    if (value === undefined || readPath(text, PATHS[field]) === value) continue;
    // No formatting options: they would change the text around the field.
    text = applyEdits(text, modify(text, [...PATHS[field]], value, {}));
  }
  return text;
}

const NEW_DOCUMENT = sessionDocument('Document to hold regional settings for Session Manager', {
  idleSessionTimeout: undefined,
});

/** Where each field is in the document. */
const PATHS = {
  idleSessionTimeout: ['inputs', 'idleSessionTimeout'],
  maxSessionDuration: ['inputs', 'maxSessionDuration'],
  shellProfile: ['inputs', 'shellProfile', 'linux'],
} as const;
const FIELDS = Object.keys(PATHS) as (keyof PreferenceChanges)[];

function readPath(text: string, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) => (value as Record<string, unknown> | undefined)?.[name],
    parse(text),
  );
}

/** The document's fields; an empty text for a field that it does not set. */
export function describePreferences(content: string): Required<PreferenceChanges> {
  const fields = FIELDS.map((field) => [field, String(readPath(content, PATHS[field]) ?? '')]);
  return Object.fromEntries(fields) as Required<PreferenceChanges>;
}

/** Makes the text the default version, and returns its number. @throws UserError if somebody else changed it meanwhile; ServiceError */
export async function savePreferences(
  client: SSMClient,
  before: Preferences | undefined,
  content: string,
): Promise<string> {
  try {
    if (!before) {
      await client.send(
        new CreateDocumentCommand({
          Name: PREFERENCES_DOCUMENT,
          DocumentType: 'Session',
          DocumentFormat: 'JSON',
          Content: content,
          VersionName: CREATED,
        }),
      );
      return '1';
    }
    const version = await addVersion(client, before, content);
    await makeDefault(client, version);
    return version;
  } catch (error) {
    throw explainUnsaved(error);
  }
}

/** A call may have had its effect although its answer was lost. */
function explainUnsaved(error: unknown): UserError {
  const explained = explainServiceError(error, 'the session preferences were not changed');
  if (!isOutcomeUnknown(error)) return explained;
  const { code, why } = explained;
  const what = 'it is not known whether the session preferences were changed';
  return new UserError(
    { code, what, why, next: 'look with  ssm-keepalive preferences get' },
    { cause: error },
  );
}

async function addVersion(client: SSMClient, before: Preferences, content: string): Promise<string> {
  const next = Number(before.latestVersion) + 1;
  const answer = await client
    .send(
      new UpdateDocumentCommand({
        Name: PREFERENCES_DOCUMENT,
        DocumentFormat: 'JSON',
        // With a number, not $LATEST, the service refuses the call if somebody else saved a version meanwhile.
        DocumentVersion: before.latestVersion,
        VersionName: `ssm-keepalive.${next}.from.${before.version}`,
        Content: content,
      }),
    )
    .catch((error: Error) => {
      // The latest version has this text but is not the default, as after an undo.
      if (error.name === 'DuplicateDocumentContent') return undefined;
      throw error.name === 'InvalidDocumentVersion' ? changedMeanwhile(error) : error;
    });
  return answer?.DocumentDescription?.DocumentVersion ?? before.latestVersion;
}

function changedMeanwhile(cause?: Error): UserError {
  return new UserError(
    {
      code: 'changed-meanwhile',
      what: 'the session preferences were not changed',
      why: 'somebody else changed them at the same moment',
      next: 'look with  ssm-keepalive preferences get  and run it again',
    },
    { cause },
  );
}

async function makeDefault(client: SSMClient, version: string): Promise<void> {
  await client.send(
    new UpdateDocumentDefaultVersionCommand({ Name: PREFERENCES_DOCUMENT, DocumentVersion: version }),
  );
}

/** The version that undo restores; `none`: undo deletes the document; undefined: the version in force is not ours. */
export function findPrevious({ versionName }: Preferences): string | 'none' | undefined {
  return versionName === CREATED ? 'none' : NAME.exec(versionName)?.[1];
}

/** Text of one version. @throws ServiceError */
export async function readVersion(client: SSMClient, version: string): Promise<string> {
  const { Content } = await client
    .send(
      new GetDocumentCommand({
        Name: PREFERENCES_DOCUMENT,
        DocumentFormat: 'JSON',
        DocumentVersion: version,
      }),
    )
    .catch(failing(`version ${version} of the session preferences could not be read`));
  return Content ?? '';
}

/**
 * Makes an earlier version the default, or deletes a document that we created. Reads the document again first:
 * somebody may have changed it while the question was open, and their change must stay.
 * @throws UserError if somebody else changed the document meanwhile; ServiceError
 */
export async function undoPreferences(
  client: SSMClient,
  before: Preferences,
  previous: string | 'none',
): Promise<void> {
  const now = await readPreferences(client);
  if (now?.version !== before.version || now.latestVersion !== before.latestVersion) throw changedMeanwhile();
  try {
    if (previous === 'none') await client.send(new DeleteDocumentCommand({ Name: PREFERENCES_DOCUMENT }));
    else await makeDefault(client, previous);
  } catch (error) {
    throw explainUnsaved(error);
  }
}
