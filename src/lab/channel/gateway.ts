/** Accepts WebSockets for data channels. Each goes to its session after it sent the token. */
import type { IncomingMessage, Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Clock, systemClock } from '../../clock.ts';
import { parseObject } from '../../json-object.ts';
import type { Accounts } from '../accounts.ts';

const OPEN_LIMIT_MS = 10_000;
const LARGEST_FRAME = 256 * 1024;

export function attachGateway(
  server: Server,
  accounts: Pick<Accounts, 'findSession'>,
  mayOpen: (request: IncomingMessage, sessionId: string) => Promise<boolean> = async () => true,
  clock: Clock = systemClock,
): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_FRAME,
    perMessageDeflate: false,
    autoPong: false,
  });
  server.on('upgrade', async (request: IncomingMessage, socket, head) => {
    const id = /^\/v1\/data-channel\/([^/?]+)/.exec(request.url ?? '')?.[1];
    // Ids are letters and digits: a text that needs decoding is no id.
    const session = id === undefined ? undefined : accounts.findSession(id);
    // A client that hangs up here must not end the lab.
    socket.on('error', () => socket.destroy());
    if (!(await mayOpen(request, id ?? ''))) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    if (session === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      // Answered here, because the library would fill memory for a client that pings and does not read.
      client.on('ping', (data: Buffer) => {
        if (client.bufferedAmount < LARGEST_FRAME) client.pong(data);
      });
      awaitOpening(client, clock, (token) => {
        if (session.hasEnded || !session.takeToken(token)) return false;
        session.connect(client);
        return true;
      });
    });
  });
  return sockets;
}

/** The first message must be the opening with the token; anything else closes this connection. */
function awaitOpening(client: WebSocket, clock: Clock, open: (token: string) => boolean): void {
  const stop = clock.after(OPEN_LIMIT_MS, () => client.close(1008, 'the channel was not opened in time'));
  // Without a listener, a broken frame would end the whole lab.
  client.on('error', () => client.terminate());
  client.once('close', stop);
  client.once('message', (data: Buffer, isBinary: boolean) => {
    stop();
    const token = isBinary ? undefined : parseObject(String(data))?.['TokenValue'];
    if (typeof token !== 'string' || token === '')
      client.close(1003, 'request to open data channel does not contain token');
    else if (!open(token)) client.close(1008, 'the token is not valid for this session');
  });
}
