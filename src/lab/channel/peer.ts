/**
 * The agent's side of a data channel: numbers output, keeps it until acknowledged, resends it; passes input on in order, once.
 * It outlives its connection: a resumed session neither loses nor repeats a byte.
 */
import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Clock } from '../../clock.ts';
import { parseObject } from '../../json-object.ts';
import { Inbox } from './inbox.ts';
import { Line } from './line.ts';
import { type ChannelMessage, decodeMessage, encodeMessage, type MessageType } from './message.ts';

/** The agent starts from 200 ms and backs off [agent source, datachannel]. */
const FIRST_RESEND_MS = 200;
const LAST_RESEND_MS = 4000;
const LOOK_MS = 100;
/** Above this many unacknowledged bytes, the terminal is not read. */
const WINDOW_BYTES = 256 * 1024;

interface Sent {
  readonly frame: Buffer;
  readonly id: string;
  /** 0: not sent yet. */
  sentAt: number;
  resendMs: number;
}

export interface PeerEvents {
  input(message: ChannelMessage): void;
  /** The client broke the protocol; the session must end. */
  fault(reason: string): void;
  /** The window has room again. */
  drained(): void;
  detached(): void;
}

export class ChannelPeer {
  private line: Line | undefined;
  private nextOut = 0;
  private readonly unacknowledged = new Map<number, Sent>();
  private unacknowledgedBytes = 0;
  private readonly inbox = new Inbox();
  /** pause_publication: output is kept back. */
  private isPaused = false;
  /** How many looks in a row saw a stalled client. Counted, not timed: a suspended machine blames no client. */
  private stalledLooks = 0;
  private stopLooking: (() => void) | undefined;

  /** A client that takes nothing for `stallSeconds` is at fault; the official client gives up after 300 s too. */
  constructor(
    private readonly events: PeerEvents,
    private readonly stallSeconds: number,
    private readonly clock: Clock,
  ) {}

  /** Closes an older socket and sends again what was not acknowledged. */
  attach(socket: WebSocket): void {
    const older = this.line;
    const line: Line = new Line(socket, this.clock, {
      message: (data, isBinary) => {
        if (this.line === line) this.receive(data, isBinary);
      },
      closed: () => {
        if (this.line !== line) return;
        this.line = undefined;
        this.events.detached();
      },
    });
    this.line = line;
    older?.close(1000, 'replaced by a newer connection');
    this.isPaused = false;
    this.stalledLooks = 0;
    for (const sent of this.unacknowledged.values()) this.transmit(sent);
    this.arm();
  }

  get hasRoom(): boolean {
    return this.unacknowledgedBytes < WINDOW_BYTES;
  }

  /** False: the window is full. */
  send(payloadType: number, payload: Buffer): boolean {
    const sequence = this.nextOut;
    this.nextOut += 1;
    const id = randomUUID();
    // Bit 0 marks the first message of the stream.
    const flags = sequence === 0 ? 1 : 0;
    const frame = encodeMessage(
      { type: 'output_stream_data', sequence, flags, id, payloadType, payload },
      this.clock.now(),
    );
    const sent: Sent = { frame, id, sentAt: 0, resendMs: FIRST_RESEND_MS };
    if (this.unacknowledged.size === 0) this.stalledLooks = 0;
    this.unacknowledged.set(sequence, sent);
    this.unacknowledgedBytes += frame.length;
    this.transmit(sent);
    this.arm();
    return this.hasRoom;
  }

  /** Outside the stream: nobody acknowledges it. */
  sendControl(type: MessageType, content: Record<string, unknown>): void {
    const payload = Buffer.from(JSON.stringify(content));
    const id = randomUUID();
    const message = { type, sequence: 0, flags: 3, id, payloadType: 0, payload };
    this.line?.send(encodeMessage(message, this.clock.now()));
  }

  /** Stops reading the client while the terminal does not take its input. */
  pause(): void {
    this.line?.hold('terminal');
  }

  resume(): void {
    this.line?.release('terminal');
  }

  close(code: number, reason: string): void {
    this.stopLooking?.();
    this.stopLooking = undefined;
    const { line } = this;
    this.line = undefined;
    line?.close(code, reason);
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
    const { type } = message;
    if (type === 'pause_publication') this.isPaused = true;
    else if (type === 'start_publication') this.publish();
    else if (type === 'acknowledge') this.takeAcknowledge(message);
    else if (type === 'input_stream_data') this.takeInput(message);
    else this.events.fault(`a client does not send ${type}`);
  }

  /** Ends a pause, as any input or acknowledgement does [agent source, datachannel]. */
  private publish(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.stalledLooks = 0;
    for (const sent of this.unacknowledged.values()) if (sent.sentAt === 0) this.transmit(sent);
  }

  private takeInput(message: ChannelMessage): void {
    this.publish();
    const fault = this.inbox.judge(message);
    if (fault !== undefined) {
      this.events.fault(fault);
      return;
    }
    // Also for a duplicate: its first acknowledgement may be lost.
    this.sendControl('acknowledge', {
      AcknowledgedMessageType: message.type,
      AcknowledgedMessageId: message.id,
      AcknowledgedMessageSequenceNumber: message.sequence,
      IsSequentialMessage: true,
    });
    for (const next of this.inbox.take(message)) this.events.input(next);
  }

  private takeAcknowledge(message: ChannelMessage): void {
    this.publish();
    const body = parseObject(String(message.payload));
    if (body === undefined) {
      this.events.fault('an acknowledgement that is not JSON');
      return;
    }
    const sequence = Number(body['AcknowledgedMessageSequenceNumber']);
    const sent = this.unacknowledged.get(sequence);
    // Also by id: ssm-session acknowledges acknowledgements too, with numbers that mean nothing here.
    if (sent === undefined || sent.id !== String(body['AcknowledgedMessageId']).toLowerCase()) return;
    const hadRoom = this.hasRoom;
    this.unacknowledged.delete(sequence);
    this.unacknowledgedBytes -= sent.frame.length;
    this.stalledLooks = 0;
    if (!hadRoom && this.hasRoom) this.events.drained();
  }

  private transmit(sent: Sent): void {
    if (this.isPaused || this.line === undefined) return;
    sent.sentAt = this.clock.now();
    this.line.send(sent.frame);
  }

  private arm(): void {
    this.stopLooking ??= this.clock.after(LOOK_MS, () => {
      this.stopLooking = undefined;
      this.arm();
      this.resendLate();
    });
  }

  private resendLate(): void {
    if (this.line === undefined || this.isPaused || this.unacknowledged.size === 0) return;
    const now = this.clock.now();
    this.stalledLooks += 1;
    if (this.stalledLooks * LOOK_MS > this.stallSeconds * 1000) {
      this.events.fault(`the client has acknowledged nothing for ${this.stallSeconds} seconds`);
      return;
    }
    // With a full send buffer no acknowledgement can have come yet: sending again would only add to it.
    if (this.line.waitingBytes > WINDOW_BYTES) return;
    for (const sent of this.unacknowledged.values()) {
      if (now - sent.sentAt < sent.resendMs) continue;
      sent.resendMs = Math.min(sent.resendMs * 2, LAST_RESEND_MS);
      this.transmit(sent);
    }
  }
}
