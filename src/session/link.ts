/** One WebSocket of a session: opens it with a token, carries frames, and tells once when it is gone. A session may have many. */
import WebSocket from 'ws';
import type { Clock } from '../clock.ts';
import { describeSystemError } from '../system-error.ts';
import { CLIENT_VERSION } from './handshake.ts';
import { type Incoming, unpackMessage } from './wire.ts';

const LARGEST_FRAME = 1024 * 1024;
/** A proxy that swallows the upgrade must not hold a session for ever. */
const OPEN_LIMIT_MS = 30_000;
const CLOSE_LIMIT_MS = 1000;
/** What may wait in the socket before retransmission only adds to it. */
const BUSY_BYTES = 256 * 1024;
const REFUSED =
  'the service refused to open the data channel (403): the permission ssmmessages:OpenDataChannel is missing';

/** Where a data channel is and what opens it: part of the answers of StartSession and ResumeSession. */
export interface SessionAddress {
  readonly SessionId?: string | undefined;
  readonly StreamUrl?: string | undefined;
  readonly TokenValue?: string | undefined;
  /** Of the request that opens the channel: its signature. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface LinkEvents {
  /** The token has been shown; whether it is taken shows later. */
  opened(): void;
  message(message: Incoming): void;
  /** Comes once, unless close() or drop() was called. Code 1000 without channel_closed is as good as 1006: the session goes on. */
  gone(reason: string): void;
}

export class Link {
  private readonly socket: WebSocket;
  private isGone = false;
  private reason = '';

  constructor(
    address: {
      StreamUrl: string;
      TokenValue: string;
      clientId: string;
      headers: Readonly<Record<string, string>>;
    },
    events: LinkEvents,
    private readonly clock: Clock,
  ) {
    const socket = new WebSocket(address.StreamUrl, {
      headers: address.headers,
      perMessageDeflate: false,
      maxPayload: LARGEST_FRAME,
      handshakeTimeout: OPEN_LIMIT_MS,
    });
    this.socket = socket;
    socket.on('open', () => {
      socket.send(
        JSON.stringify({
          MessageSchemaVersion: '1.0',
          RequestId: crypto.randomUUID(),
          TokenValue: address.TokenValue,
          ClientId: address.clientId,
          ClientVersion: CLIENT_VERSION,
        }),
      );
      events.opened();
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      const message = isBinary && !this.isGone ? unpackMessage(data) : undefined;
      if (message !== undefined) events.message(message);
    });
    socket.on('error', (error) => {
      this.reason ||= / 403$/.test(error.message) ? REFUSED : describeLoss(error);
    });
    socket.on('close', (_code, reason) => {
      if (this.isGone) return;
      this.isGone = true;
      events.gone(reason.toString('utf8') || this.reason || 'the connection was closed');
    });
  }

  get isOpen(): boolean {
    return !this.isGone && this.socket.readyState === WebSocket.OPEN;
  }

  /** So much waits to be sent that an acknowledgement cannot have come yet. */
  get isBusy(): boolean {
    return this.socket.bufferedAmount > BUSY_BYTES;
  }

  send(frame: Uint8Array): void {
    if (this.isOpen) this.socket.send(frame);
  }

  ping(): void {
    if (this.isOpen) this.socket.ping();
  }

  /** Stops reading: the other side fills its window and stops too. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Says goodbye; `gone` does not come any more. */
  close(): void {
    this.isGone = true;
    // A paused socket would never see the end of the closing handshake.
    this.socket.resume();
    this.socket.close();
    // A peer that does not answer must not keep the process from ending.
    this.clock.after(CLOSE_LIMIT_MS, () => this.socket.terminate());
  }

  /** Ends a connection that is as good as dead at once; `gone` does not come any more. */
  drop(): void {
    this.isGone = true;
    this.socket.terminate();
  }
}

/** In the words of the library that speaks WebSocket nobody would know what broke. */
function describeLoss(error: Error): string {
  const [, status] = /server response: (\d+)/.exec(error.message) ?? [];
  const isLate = /timed out/.test(error.message);
  return describeSystemError(
    error,
    status
      ? `the service answered with HTTP ${status}`
      : isLate
        ? 'no answer in time'
        : 'the connection failed',
  );
}
