/** One WebSocket of a session, opened with a token. A session may have many. */
import WebSocket from 'ws';
import type { Clock } from '../clock.ts';
import { describeSystemError } from '../system-error.ts';
import { CLIENT_VERSION } from './handshake.ts';
import { type Incoming, unpackMessage } from './wire.ts';

const LARGEST_FRAME = 1024 * 1024;
/** A proxy that does not answer the upgrade must not block a session for ever. */
const OPEN_LIMIT_MS = 30_000;
const CLOSE_LIMIT_MS = 1000;
/** Above this many waiting bytes, sending again makes the delay worse. */
const BUSY_BYTES = 256 * 1024;
/** What may wait there at all. Where the other side writes and does not read, more is not sent: the stream sends it again. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
const REFUSED =
  'the service refused to open the data channel (403): the permission ssmmessages:OpenDataChannel is missing';

/** The address and token of a data channel, from the answer of StartSession or ResumeSession. */
export interface SessionAddress {
  readonly SessionId?: string | undefined;
  readonly StreamUrl?: string | undefined;
  readonly TokenValue?: string | undefined;
  /** The signature of the request that opens the channel. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface LinkEvents {
  /** The token was sent; whether the service accepts it is not known yet. */
  opened(): void;
  message(message: Incoming): void;
  /** Called once, not after close() or drop(). Code 1000 without channel_closed does not end the session, as 1006. */
  gone(reason: string): void;
}

export class Link {
  private readonly socket: WebSocket;
  private isGone = false;
  private reason = '';

  constructor(
    address: SessionAddress & { readonly StreamUrl: string; readonly clientId: string },
    events: LinkEvents,
    private readonly clock: Clock,
  ) {
    const socket = new WebSocket(address.StreamUrl, {
      headers: address.headers,
      perMessageDeflate: false,
      maxPayload: LARGEST_FRAME,
      handshakeTimeout: OPEN_LIMIT_MS,
      autoPong: false,
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
    socket.on('ping', (data: Buffer) => {
      if (!this.isBusy) socket.pong(data);
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

  /** More than BUSY_BYTES wait in the socket, so no acknowledgement can have come yet. */
  get isBusy(): boolean {
    return this.socket.bufferedAmount > BUSY_BYTES;
  }

  send(frame: Uint8Array): void {
    if (this.isOpen && this.socket.bufferedAmount < MOST_WAITING_BYTES) this.socket.send(frame);
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

  /** `gone` is not called. */
  close(): void {
    this.isGone = true;
    // A paused socket would never see the end of the closing handshake.
    this.socket.resume();
    this.socket.close();
    // A peer that does not answer must not keep the process from ending.
    this.clock.after(CLOSE_LIMIT_MS, () => this.socket.terminate());
  }

  /** For a dead connection; `gone` is not called. */
  drop(): void {
    this.isGone = true;
    this.socket.terminate();
  }
}

/** Replaces the WebSocket library's message, which does not say what broke. */
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
