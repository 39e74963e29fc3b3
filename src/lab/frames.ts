/** Length-prefixed frames on a unix socket between the lab and its hosts: JSON for control, raw bytes for a terminal. */
import type { Socket } from 'node:net';

const JSON_FRAME = 1;
const DATA_FRAME = 2;
// A longer frame means a broken peer: the endpoint takes 64 KB at most.
const LARGEST_FRAME = 8 * 1024 * 1024;

/** `closed` is called once, after the last frame. */
export interface FrameListener {
  json?(value: Record<string, unknown>): void;
  data?(bytes: Buffer): void;
  closed?(): void;
}

/** `sendData` returns false if the peer reads too slowly; `drained` says when it caught up. */
export interface FrameSocket {
  sendJson(value: Record<string, unknown>): void;
  sendData(bytes: Uint8Array): boolean;
  drained(callback: () => void): void;
  pause(): void;
  resume(): void;
  close(): void;
}

/** Keeps the order of frames. A broken frame closes the socket. */
export function frameSocket(socket: Socket, listener: FrameListener): FrameSocket {
  let pending: Buffer = Buffer.alloc(0);
  let isClosed = false;

  socket.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    while (pending.length >= 5) {
      const length = pending.readUInt32BE(0);
      if (length > LARGEST_FRAME) return void socket.destroy();
      if (pending.length < 5 + length) break;
      const body = pending.subarray(5, 5 + length);
      const kind = pending[4];
      pending = pending.subarray(5 + length);
      if (kind === JSON_FRAME) listener.json?.(JSON.parse(body.toString('utf8')) as Record<string, unknown>);
      else if (kind === DATA_FRAME) listener.data?.(body);
    }
  });
  // A killed peer resets the connection: an end like any other.
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    if (isClosed) return;
    isClosed = true;
    listener.closed?.();
  });

  function send(kind: number, body: Uint8Array): boolean {
    if (socket.destroyed || socket.writableEnded) return true;
    const head = Buffer.alloc(5);
    head.writeUInt32BE(body.length, 0);
    head[4] = kind;
    socket.cork();
    socket.write(head);
    const hasRoom = socket.write(body);
    socket.uncork();
    return hasRoom;
  }

  return {
    sendJson: (value) => void send(JSON_FRAME, Buffer.from(JSON.stringify(value))),
    sendData: (bytes) => send(DATA_FRAME, bytes),
    drained: (callback) => void socket.once('drain', callback),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.end(),
  };
}
