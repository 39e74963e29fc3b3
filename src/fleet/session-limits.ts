import { GetDocumentCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import { isObject } from '../json-object.ts';
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
  /** The text of a value that is not valid, or its JSON; otherwise empty. */
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

/** What the service gave is no session document, so nobody knows what it sets. */
export class UnreadableDocumentError extends UserError {
  constructor(what: string, why: string) {
    super({ code: 'bad-document', what, why, next: 'look at it with  ssm-keepalive preferences get' });
  }
}

/** @throws UnreadableDocumentError; ServiceError if the service does not give it */
export async function readSessionLimits(
  client: SSMClient,
  name: string = PREFERENCES_DOCUMENT,
  what = `the document ${name} could not be read`,
): Promise<SessionLimits> {
  try {
    const { Content = '' } = await client.send(
      new GetDocumentCommand({ Name: name, DocumentFormat: 'JSON' }),
    );
    return describeLimits(readInputs(Content, what), true, sessionDefaultsOf(client));
  } catch (error) {
    if ((error as Error).name === 'InvalidDocument')
      return describeLimits({}, false, sessionDefaultsOf(client));
    throw explainServiceError(error, what);
  }
}

/** @throws UnreadableDocumentError */
function readInputs(content: string, what: string): Readonly<Record<string, unknown>> {
  let document: unknown;
  try {
    document = JSON.parse(content);
  } catch {
    throw new UnreadableDocumentError(what, 'the content of its session document is no JSON');
  }
  if (!isObject(document))
    throw new UnreadableDocumentError(what, 'the content of its session document is no JSON object');
  const { inputs, sessionType } = document;
  // Only documents of this type must have inputs [user guide, session document schema].
  const mayLack = typeof sessionType === 'string' && sessionType !== 'Standard_Stream';
  if (inputs === undefined && mayLack) return {};
  if (!isObject(inputs)) throw new UnreadableDocumentError(what, 'its session document has no usable inputs');
  return inputs;
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
    idleText: idleMinutes === undefined ? wordOf(idleSessionTimeout) : '',
    maximumSeconds: maximumMinutes === undefined ? maxSeconds : maximumMinutes * minuteSeconds,
    maximumMinutes,
    shellProfile: String((shellProfile as { linux?: unknown } | undefined)?.linux ?? ''),
    hasKmsKey: Boolean(inputs['kmsKeyId']),
    isStreamed: Boolean(inputs['cloudWatchLogGroupName']) && inputs['cloudWatchStreamingEnabled'] === true,
    isRunAs: inputs['runAsEnabled'] === true,
  };
}

/** Decimal digits, as the service takes them. `Number` would also read 6e1, 0x3c and a list. */
function readMinutes(value: unknown, most: number): number | undefined {
  const word = typeof value === 'number' ? String(value) : value;
  if (typeof word !== 'string' || !/^[1-9]\d{0,3}$/.test(word)) return undefined;
  return Number(word) <= most ? Number(word) : undefined;
}

/** A text as it is, anything else as JSON; empty if it is not there. */
function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
