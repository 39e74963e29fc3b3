import { parseDuration } from '../../duration.ts';
import { UsageError } from '../../errors.ts';
import type { Invocation, OwnFlag } from '../command.ts';

export interface ConnectOptions {
  readonly client: 'auto' | 'plugin' | 'own';
  readonly reason: string | undefined;
  readonly document: string | undefined;
  /** The character's code; undefined: no escape. */
  readonly escapeCode: number | undefined;
  readonly giveUpSeconds: number;
}

const CLIENTS = ['auto', 'plugin', 'own'] as const;
/** From the service's model: the pattern of DocumentARN and the reason's length. */
const DOCUMENT = /^[a-zA-Z0-9_\-.:/]{3,128}$/;
const LONGEST_REASON = 256;

/** The flags of connect alone, as help shows them. */
export const CONNECT_FLAGS: readonly OwnFlag[] = [
  {
    name: 'client',
    kind: 'value',
    placeholder: 'auto|plugin|own',
    describe: 'auto: the official session-manager-plugin where PATH has it, else our own (auto)',
  },
  { name: 'reason', kind: 'value', placeholder: 'TEXT', describe: 'why, for the account’s session history' },
  {
    name: 'document',
    kind: 'value',
    placeholder: 'NAME',
    describe: 'session document to use (the account’s default)',
  },
  {
    name: 'escape',
    kind: 'value',
    placeholder: 'CHAR|none',
    describe: 'after a new line CHAR and . end the session, CHAR and ? help; own client (~)',
  },
  {
    name: 'give-up',
    kind: 'value',
    placeholder: 'TIME',
    describe: 'how long to try to get a lost connection back; own client (60s)',
  },
];

/** @throws UsageError naming the flag */
export function readConnectOptions(own: Invocation['own']): ConnectOptions {
  const text = (name: string): string | undefined =>
    own[name] === undefined ? undefined : String(own[name]);
  const client = text('client') ?? 'auto';
  if (!CLIENTS.some((known) => known === client))
    throw badFlag(
      'client',
      client,
      'auto, plugin or own',
      'give --client own to use the one that needs nothing',
    );
  const reason = text('reason');
  if (reason !== undefined && (reason === '' || reason.length > LONGEST_REASON))
    throw badFlag('reason', reason, `1 to ${LONGEST_REASON} characters`, 'give a shorter --reason');
  const document = text('document');
  if (document !== undefined && !DOCUMENT.test(document))
    throw badFlag(
      'document',
      document,
      'the name of a session document',
      'look with  aws ssm list-documents',
    );
  const escapeKey = text('escape') ?? '~';
  if (escapeKey !== 'none' && !/^[!-~]$/.test(escapeKey))
    throw badFlag('escape', escapeKey, 'one printable character, or none', 'give --escape ~');
  const giveUp = text('give-up') ?? '60s';
  const giveUpSeconds = parseDuration(giveUp);
  if (!giveUpSeconds) throw badFlag('give-up', giveUp, 'a time from 1s', 'give --give-up 60s');
  return {
    client: client as ConnectOptions['client'],
    reason,
    document,
    escapeCode: escapeKey === 'none' ? undefined : escapeKey.charCodeAt(0),
    giveUpSeconds,
  };
}

function badFlag(name: string, came: string, expected: string, next: string): UsageError {
  return new UsageError({
    code: 'bad-setting',
    what: `--${name} cannot be ${JSON.stringify(came.slice(0, 40))}`,
    why: `expected ${expected}`,
    next,
  });
}
