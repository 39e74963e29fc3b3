/** The credentials of a client: their source, their end, and whether the service accepts them. */
import { GetDocumentCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { UserError } from '../errors.ts';
import { PREFERENCES_DOCUMENT } from './account.ts';
import { readKeys } from './client.ts';
import { explainServiceError } from './service-errors.ts';

export interface CredentialFacts {
  readonly region: string;
  readonly accessKeyId: string;
  /** In words, e.g. `environment variables`. */
  readonly source: string;
  /** They have a session token, so they expire. */
  readonly isTemporary: boolean;
  /** Undefined: they do not expire, or the time is not known. */
  readonly expiresAt: Date | undefined;
  /** Their source renews them for a running program. */
  readonly isRenewed: boolean;
  /** The official plugin is known to fail to renew credentials of this source; SSO ones in older versions. */
  readonly isHardForPlugin: boolean;
  readonly isSso: boolean;
  /** They are for one command, which opens no session. */
  readonly isFlagRole: boolean;
}

interface Source {
  readonly words: string;
  readonly isRenewed: boolean;
  readonly isHardForPlugin?: boolean;
}

const SSO = { words: 'IAM Identity Center (SSO)', isRenewed: true, isHardForPlugin: true };
const WEB = { words: 'a web identity token', isRenewed: true, isHardForPlugin: true };
const ROLE = { words: 'a role that the profile assumes', isRenewed: true };
const FLAG_ROLE = { words: 'the role of --role', isRenewed: true };

/** By the marks that the SDK puts on credentials; the first match counts [@smithy/types, AwsSdkCredentialsFeatures]. */
const SOURCES: readonly (readonly [mark: string, source: Source])[] = [
  ['CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN', WEB],
  ['CREDENTIALS_PROFILE_STS_WEB_ID_TOKEN', WEB],
  ['CREDENTIALS_STS_ASSUME_ROLE_WEB_ID', WEB],
  ['CREDENTIALS_PROFILE_SOURCE_PROFILE', ROLE],
  ['CREDENTIALS_PROFILE_NAMED_PROVIDER', ROLE],
  ['CREDENTIALS_STS_ASSUME_ROLE', FLAG_ROLE],
  ['CREDENTIALS_PROFILE_SSO', SSO],
  ['CREDENTIALS_PROFILE_SSO_LEGACY', SSO],
  ['CREDENTIALS_SSO', SSO],
  ['CREDENTIALS_SSO_LEGACY', SSO],
  ['CREDENTIALS_PROFILE_PROCESS', { words: 'credential_process of the profile', isRenewed: true }],
  ['CREDENTIALS_PROCESS', { words: 'a credential process', isRenewed: true }],
  ['CREDENTIALS_HTTP', { words: 'the container’s role', isRenewed: true }],
  ['CREDENTIALS_IMDS', { words: 'this machine’s instance role', isRenewed: true }],
  ['CREDENTIALS_PROFILE', { words: 'a profile of the AWS configuration files', isRenewed: false }],
  ['CREDENTIALS_ENV_VARS', { words: 'environment variables', isRenewed: false }],
  ['CREDENTIALS_CODE', { words: 'the lab', isRenewed: false }],
];

/** @throws ServiceError if the Region or the credentials are missing */
export async function readCredentials(client: SSMClient): Promise<CredentialFacts> {
  try {
    const region = await client.config.region();
    const found = await readKeys(client);
    const marks = Object.keys((found as { $source?: object }).$source ?? {});
    const source = SOURCES.find(([mark]) => marks.includes(mark))?.[1];
    return {
      region,
      accessKeyId: found.accessKeyId,
      source: source?.words ?? 'the credential chain',
      isTemporary: Boolean(found.sessionToken),
      expiresAt: found.expiration,
      isRenewed: source?.isRenewed ?? false,
      isHardForPlugin: source?.isHardForPlugin ?? false,
      isSso: source === SSO,
      isFlagRole: source === FLAG_ROLE,
    };
  } catch (error) {
    throw explainServiceError(error, 'no call to the service can be made');
  }
}

/** Why the service does not accept the credentials; undefined if it does, also if it refuses this one call. */
export async function findRefusal(client: SSMClient): Promise<UserError | undefined> {
  try {
    // Not a list: an empty answer of somebody else would pass for an empty list.
    await client.send(new GetDocumentCommand({ Name: PREFERENCES_DOCUMENT }));
    return undefined;
  } catch (error) {
    if (/^(AccessDenied|InvalidDocument)/.test((error as Error).name)) return undefined;
    return explainServiceError(error, 'the service does not answer these credentials');
  }
}
