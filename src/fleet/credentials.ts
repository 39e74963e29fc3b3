/** The credentials that a client of the service resolved: where they come from, how long they last, and whether the service takes them. */
import { DescribeInstanceInformationCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { UserError } from '../errors.ts';
import { explainServiceError } from './service-errors.ts';

export interface CredentialFacts {
  readonly region: string;
  readonly accessKeyId: string;
  /** In words, e.g. `environment variables`. */
  readonly source: string;
  /** They come with a session token, and end. */
  readonly isTemporary: boolean;
  /** Undefined: they do not end, or do not say when. */
  readonly expiresAt: Date | undefined;
  /** Their source gives new ones to a program that runs on. */
  readonly isRenewed: boolean;
  /** How they are renewed has been seen to fail in the official plugin. */
  readonly isHardForPlugin: boolean;
}

interface Source {
  readonly words: string;
  readonly isRenewed: boolean;
  readonly isHardForPlugin?: boolean;
}

const SSO = { words: 'IAM Identity Center (SSO)', isRenewed: true, isHardForPlugin: true };
const WEB = { words: 'a web identity token', isRenewed: true, isHardForPlugin: true };
const ROLE = { words: 'a role that the profile assumes', isRenewed: true };

/** By the marks that the SDK puts on what it resolved; the first that is there says most [@smithy/types, AwsSdkCredentialsFeatures]. */
const SOURCES: readonly (readonly [mark: string, source: Source])[] = [
  ['CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN', WEB],
  ['CREDENTIALS_PROFILE_STS_WEB_ID_TOKEN', WEB],
  ['CREDENTIALS_STS_ASSUME_ROLE_WEB_ID', WEB],
  ['CREDENTIALS_STS_ASSUME_ROLE', ROLE],
  ['CREDENTIALS_PROFILE_SOURCE_PROFILE', ROLE],
  ['CREDENTIALS_PROFILE_NAMED_PROVIDER', ROLE],
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

/** @throws ServiceError where there is no Region or are no credentials */
export async function readCredentials(client: SSMClient): Promise<CredentialFacts> {
  try {
    const region = await client.config.region();
    const found = await client.config.credentials();
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
    };
  } catch (error) {
    throw explainServiceError(error, 'no call to the service can be made');
  }
}

/** What keeps the service from knowing the caller at all; undefined when it does, also where it forbids this call. */
export async function findRefusal(client: SSMClient): Promise<UserError | undefined> {
  try {
    await client.send(new DescribeInstanceInformationCommand({ MaxResults: 5 }));
    return undefined;
  } catch (error) {
    if (/^AccessDenied/.test((error as Error).name)) return undefined;
    return explainServiceError(error, 'the service does not answer these credentials');
  }
}
