/** The client of one session, over any number of connections. docs/session-client.md: why not the npm package ssm-session. */
import { type Clock, steadyClock, systemClock } from '../clock.ts';
import { answerHandshake, readSentence } from './handshake.ts';
import { Line } from './line.ts';
import { type SessionEnd, SessionNotOpenedError, type SessionOptions } from './session.ts';
import { Stream } from './stream.ts';
import { QUERY, SequenceFinder, TERMINALS } from './terminal.ts';
import { type Incoming, Payload } from './wire.ts';

/** The official plugin sends input in pieces of this size. */
const PIECE_BYTES = 1024;
const TERMINATE_FLAG = 2;
const GIVE_UP_SECONDS = 60;

/** Resolves when the session takes input. @throws SessionNotOpenedError with the service's reason, if there is one */
export async function openSession(options: SessionOptions): Promise<ClientSession> {
  const { StreamUrl, TokenValue } = options.session;
  if (!StreamUrl || !TokenValue) throw new Error('StartSession gave neither stream nor token');
  const session = new ClientSession(options);
  await session.opened;
  return session;
}

export class ClientSession {
  readonly id: string;
  readonly opened: Promise<void>;
  readonly ended: Promise<SessionEnd>;
  readonly stats = { queriesSeen: 0, answersSent: 0 };
  private readonly clock: Clock;
  private readonly stream: Stream;
  private readonly line: Line;
  private readonly queries = new SequenceFinder(QUERY);
  private refused: readonly string[] = [];
  private size: { cols: number; rows: number };
  private isOpen = false;
  private hasShaken = false;
  private hasEnded = false;
  private opening: { resolve(): void; reject(error: Error): void } = { resolve() {}, reject() {} };
  private resolveEnd: (end: SessionEnd) => void = () => {};

  constructor(private readonly options: SessionOptions) {
    const { session, size, signal, resume, giveUpSeconds = GIVE_UP_SECONDS } = options;
    const clock = options.clock ?? steadyClock;
    this.clock = options.clock ?? systemClock;
    this.stream = new Stream(
      (frame) => this.line.send(frame),
      () => clock.now(),
    );
    this.id = session.SessionId ?? '';
    this.size = { cols: size?.cols ?? 80, rows: size?.rows ?? 24 };
    this.opened = new Promise((resolve, reject) => {
      this.opening = { resolve, reject };
    });
    this.ended = new Promise((resolve) => {
      this.resolveEnd = resolve;
    });
    this.line = new Line({ session, resume, clock, giveUpSeconds }, this.stream, {
      message: (message) => this.take(message),
      changed: (state) => options.onConnection?.(state),
      ended: (by, reason) => this.finish(by, reason),
    });
    signal?.addEventListener('abort', () => this.close(), { once: true });
    if (signal?.aborted) this.close();
  }

  /** Connections after the first. */
  get reconnects(): number {
    return this.line.reconnects;
  }

  /** False while the connection is broken. */
  get isConnected(): boolean {
    return this.line.isConnected;
  }

  /** Resolves when there is room again, or the session has ended. */
  drained(): Promise<void> {
    return this.hasEnded ? Promise.resolve() : this.stream.drained();
  }

  /** Never loses a byte. False: the other side is slow, so wait for `drained` before the next write. */
  write(bytes: Uint8Array | string): boolean {
    if (this.hasEnded) return false;
    const all = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
    for (let at = 0; at < all.length; at += PIECE_BYTES)
      this.stream.send(Payload.Output, all.subarray(at, at + PIECE_BYTES));
    return this.stream.hasRoom;
  }

  /** For a slow receiver: the instance stops too. Output on its way may still come. */
  pauseOutput(): void {
    this.line.pause();
  }

  resumeOutput(): void {
    this.line.resume();
  }

  resize(cols: number, rows: number): void {
    this.size = { cols, rows };
    if (this.isOpen && !this.hasEnded) this.sendSize();
  }

  /** As the official plugin does every 5 minutes. It keeps proxies open and is no input. */
  ping(): void {
    this.line.ping();
  }

  /** `ended` resolves with `by: 'closed'`. For a shell the agent ignores this: call TerminateSession too. */
  close(): void {
    if (this.hasEnded) return;
    const flag = Buffer.alloc(4);
    flag.writeUInt32BE(TERMINATE_FLAG);
    if (this.isOpen) this.stream.send(Payload.Flag, flag);
    this.finish('closed', '');
  }

  private take(message: Incoming): void {
    if (message.type === 'output_stream_data')
      for (const next of this.stream.receive(message)) this.deliver(next);
    else if (message.type === 'acknowledge') this.stream.acknowledge(message);
    else if (message.type === 'pause_publication') this.stream.hold();
    else if (message.type === 'start_publication') this.stream.unhold();
    else if (message.type === 'channel_closed') this.finish('service', readSentence(message.payload));
  }

  private deliver({ payloadType, payload }: Incoming): void {
    if (this.hasEnded) return;
    if (payloadType === Payload.HandshakeRequest) {
      // An agent asks once. Answers to more would fill the memory of a client whose other side acknowledges nothing.
      if (this.hasShaken) return;
      this.hasShaken = true;
      const answer = answerHandshake(payload);
      this.refused = answer.refused;
      this.stream.send(Payload.HandshakeResponse, answer.payload);
    } else if (payloadType === Payload.HandshakeComplete) this.markOpen();
    else if (payloadType === Payload.Output || payloadType === Payload.Stderr) {
      // Some agents start with output, without a handshake.
      this.markOpen();
      this.takeOutput(payload);
    }
  }

  private markOpen(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.sendSize();
    this.opening.resolve();
  }

  private takeOutput(payload: Uint8Array): void {
    const found = this.queries.count(payload);
    this.stats.queriesSeen += found;
    this.options.onOutput?.(payload);
    const { terminal = 'silent' } = this.options;
    if (terminal === 'silent') return;
    for (let i = 0; i < found && this.stream.hasRoom; i += 1) {
      for (const message of TERMINALS[terminal]) this.write(message);
      this.stats.answersSent += 1;
    }
  }

  private sendSize(): void {
    this.stream.send(Payload.Size, Buffer.from(JSON.stringify(this.size)));
  }

  private finish(by: SessionEnd['by'], sentence: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.line.close();
    this.stream.release();
    const end = { at: this.clock.now(), sentence, by };
    this.resolveEnd(end);
    const why = this.refused.length > 0 ? `this client cannot do ${this.refused.join(', ')}` : sentence;
    this.opening.reject(
      new SessionNotOpenedError(why || 'the session ended before it was open', end, this.refused),
    );
  }
}
