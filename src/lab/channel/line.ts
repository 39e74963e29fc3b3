/** One client connection of a data channel. Stops reading a client that does not read its answers, so memory is bounded. */
import type { WebSocket } from 'ws';
import type { Clock } from '../../clock.ts';

/** Above this many bytes of unread acknowledgements, the client is not read. */
const LARGEST_BACKLOG_BYTES = 1024 * 1024;
/** A client that does not answer the closing handshake is cut off. */
const CLOSE_LIMIT_MS = 3000;

export interface LineEvents {
  message(data: Buffer, isBinary: boolean): void;
  closed(): void;
}

type Hold = 'terminal' | 'unread';

export class Line {
  private readonly holds = new Set<Hold>();

  constructor(
    private readonly socket: WebSocket,
    private readonly clock: Clock,
    events: LineEvents,
  ) {
    socket.on('message', (data: Buffer, isBinary: boolean) => events.message(data, isBinary));
    socket.on('close', () => events.closed());
  }

  get waitingBytes(): number {
    return this.socket.bufferedAmount;
  }

  send(frame: Buffer): void {
    this.socket.send(frame, () => this.relieve());
    if (this.socket.bufferedAmount > LARGEST_BACKLOG_BYTES) this.hold('unread');
  }

  /** Stops reading the client; each reason must be released. */
  hold(reason: Hold): void {
    this.holds.add(reason);
    this.socket.pause();
  }

  release(reason: Hold): void {
    if (this.holds.delete(reason) && this.holds.size === 0) this.socket.resume();
  }

  close(code: number, reason: string): void {
    this.holds.clear();
    this.socket.resume();
    this.socket.close(code, reason.slice(0, 120));
    this.clock.after(CLOSE_LIMIT_MS, () => this.socket.terminate());
  }

  private relieve(): void {
    if (this.holds.has('unread') && this.socket.bufferedAmount < LARGEST_BACKLOG_BYTES / 2)
      this.release('unread');
  }
}
