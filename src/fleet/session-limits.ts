/** What a session document says about the sessions that use it. */
import { GetDocumentCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { PREFERENCES_DOCUMENT } from './account.ts';
import { explainServiceError } from './service-errors.ts';

export interface SessionLimits {
  /** False: nobody ever saved it, and the service's defaults apply. */
  readonly exists: boolean;
  /** Undefined: it names none, or nothing that the service takes (1 to 60). */
  readonly idleMinutes: number | undefined;
  /** As written, where that is nothing the service takes. */
  readonly idleText: string;
  /** Undefined: no maximum. */
  readonly maximumMinutes: number | undefined;
  readonly shellProfile: string;
  readonly hasKmsKey: boolean;
  readonly isStreamed: boolean;
  readonly isRunAs: boolean;
}

/** @throws ServiceError when it may not be read, or is no session document */
export async function readSessionLimits(
  client: SSMClient,
  name: string = PREFERENCES_DOCUMENT,
): Promise<SessionLimits> {
  try {
    const { Content = '' } = await client.send(
      new GetDocumentCommand({ Name: name, DocumentFormat: 'JSON' }),
    );
    return describeLimits((JSON.parse(Content) as { inputs?: Record<string, unknown> }).inputs ?? {}, true);
  } catch (error) {
    if ((error as Error).name === 'InvalidDocument') return describeLimits({}, false);
    throw explainServiceError(error, `the document ${name} could not be read`);
  }
}

function describeLimits(inputs: Readonly<Record<string, unknown>>, exists: boolean): SessionLimits {
  const { shellProfile, idleSessionTimeout, maxSessionDuration } = inputs;
  const idleMinutes = readMinutes(idleSessionTimeout, 60);
  return {
    exists,
    idleMinutes,
    idleText: idleMinutes === undefined ? String(idleSessionTimeout ?? '') : '',
    maximumMinutes: readMinutes(maxSessionDuration, 1440),
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
