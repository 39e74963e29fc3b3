/** The options of a session, and its end. */
import type { Clock } from '../clock.ts';
import type { SessionAddress } from './link.ts';
import type { Resume } from './recovery.ts';
import type { TerminalKind } from './terminal.ts';

export interface SessionOptions {
  /** The answer of StartSession or ResumeSession. */
  readonly session: SessionAddress;
  /** Output in order. The receiver may keep the bytes. */
  readonly onOutput?: (bytes: Uint8Array) => void;
  /** The terminal emulator that answers ESC[5n; `silent` (default): the caller answers. */
  readonly terminal?: TerminalKind | 'silent';
  readonly size?: { readonly cols: number; readonly rows: number };
  /** Reconnects after a lost connection; absent: the first lost connection ends the session. */
  readonly resume?: Resume;
  /** How long to try to reconnect. Default 60. */
  readonly giveUpSeconds?: number;
  /** Called when the connection breaks and when it is back; the session goes on in both cases. */
  readonly onConnection?: (state: 'broken' | 'back') => void;
  /** Default the machine's own. */
  readonly clock?: Clock;
  /** Ends the session like close(), also before it is open. */
  readonly signal?: AbortSignal;
}

export interface SessionEnd {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The service's sentence; empty if the shell exited; for `lost` the reason. */
  readonly sentence: string;
  /** `over`: it ended while the connection was broken. `lost`: that could not be restored. `closed`: by close(). */
  readonly by: 'service' | 'over' | 'lost' | 'closed';
}

/** The session ended before it took input. `refused`: actions that this client cannot do, e.g. KMSEncryption. */
export class SessionNotOpenedError extends Error {
  constructor(
    message: string,
    readonly end: SessionEnd,
    readonly refused: readonly string[],
  ) {
    super(message);
  }
}
