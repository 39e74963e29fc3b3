/** The types of a session: its options, its methods, its end. */
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
  /** The connection is broken if input was not acknowledged for so long and no message came. Default 15. */
  readonly silenceSeconds?: number;
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
  /**
   * `service`: the service ended it. `over`: it ended while the connection was broken. `lost`: the connection could not
   * be restored. `closed`: close() was called.
   */
  readonly by: 'service' | 'over' | 'lost' | 'closed';
}

export interface SessionStats {
  bytesIn: number;
  bytesOut: number;
  queriesSeen: number;
  answersSent: number;
  lastOutputAt: number;
  lastInputAt: number;
}

export interface ClientSession {
  readonly id: string;
  readonly ended: Promise<SessionEnd>;
  readonly stats: Readonly<SessionStats>;
  /** How many messages were sent again. */
  readonly resent: number;
  /** Connections after the first. */
  readonly reconnects: number;
  /** False while the connection is broken. */
  readonly isConnected: boolean;
  /** Never loses a byte. False: the other side is slow, so wait for `drained` before the next write. */
  write(bytes: Uint8Array | string): boolean;
  readonly hasRoom: boolean;
  /** Resolves when there is room again, or the session has ended. */
  drained(): Promise<void>;
  /**
   * For a slow receiver: stops reading, so the instance stops too. Output that is already on its way may still
   * come.
   */
  pauseOutput(): void;
  resumeOutput(): void;
  resize(cols: number, rows: number): void;
  /** Sends a WebSocket ping, as the official plugin does every 5 minutes. It keeps proxies open and is no input. */
  ping(): void;
  /**
   * Asks the agent to end the session, and closes; `ended` resolves with `by: 'closed'`. For a shell the agent ignores
   * that: call TerminateSession too.
   */
  close(): void;
}

/**
 * The session ended before it took input. `refused` names the actions that this client cannot do, e.g.
 * KMSEncryption.
 */
export class SessionNotOpenedError extends Error {
  constructor(
    message: string,
    readonly end: SessionEnd,
    readonly refused: readonly string[],
  ) {
    super(message);
  }
}
