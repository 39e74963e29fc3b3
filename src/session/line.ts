/** A session's connection as one thing, over however many sockets: notices when one is dead, comes back, or says that it cannot. */
import type { Clock } from '../clock.ts';
import { Link, type SessionAddress } from './link.ts';
import { type Outcome, type Resume, recover } from './recovery.ts';
import type { Stream } from './stream.ts';
import type { Incoming } from './wire.ts';

const TICK_MS = 100;
/** The official plugin pings every 5 minutes. */
const PING_MS = 300_000;
/** A connection that was refused is closed within this time. */
const SETTLE_MS = 1000;

export interface LineOptions {
  readonly session: SessionAddress;
  /** Without it the first loss is the end. */
  readonly resume: Resume | undefined;
  readonly clock: Clock;
  readonly giveUpSeconds: number;
  /** Input unacknowledged for this long, with nothing heard meanwhile: the connection is dead, whatever the socket says. */
  readonly silenceSeconds: number;
}

export interface LineEvents {
  message(message: Incoming): void;
  /** It broke, and is being mended; or holds again. */
  changed(state: 'broken' | 'back'): void;
  /** It cannot be mended: the session is `over`, or nobody was reached. */
  ended(by: 'over' | 'lost', reason: string): void;
}

export class Line {
  isConnected = false;
  /** Connections after the first. */
  reconnects = 0;
  private readonly clientId = crypto.randomUUID();
  private readonly stop = new AbortController();
  private readonly timers: (() => void)[];
  private streamUrl: string;
  private link: Link | undefined;
  private isPaused = false;
  /** When the last message came, or the last connection opened. */
  private heardAt = 0;
  private hasHeard = false;
  /** Since when nothing has been heard although something should. */
  private troubledSince: number | undefined;
  /** Called at the next message: how a new connection proves itself. */
  private heard: (() => void) | undefined;

  constructor(
    private readonly options: LineOptions,
    private readonly stream: Stream,
    private readonly events: LineEvents,
  ) {
    this.streamUrl = options.session.StreamUrl ?? '';
    this.timers = [this.repeat(TICK_MS, () => this.tick()), this.repeat(PING_MS, () => this.ping())];
    this.attach(options.session, (reason) => this.lose(reason));
  }

  /** Nothing happens to a frame while the line is broken: the stream keeps it and sends it again. */
  send(frame: Uint8Array): void {
    this.link?.send(frame);
  }

  ping(): void {
    this.link?.ping();
  }

  pause(): void {
    this.isPaused = true;
    this.link?.pause();
  }

  resume(): void {
    this.isPaused = false;
    // Nothing was heard because nothing was read.
    this.heardAt = this.options.clock.now();
    this.link?.resume();
  }

  /** Ends it without an event; what was sent before still goes out. */
  close(): void {
    for (const cancel of this.timers) cancel();
    this.stop.abort();
    this.isConnected = false;
    this.link?.close();
  }

  /** Until the returned function is called. A line that is open keeps its process alive. */
  private repeat(everyMs: number, call: () => void): () => void {
    const { clock } = this.options;
    let cancel = (): void => {};
    const arm = (): void => {
      cancel = clock.keepAliveAfter(everyMs, () => {
        arm();
        call();
      });
    };
    arm();
    return () => cancel();
  }

  /** Opens a connection; `gone` is called when it breaks. Whatever was not acknowledged goes out on it first. */
  private attach(address: SessionAddress, gone: (reason: string) => void): void {
    this.streamUrl = address.StreamUrl || this.streamUrl;
    const link = new Link(
      {
        StreamUrl: this.streamUrl,
        TokenValue: address.TokenValue ?? '',
        clientId: this.clientId,
        headers: address.headers ?? {},
      },
      {
        opened: () => {
          this.heardAt = this.options.clock.now();
          if (this.isPaused) link.pause();
          this.stream.restart();
        },
        message: (message) => this.take(message),
        gone: (reason) => {
          if (this.link === link) this.link = undefined;
          gone(reason);
        },
      },
      this.options.clock,
    );
    this.link = link;
  }

  private take(message: Incoming): void {
    if (this.stop.signal.aborted) return;
    this.hasHeard = true;
    this.isConnected = true;
    this.heardAt = this.options.clock.now();
    this.troubledSince = undefined;
    this.heard?.();
    this.events.message(message);
  }

  private tick(): void {
    const { link } = this;
    if (link === undefined || this.isPaused || !link.isOpen) return;
    const silentMs = this.options.clock.now() - this.heardAt;
    if (
      this.isConnected &&
      Math.min(silentMs, this.stream.oldestWaitMs) > this.options.silenceSeconds * 1000
    ) {
      link.drop();
      this.link = undefined;
      this.lose('the other side stopped answering');
    } else if (!link.isBusy) this.stream.resend();
  }

  /** The connection broke: back through ResumeSession where that can help, else the end. */
  private lose(reason: string): void {
    if (this.stop.signal.aborted) return;
    const { resume, session, giveUpSeconds } = this.options;
    this.isConnected = false;
    // Refused before a single message came: a new token would not change that.
    if (resume === undefined || !this.hasHeard) {
      this.events.ended('lost', reason);
      return;
    }
    this.troubledSince ??= this.options.clock.now();
    this.events.changed('broken');
    const attempt = {
      sessionId: session.SessionId ?? '',
      resume,
      connect: (address: SessionAddress) => this.reattach(address),
      reason,
      clock: this.options.clock,
      giveUpAt: this.troubledSince + giveUpSeconds * 1000,
      signal: this.stop.signal,
    };
    void recover(attempt).then((outcome) => this.takeOutcome(outcome));
  }

  private takeOutcome({ result, reason }: Outcome): void {
    if (this.stop.signal.aborted || result === 'stopped') return;
    if (result === 'over') this.events.ended('over', '');
    else if (result === 'lost') this.events.ended('lost', reason);
    else {
      this.reconnects += 1;
      this.events.changed('back');
    }
  }

  /** Holds as soon as something is heard, or when it stays open for a moment; else the reason why it does not. */
  private reattach(address: SessionAddress): Promise<string | undefined> {
    return new Promise((resolve) => {
      let isSettled = false;
      const settle = (failure?: string): void => {
        isSettled = true;
        this.heard = undefined;
        cancel();
        this.isConnected = failure === undefined;
        resolve(failure);
      };
      const cancel = this.repeat(TICK_MS, () => {
        if (this.stop.signal.aborted) settle('the session ended');
        else if (this.link?.isOpen && this.options.clock.now() - this.heardAt >= SETTLE_MS) {
          if (this.stream.oldestWaitMs === 0) this.troubledSince = undefined;
          settle();
        }
      });
      this.heard = () => settle();
      this.attach(address, (reason) => {
        if (!isSettled) settle(reason);
        // Not before takeOutcome has heard of the connection that is now gone again.
        else setImmediate(() => this.lose(reason));
      });
    });
  }
}
