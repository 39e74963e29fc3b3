/** The limits of one session: from its document, else from the lab's options. */
import { checkParameters, readSessionCommand } from './command-document.ts';
import { findDocument, PREFERENCES, readInputs, sessionTypeOf } from './documents.ts';
import { type CountedSizes, DEFAULT_IDLE_SECONDS, type IdlePolicy, type LabOptions } from './options.ts';
import type { RecordStore } from './records.ts';
import { ServiceError } from './service-error.ts';

export interface SessionSettings {
  readonly idleSeconds: number;
  /** Undefined: no maximum. */
  readonly maxSeconds: number | undefined;
  readonly policy: IdlePolicy;
  readonly sizes: CountedSizes;
  readonly shellProfile: string;
  /** What `sh -c` runs instead of a shell. */
  readonly command?: string;
  /** The account's preferences name a bucket or a log group. */
  readonly isLogged?: boolean;
  readonly stallSeconds: number;
  /** In minutes, as DescribeSessions shows it. */
  readonly maxMinutes: string | undefined;
}

/** For sessions whose document sets nothing. */
export interface SessionDefaults extends SessionSettings {
  readonly minuteSeconds: number;
}

export function sessionDefaults(options: LabOptions): SessionDefaults {
  return {
    idleSeconds: options.idleSeconds ?? DEFAULT_IDLE_SECONDS,
    maxSeconds: options.maxSeconds,
    policy: options.policy ?? 'input',
    sizes: options.sizes ?? 'changed',
    shellProfile: options.shellProfile ?? '',
    stallSeconds: options.stallSeconds ?? 300,
    maxMinutes: undefined,
    minuteSeconds: options.minuteSeconds ?? 60,
  };
}

/** @throws ServiceError InvalidDocument if it is missing or gives no terminal, InvalidParameters */
export function readSettings(
  account: { readonly store: RecordStore; readonly sessionDefaults: SessionDefaults },
  documentName: string | undefined,
  parameters: Readonly<Record<string, string[]>> = {},
): SessionSettings {
  const { minuteSeconds, ...defaults } = account.sessionDefaults;
  const name = documentName ?? PREFERENCES;
  const isSaved = account.store.records.documents.some((one) => one.name === name);
  // The default document exists only after somebody saved preferences; sessions work without it.
  if (name === PREFERENCES && !isSaved) return defaults;
  const { document, version } = findDocument(account, name);
  if (document.type !== 'Session')
    throw new ServiceError('InvalidDocument', `Document ${name} is not a Session document.`);
  const type = sessionTypeOf(version.content);
  if (type !== 'Standard_Stream' && type !== 'InteractiveCommands')
    throw new ServiceError(
      'InvalidDocument',
      `This lab runs Standard_Stream and InteractiveCommands sessions only; ${name} is neither.`,
    );
  checkParameters(version.content, parameters);
  const inputs = readInputs(version.content);
  const idle = Number(inputs['idleSessionTimeout'] ?? '');
  const longest = Number(inputs['maxSessionDuration'] ?? '');
  const profile = (inputs['shellProfile'] as { linux?: string } | undefined)?.linux;
  return {
    ...defaults,
    idleSeconds: idle > 0 ? idle * minuteSeconds : defaults.idleSeconds,
    maxSeconds: longest > 0 ? longest * minuteSeconds : defaults.maxSeconds,
    shellProfile: profile || defaults.shellProfile,
    isLogged: Boolean(inputs['s3BucketName'] || inputs['cloudWatchLogGroupName']),
    ...(type === 'InteractiveCommands' ? { command: readSessionCommand(version.content, parameters) } : {}),
    maxMinutes: longest > 0 ? String(longest) : undefined,
  };
}
