import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { systemClock } from '../clock.ts';

/** A client that does not answer the closing handshake is cut off after this time. */
const CLOSE_LIMIT_MS = 3000;

/** All connections of a server. Node's list lacks upgraded ones, but server.close() waits for them too. */
export class Connections {
  readonly #sockets = new Set<Socket>();

  constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    // A closing handshake takes real time, so not the lab's clock.
    const cancel = systemClock.after(CLOSE_LIMIT_MS, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    this.server.closeAllConnections();
    await closed;
    cancel();
  }
}
