import { matching, oneOf, seconds } from '../../settings/readers.ts';
import type { Invocation, OwnFlag } from '../command.ts';
import { readOwnFlag } from '../own-flag.ts';

export interface ConnectOptions {
  readonly client: 'auto' | 'plugin' | 'own';
  readonly reason: string | undefined;
  readonly document: string | undefined;
  /** The character's code; undefined: no escape. */
  readonly escapeCode: number | undefined;
  readonly giveUpSeconds: number;
}

/** From the service's model: the pattern of DocumentARN and the reason's length. */
const DOCUMENT = matching(/^[a-zA-Z0-9_\-.:/]{3,128}$/, 'the name of a session document');
const REASON = matching(/./s, '1 to 256 characters', 256);
const ESCAPE = matching(/^([!-~]|none)$/, 'one printable character, or none');
const GIVE_UP = seconds(1, Number.POSITIVE_INFINITY, 'a time from 1s');

/** The flags of connect alone, as help shows them. */
export const CONNECT_FLAGS: readonly OwnFlag[] = [
  {
    name: 'client',
    placeholder: 'auto|plugin|own',
    describe: 'auto: the official session-manager-plugin where PATH has it, else our own',
    fallback: 'auto',
  },
  { name: 'reason', placeholder: 'TEXT', describe: 'why, for the account’s session history' },
  {
    name: 'document',
    placeholder: 'NAME',
    describe: 'session document to use',
    fallback: 'the account’s default',
  },
  {
    name: 'escape',
    placeholder: 'CHAR|none',
    describe: 'after a new line CHAR and . end the session, CHAR and ? help; own client',
    fallback: '~',
  },
  {
    name: 'give-up',
    placeholder: 'TIME',
    describe: 'how long to try to get a lost connection back; own client',
    fallback: '60s',
  },
];

/** @throws UsageError naming the flag */
export function readConnectOptions(own: Invocation['own']): ConnectOptions {
  const escapeKey = readOwnFlag(own, 'escape', ESCAPE, '~') ?? '~';
  return {
    client: readOwnFlag(own, 'client', oneOf('auto', 'plugin', 'own'), 'own') ?? 'auto',
    reason: readOwnFlag(own, 'reason', REASON, 'TEXT'),
    document: readOwnFlag(
      own,
      'document',
      DOCUMENT,
      'SSM-SessionManagerRunShell: look with  aws ssm list-documents',
    ),
    escapeCode: escapeKey === 'none' ? undefined : escapeKey.charCodeAt(0),
    giveUpSeconds: readOwnFlag(own, 'give-up', GIVE_UP, '60s') ?? 60,
  };
}
