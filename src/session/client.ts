/**
 * One session as its client: opens the data channel, shakes hands, carries bytes both ways and tells when and how it ended.
 * Own code on `ws` rather than the npm package ssm-session: that one numbers messages in one global counter (a second session in
 * the process breaks the first), never orders, retransmits or waits for a slow peer, and sends half a digest; it is our test's client.
 */
import WebSocket from 'ws';
import { Payload, Stream } from './stream.ts';
import { ANSWER, QueryFinder } from './terminal.ts';
import { type Incoming, unpackMessage } from './wire.ts';

/** The official plugin sends what it reads in pieces of this size. */
const PIECE_BYTES = 1024;
const RESEND_CHECK_MS = 100;
const CLIENT_VERSION = '1.2.707.0';
const TERMINATE_FLAG = 2;

export interface SessionOptions {
  /** The answer of StartSession or ResumeSession. */
  readonly session: {
    readonly SessionId?: string | undefined;
    readonly StreamUrl?: string | undefined;
    readonly TokenValue?: string | undefined;
  };
  /** Output in order; the bytes are the receiver's to keep. */
  readonly onOutput?: (bytes: Uint8Array) => void;
  /** `answers` plays a terminal emulator that answers ESC[5n; `silent` (default) leaves that to the caller. */
  readonly terminal?: 'answers' | 'silent';
  readonly size?: { readonly cols: number; readonly rows: number };
}

export interface SessionEnd {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The service's words; empty when the shell exited. */
  readonly sentence: string;
  /** `service`: it said so. `lost`: the connection broke. `closed`: close() was called here. */
  readonly by: 'service' | 'lost' | 'closed';
}

export interface SessionStats {
  bytesIn: number;
  bytesOut: number;
  queriesSeen: number;
  answersSent: number;
  lastOutputAt: number;
  lastInputAt: number;
}

export interface ClientSession {
  readonly id: string;
  readonly ended: Promise<SessionEnd>;
  readonly stats: Readonly<SessionStats>;
  /** Messages that had to be sent a second time. */
  readonly resent: number;
  /** False when the other side is slow: wait with more until `hasRoom`. */
  write(bytes: Uint8Array | string): boolean;
  readonly hasRoom: boolean;
  resize(cols: number, rows: number): void;
  /** A WebSocket ping, as the official plugin sends every 5 minutes: keeps proxies open, counts as no input. */
  ping(): void;
  /** Asks for the session's end and closes; `ended` then settles with `by: 'closed'`. */
  close(): void;
}

/** Resolves once the session can be typed into. @throws when the channel cannot be opened, with the service's reason if it gave one. */
export async function openSession(options: SessionOptions): Promise<ClientSession> {
  const { StreamUrl, TokenValue, SessionId = '' } = options.session;
  if (!StreamUrl || !TokenValue) throw new Error('StartSession gave neither stream nor token');
  const socket = new WebSocket(StreamUrl, { perMessageDeflate: false, maxPayload: 1024 * 1024 });
  const stream = new Stream((frame) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(frame);
  });
  const stats: SessionStats = {
    bytesIn: 0,
    bytesOut: 0,
    queriesSeen: 0,
    answersSent: 0,
    lastOutputAt: 0,
    lastInputAt: 0,
  };
  const queries = new QueryFinder();
  let isOpen = false;
  let hasEnded = false;
  let settleEnd: (end: SessionEnd) => void = () => {};
  const ended = new Promise<SessionEnd>((resolve) => {
    settleEnd = resolve;
  });
  let closeHere = (): void => {};
  const timer = setInterval(() => stream.resend(), RESEND_CHECK_MS);

  const opened = new Promise<void>((resolve, reject) => {
    function markOpen(): void {
      if (isOpen) return;
      isOpen = true;
      const { cols, rows } = options.size ?? { cols: 80, rows: 24 };
      stream.send(Payload.Size, Buffer.from(JSON.stringify({ cols, rows })));
      resolve();
    }

    function finish(by: SessionEnd['by'], sentence: string): void {
      if (hasEnded) return;
      hasEnded = true;
      clearInterval(timer);
      settleEnd({ at: Date.now(), sentence, by });
      reject(new Error(sentence || 'the session ended before it was open'));
      socket.close();
    }

    function deliver(message: Incoming): void {
      const { payloadType, payload } = message;
      if (payloadType === Payload.HandshakeRequest)
        stream.send(Payload.HandshakeResponse, answerHandshake(payload));
      else if (payloadType === Payload.HandshakeComplete) markOpen();
      else if (payloadType === Payload.Output || payloadType === Payload.Stderr) {
        // An agent that sees no need for a handshake starts with output.
        markOpen();
        takeOutput(payload);
      }
    }

    function takeOutput(payload: Uint8Array): void {
      stats.bytesIn += payload.length;
      stats.lastOutputAt = Date.now();
      const found = queries.count(payload);
      stats.queriesSeen += found;
      options.onOutput?.(payload);
      if (options.terminal !== 'answers') return;
      for (let i = 0; i < found; i += 1) {
        write(ANSWER);
        stats.answersSent += 1;
      }
    }

    socket.on('open', () => {
      const opening = {
        MessageSchemaVersion: '1.0',
        RequestId: crypto.randomUUID(),
        TokenValue,
        ClientId: crypto.randomUUID(),
        ClientVersion: CLIENT_VERSION,
      };
      socket.send(JSON.stringify(opening));
    });
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      const message = isBinary ? unpackMessage(data) : undefined;
      if (message === undefined) return;
      if (message.type === 'output_stream_data') for (const next of stream.receive(message)) deliver(next);
      else if (message.type === 'acknowledge') stream.acknowledge(message);
      else if (message.type === 'channel_closed') finish('service', readSentence(message.payload));
    });
    socket.on('error', (error) => finish('lost', error.message));
    socket.on('close', (_code, reason) =>
      finish('lost', reason.toString('utf8') || 'the connection was closed'),
    );

    closeHere = () => {
      if (socket.readyState === WebSocket.OPEN) {
        const flag = Buffer.alloc(4);
        flag.writeUInt32BE(TERMINATE_FLAG);
        stream.send(Payload.Flag, flag);
      }
      finish('closed', '');
    };
  });

  function write(bytes: Uint8Array | string): boolean {
    if (hasEnded) return false;
    const all = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
    for (let at = 0; at < all.length; at += PIECE_BYTES)
      stream.send(Payload.Output, all.subarray(at, at + PIECE_BYTES));
    stats.bytesOut += all.length;
    stats.lastInputAt = Date.now();
    return stream.hasRoom;
  }

  await opened;
  return {
    id: SessionId,
    ended,
    stats,
    get resent() {
      return stream.resent;
    },
    get hasRoom() {
      return stream.hasRoom;
    },
    write,
    resize: (cols, rows) => {
      if (!hasEnded) stream.send(Payload.Size, Buffer.from(JSON.stringify({ cols, rows })));
    },
    ping: () => {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    },
    close: () => closeHere(),
  };
}

/** Accepts the session type and refuses everything else by name, as a client without encryption has to. */
function answerHandshake(payload: Uint8Array): Uint8Array {
  const request = JSON.parse(Buffer.from(payload).toString('utf8')) as {
    RequestedClientActions?: { ActionType: string }[];
  };
  const actions = (request.RequestedClientActions ?? []).map(({ ActionType }) =>
    ActionType === 'SessionType'
      ? { ActionType, ActionStatus: 1, ActionResult: null, Error: '' }
      : { ActionType, ActionStatus: 3, ActionResult: null, Error: `Unsupported action ${ActionType}` },
  );
  return Buffer.from(
    JSON.stringify({ ClientVersion: CLIENT_VERSION, ProcessedClientActions: actions, Errors: [] }),
  );
}

function readSentence(payload: Uint8Array): string {
  try {
    return String((JSON.parse(Buffer.from(payload).toString('utf8')) as { Output?: unknown }).Output ?? '');
  } catch {
    return '';
  }
}
