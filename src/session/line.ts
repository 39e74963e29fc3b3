/** A session's connection over any number of sockets: notices a dead socket and reconnects. */
import { type Clock, repeat } from '../clock.ts';
import { Link, type SessionAddress } from './link.ts';
import { type Outcome, type Resume, recover } from './recovery.ts';
import type { Stream } from './stream.ts';
import type { Incoming } from './wire.ts';

const TICK_MS = 100;
/** The official plugin pings every 5 minutes. */
const PING_MS = 300_000;
/** The service closes a refused connection within this time. */
const SETTLE_MS = 1000;
/** The connection is dead if input was not acknowledged for so long and no message came. */
const SILENCE_MS = 15_000;

export interface LineOptions {
  readonly session: SessionAddress;
  /** Undefined: the first lost connection ends the session. */
  readonly resume: Resume | undefined;
  readonly clock: Clock;
  readonly giveUpSeconds: number;
}

export interface LineEvents {
  message(message: Incoming): void;
  /** The connection broke and is being restored, or it is back. */
  changed(state: 'broken' | 'back'): void;
  /** It cannot be restored: the session is `over`, or the service was not reached (`lost`). */
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
  /** Time of the last message or of the last new connection. */
  private heardAt = 0;
  private hasHeard = false;
  /** Since when a message has been overdue. */
  private troubledSince: number | undefined;
  /** Called at the next message: it proves that a new connection works. */
  private heard: (() => void) | undefined;

  constructor(
    private readonly options: LineOptions,
    private readonly stream: Stream,
    private readonly events: LineEvents,
  ) {
    this.streamUrl = options.session.StreamUrl ?? '';
    const { clock } = options;
    this.timers = [repeat(clock, TICK_MS, () => this.tick()), repeat(clock, PING_MS, () => this.ping())];
    this.attach(options.session, (reason) => this.lose(reason));
  }

  /** While the line is broken this does nothing: the stream keeps each frame and sends it again later. */
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
    // Reading was paused, so silence says nothing about the connection.
    this.heardAt = this.options.clock.now();
    this.link?.resume();
  }

  /** Ends the connection without an event; bytes sent before still go out. */
  close(): void {
    for (const cancel of this.timers) cancel();
    this.stop.abort();
    this.isConnected = false;
    this.link?.close();
  }

  /** Opens a connection and first sends all unacknowledged frames. `gone` is called when it breaks. */
  private attach(address: SessionAddress, gone: (reason: string) => void): void {
    this.streamUrl = address.StreamUrl || this.streamUrl;
    const link = new Link(
      { ...address, StreamUrl: this.streamUrl, clientId: this.clientId },
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
    if (this.isConnected && Math.min(silentMs, this.stream.oldestWaitMs) > SILENCE_MS) {
      link.drop();
      this.link = undefined;
      this.lose('the other side stopped answering');
    } else if (!link.isBusy) this.stream.resend();
  }

  /** The connection broke: reconnects through ResumeSession if that can help, else ends. */
  private lose(reason: string): void {
    if (this.stop.signal.aborted) return;
    const { resume, session, giveUpSeconds } = this.options;
    this.isConnected = false;
    // No message ever came, so the service refused the connection: a new token would not help.
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

  /** Resolves with undefined at the first message or after SETTLE_MS, else with the reason of the failure. */
  private reattach(address: SessionAddress): Promise<string | undefined> {
    return new Promise((resolve) => {
      let isFinished = false;
      const finish = (failure?: string): void => {
        isFinished = true;
        this.heard = undefined;
        cancel();
        this.isConnected = failure === undefined;
        resolve(failure);
      };
      const cancel = repeat(this.options.clock, TICK_MS, () => {
        if (this.stop.signal.aborted) finish('the session ended');
        else if (this.link?.isOpen && this.options.clock.now() - this.heardAt >= SETTLE_MS) {
          if (this.stream.oldestWaitMs === 0) this.troubledSince = undefined;
          finish();
        }
      });
      this.heard = () => finish();
      this.attach(address, (reason) => {
        if (!isFinished) finish(reason);
        // Later, so that takeOutcome first handles the connection that has just failed.
        else setImmediate(() => this.lose(reason));
      });
    });
  }
}
