import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { systemClock } from '../clock.ts';

/** A client that does not answer the closing handshake is cut off after this. */
const CLOSE_LIMIT_MS = 3000;

/** All connections of a server. Node's list lacks upgraded ones, but close() of a server waits for them. */
export class Connections {
  readonly #sockets = new Set<Socket>();

  constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Refuses new connections and resolves when none is left. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    // A closing handshake takes real time, whatever clock the lab has.
    const cancel = systemClock.after(CLOSE_LIMIT_MS, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    this.server.closeAllConnections();
    await closed;
    cancel();
  }
}
