import { GetDocumentCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { PREFERENCES_DOCUMENT, type SessionDefaults } from './account.ts';
import { sessionDefaultsOf } from './client.ts';
import { explainServiceError } from './service-errors.ts';

export interface SessionLimits {
  /** False: it was never saved, so the service's defaults apply. */
  readonly exists: boolean;
  /** The idle timeout in force for sessions of this document. */
  readonly idleSeconds: number;
  /** The document's own, 1 to 60; undefined: not set, or not valid. */
  readonly idleMinutes: number | undefined;
  /** The text of a value that is not valid; otherwise empty. */
  readonly idleText: string;
  /** In force; undefined: no maximum. */
  readonly maximumSeconds: number | undefined;
  readonly maximumMinutes: number | undefined;
  readonly shellProfile: string;
  readonly hasKmsKey: boolean;
  readonly isStreamed: boolean;
  readonly isRunAs: boolean;
}

/** The session documents that sessions named, without the account's default one and the service's own, which set no timeout. */
export function listOwnDocuments(names: readonly string[]): string[] {
  return [...new Set(names)].filter(
    (name) => name !== '' && name !== PREFERENCES_DOCUMENT && !name.startsWith('AWS-'),
  );
}

/** @throws ServiceError if the document cannot be read or is not a session document */
export async function readSessionLimits(
  client: SSMClient,
  name: string = PREFERENCES_DOCUMENT,
  what = `the document ${name} could not be read`,
): Promise<SessionLimits> {
  try {
    const { Content = '' } = await client.send(
      new GetDocumentCommand({ Name: name, DocumentFormat: 'JSON' }),
    );
    const { inputs = {} } = JSON.parse(Content) as { inputs?: Record<string, unknown> };
    return describeLimits(inputs, true, sessionDefaultsOf(client));
  } catch (error) {
    if ((error as Error).name === 'InvalidDocument')
      return describeLimits({}, false, sessionDefaultsOf(client));
    throw explainServiceError(error, what);
  }
}

function describeLimits(
  inputs: Readonly<Record<string, unknown>>,
  exists: boolean,
  { idleSeconds, maxSeconds, minuteSeconds }: SessionDefaults,
): SessionLimits {
  const { shellProfile, idleSessionTimeout, maxSessionDuration } = inputs;
  const idleMinutes = readMinutes(idleSessionTimeout, 60);
  const maximumMinutes = readMinutes(maxSessionDuration, 1440);
  return {
    exists,
    idleSeconds: idleMinutes === undefined ? idleSeconds : idleMinutes * minuteSeconds,
    idleMinutes,
    idleText: idleMinutes === undefined ? String(idleSessionTimeout ?? '') : '',
    maximumSeconds: maximumMinutes === undefined ? maxSeconds : maximumMinutes * minuteSeconds,
    maximumMinutes,
    shellProfile: String((shellProfile as { linux?: unknown } | undefined)?.linux ?? ''),
    hasKmsKey: Boolean(inputs['kmsKeyId']),
    isStreamed: Boolean(inputs['cloudWatchLogGroupName']) && inputs['cloudWatchStreamingEnabled'] === true,
    isRunAs: inputs['runAsEnabled'] === true,
  };
}

function readMinutes(value: unknown, most: number): number | undefined {
  const minutes = Number(value || Number.NaN);
  return Number.isInteger(minutes) && minutes >= 1 && minutes <= most ? minutes : undefined;
}
