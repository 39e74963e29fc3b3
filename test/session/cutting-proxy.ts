/** Stands between a client and a lab, for HTTP and data channels alike, so that a test can cut connections and make them wait. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after } from 'node:test';
import type { Lab } from '../../src/lab/index.ts';

export interface CuttingProxy {
  readonly endpoint: string;
  /** Data channels that are open through it. */
  readonly openCount: number;
  /** How many data channels were ever opened through it. */
  readonly openedCount: number;
  /** Cuts every data channel in the middle of whatever it carries; says how many. */
  cut(): number;
  /** From now on bytes go in and never come out, on open connections and new ones; undone by `heal`. */
  swallow(): void;
  /** From now on every connection is refused; undone by `heal`. */
  refuse(): void;
  heal(): void;
}

export async function useCuttingProxy(lab: Pick<Lab, 'port' | 'door'>): Promise<CuttingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: 'open' | 'swallow' | 'refuse' = 'open';
  let openedCount = 0;
  const server = createServer((incoming, response) => void forward(incoming, response));
  // As the lab's own: after Node's 5 s a client can use the connection just as it closes.
  server.keepAliveTimeout = 600_000;
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => socket.destroy());
    if (state === 'refuse') socket.destroy();
  });

  server.on('upgrade', (incoming: IncomingMessage, near: Socket, head: Buffer) => {
    const far = connect(lab.port, '127.0.0.1');
    const pair = [near, far] as const;
    pairs.add(pair);
    openedCount += 1;
    const lines = [`GET ${incoming.url} HTTP/1.1`];
    for (let at = 0; at < incoming.rawHeaders.length; at += 2)
      lines.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
    far.write(`${lines.join('\r\n')}\r\n\r\n`);
    far.write(head);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes) => {
        if (state === 'open' && !to.write(bytes)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
      from.on('error', () => {});
      from.on('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
    }
  });

  async function forward(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const outgoing = request(
      {
        port: lab.port,
        host: '127.0.0.1',
        method: incoming.method,
        path: incoming.url,
        headers: incoming.headers,
      },
      async (answer) => {
        const body: Buffer[] = [];
        for await (const chunk of answer) body.push(chunk as Buffer);
        const text = Buffer.concat(body).toString('utf8').replaceAll(`:${lab.port}/`, `:${port()}/`);
        if (state !== 'open') return;
        response.writeHead(answer.statusCode ?? 500, {
          'content-type': 'application/x-amz-json-1.1',
          'content-length': Buffer.byteLength(text),
        });
        response.end(text);
      },
    );
    outgoing.on('error', () => response.destroy());
    outgoing.end(Buffer.concat(chunks));
  }

  const port = (): number => (server.address() as AddressInfo).port;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // What passes through it is signed for its own address.
  lab.door.admit(`127.0.0.1:${port()}`);
  const cut = (): number => {
    const cutCount = pairs.size;
    for (const [near, far] of pairs) {
      near.destroy();
      far.destroy();
    }
    return cutCount;
  };
  after(async () => {
    cut();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    endpoint: `http://127.0.0.1:${port()}`,
    get openCount() {
      return pairs.size;
    },
    get openedCount() {
      return openedCount;
    },
    cut,
    swallow() {
      state = 'swallow';
    },
    refuse() {
      state = 'refuse';
      cut();
      server.closeAllConnections();
    },
    heal() {
      state = 'open';
    },
  };
}
