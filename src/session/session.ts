/** What a session is to those who open one: what it takes, what it can do, and how it ends. */
import type { Clock } from '../clock.ts';
import type { SessionAddress } from './link.ts';
import type { Resume } from './recovery.ts';
import type { TerminalKind } from './terminal.ts';

export interface SessionOptions {
  /** The answer of StartSession or ResumeSession. */
  readonly session: SessionAddress;
  /** Output in order; the bytes are the receiver's to keep. */
  readonly onOutput?: (bytes: Uint8Array) => void;
  /** A terminal emulator to play, which answers ESC[5n; `silent` (default) leaves that to the caller. */
  readonly terminal?: TerminalKind | 'silent';
  readonly size?: { readonly cols: number; readonly rows: number };
  /** How to come back after a lost connection; without it the first loss is the end. */
  readonly resume?: Resume;
  /** How long to try to come back. Default 60. */
  readonly giveUpSeconds?: number;
  /** How long input may wait for its acknowledgement, with nothing heard, before the connection counts as broken. Default 15. */
  readonly silenceSeconds?: number;
  /** Told when the connection breaks and when it holds again; the session goes on in both cases. */
  readonly onConnection?: (state: 'broken' | 'back') => void;
  /** Default the machine's own. */
  readonly clock?: Clock;
  /** Ends the session as close() does, also before it is open. */
  readonly signal?: AbortSignal;
}

export interface SessionEnd {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The service's words, empty when the shell exited; for `lost` why nobody could be reached. */
  readonly sentence: string;
  /**
   * `service`: it said so. `over`: it ended, unseen, while the connection was broken. `lost`: the connection broke for good.
   * `closed`: close() was called here.
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
  /** Messages that had to be sent a second time. */
  readonly resent: number;
  /** Connections after the first. */
  readonly reconnects: number;
  /** False while the connection is broken. */
  readonly isConnected: boolean;
  /** Never loses a byte; false when the other side is slow: wait for `drained` with more. */
  write(bytes: Uint8Array | string): boolean;
  readonly hasRoom: boolean;
  /** Resolves when there is room again, or the session has ended. */
  drained(): Promise<void>;
  /** For a slow receiver: stops reading, so that the instance stops too; what is on its way may still come. */
  pauseOutput(): void;
  resumeOutput(): void;
  resize(cols: number, rows: number): void;
  /** A WebSocket ping, as the official plugin sends every 5 minutes: keeps proxies open, counts as no input. */
  ping(): void;
  /**
   * Asks for the session's end and closes; `ended` then settles with `by: 'closed'`. A shell's agent heeds only TerminateSession:
   * call that as well.
   */
  close(): void;
}

/** The session ended before it could be typed into; `refused` names what this client cannot do, e.g. KMSEncryption. */
export class SessionNotOpenedError extends Error {
  constructor(
    message: string,
    readonly end: SessionEnd,
    readonly refused: readonly string[],
  ) {
    super(message);
  }
}
