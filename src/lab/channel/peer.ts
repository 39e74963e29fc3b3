/**
 * The agent's side of one data channel: numbers what it sends, keeps it until it is acknowledged, sends it again when it is not,
 * and hands on what it receives in order and once. Outlives its socket, so that a resumed session loses and doubles nothing.
 */
import type { WebSocket } from 'ws';
import {
  type ChannelMessage,
  decodeMessage,
  encodeMessage,
  type MessageType,
  newMessageId,
} from './message.ts';

/** The agent starts from 200 ms and backs off [agent source, datachannel]. */
const FIRST_RESEND_MS = 200;
const LAST_RESEND_MS = 4000;
/** What may be on its way unacknowledged before the terminal is read no further. */
const WINDOW_BYTES = 256 * 1024;
/** How far ahead of the expected number a client may run. */
const AHEAD_LIMIT = 10_000;

interface Sent {
  readonly frame: Buffer;
  readonly id: string;
  sentAt: number;
  resendMs: number;
}

export interface PeerEvents {
  /** One input message, in sequence. */
  input(message: ChannelMessage): void;
  /** The client broke the protocol; the session has to end. */
  fault(reason: string): void;
  /** The window has room again. */
  drained(): void;
  detached(): void;
}

export class ChannelPeer {
  private socket: WebSocket | undefined;
  private nextOut = 0;
  private nextIn = 0;
  private readonly unacknowledged = new Map<number, Sent>();
  private unacknowledgedBytes = 0;
  private readonly ahead = new Map<number, ChannelMessage>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly events: PeerEvents) {}

  /** Takes over a socket that has shown its token; an older one is closed. What was not acknowledged is sent again. */
  attach(socket: WebSocket): void {
    this.socket?.close(1000, 'replaced by a newer connection');
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (this.socket === socket) this.receive(data, isBinary);
    });
    socket.on('close', () => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      this.events.detached();
    });
    for (const sent of this.unacknowledged.values()) this.transmit(sent);
    this.arm();
  }

  get isAttached(): boolean {
    return this.socket !== undefined;
  }

  get hasRoom(): boolean {
    return this.unacknowledgedBytes < WINDOW_BYTES;
  }

  /** Sends one message of the output stream; false when the window is full. */
  send(payloadType: number, payload: Buffer): boolean {
    const sequence = this.nextOut;
    this.nextOut += 1;
    const id = newMessageId();
    // Bit 0 marks the first message of the stream.
    const frame = encodeMessage({
      type: 'output_stream_data',
      sequence,
      flags: sequence === 0 ? 1 : 0,
      id,
      payloadType,
      payload,
    });
    const sent: Sent = { frame, id, sentAt: 0, resendMs: FIRST_RESEND_MS };
    this.unacknowledged.set(sequence, sent);
    this.unacknowledgedBytes += frame.length;
    this.transmit(sent);
    this.arm();
    return this.hasRoom;
  }

  /** Sends a message outside the stream, which nobody acknowledges. */
  sendControl(type: MessageType, payload: Record<string, unknown>): void {
    const body = Buffer.from(JSON.stringify(payload));
    const frame = encodeMessage({
      type,
      sequence: 0,
      flags: 3,
      id: newMessageId(),
      payloadType: 0,
      payload: body,
    });
    this.socket?.send(frame);
  }

  /** Stops reading the client until `resume`, when the terminal does not take its input. */
  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  close(code: number, reason: string): void {
    clearInterval(this.timer);
    this.timer = undefined;
    const socket = this.socket;
    this.socket = undefined;
    if (socket === undefined) return;
    socket.resume();
    socket.close(code, reason.slice(0, 120));
    // A client that does not answer the closing handshake must not keep the lab from stopping.
    setTimeout(() => socket.terminate(), 1000).unref();
  }

  private receive(data: Buffer, isBinary: boolean): void {
    let message: ChannelMessage;
    try {
      if (!isBinary) throw new Error('text after the channel was opened');
      message = decodeMessage(data);
    } catch (error) {
      this.events.fault((error as Error).message);
      return;
    }
    if (message.type === 'acknowledge') this.takeAcknowledge(message);
    else if (message.type === 'input_stream_data') this.takeInput(message);
    else if (message.type !== 'pause_publication' && message.type !== 'start_publication') {
      this.events.fault(`a client does not send ${message.type}`);
    }
  }

  private takeInput(message: ChannelMessage): void {
    const { sequence } = message;
    if (sequence > this.nextIn + AHEAD_LIMIT || sequence < 0) {
      this.events.fault(`sequence number ${sequence} while ${this.nextIn} is expected`);
      return;
    }
    this.sendControl('acknowledge', {
      AcknowledgedMessageType: message.type,
      AcknowledgedMessageId: message.id,
      AcknowledgedMessageSequenceNumber: sequence,
      IsSequentialMessage: true,
    });
    // A duplicate is acknowledged again and used once: its first acknowledgement may be what was lost.
    if (sequence >= this.nextIn) this.ahead.set(sequence, message);
    for (let next = this.ahead.get(this.nextIn); next !== undefined; next = this.ahead.get(this.nextIn)) {
      this.ahead.delete(this.nextIn);
      this.nextIn += 1;
      this.events.input(next);
    }
  }

  private takeAcknowledge(message: ChannelMessage): void {
    let body: Record<string, unknown>;
    try {
      body = JSON.parse(message.payload.toString('utf8')) as Record<string, unknown>;
    } catch {
      this.events.fault('an acknowledgement that is not JSON');
      return;
    }
    const sequence = Number(body['AcknowledgedMessageSequenceNumber']);
    const sent = this.unacknowledged.get(sequence);
    // By id as well: ssm-session acknowledges acknowledgements too, with numbers that mean nothing here.
    if (sent === undefined || sent.id !== String(body['AcknowledgedMessageId']).toLowerCase()) return;
    const hadRoom = this.hasRoom;
    this.unacknowledged.delete(sequence);
    this.unacknowledgedBytes -= sent.frame.length;
    if (!hadRoom && this.hasRoom) this.events.drained();
  }

  private transmit(sent: Sent): void {
    sent.sentAt = Date.now();
    this.socket?.send(sent.frame);
  }

  private arm(): void {
    this.timer ??= setInterval(() => this.resendLate(), FIRST_RESEND_MS / 2);
    this.timer.unref();
  }

  private resendLate(): void {
    // With a full send buffer the acknowledgement cannot have come yet: sending again would only add to it.
    if (this.socket === undefined || this.socket.bufferedAmount > WINDOW_BYTES) return;
    const now = Date.now();
    for (const sent of this.unacknowledged.values()) {
      if (now - sent.sentAt < sent.resendMs) continue;
      sent.resendMs = Math.min(sent.resendMs * 2, LAST_RESEND_MS);
      this.transmit(sent);
    }
  }
}
