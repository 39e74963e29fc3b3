/** An address in front of a lab that changes some of its answers: the service, or what stands between, says something else. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { TestContext } from 'node:test';
import type { Lab } from '../../src/lab/index.ts';
import { rawCall } from '../lab/raw-call.ts';

/** What to answer instead, as data or as a whole response; undefined: what the lab says. */
export type Change = (
  operation: string,
  asked: Record<string, unknown>,
  answer: Record<string, unknown>,
) => unknown;

/** Returns the lab's variables with the address of the front, which signs again what it passes on. */
export async function startFront(
  context: TestContext,
  lab: Lab,
  change: Change,
): Promise<Record<string, string>> {
  const server = createServer((request, response) => {
    // The lab may be gone when a call comes that nobody waits for.
    answer(request, response).catch(() => response.destroy());
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    const asked = (await json(request)) as Record<string, unknown>;
    const { status, body } = await rawCall(lab, operation, asked);
    const changed = change(operation, asked, body);
    if (changed instanceof Response) {
      response.writeHead(changed.status, { 'content-type': changed.headers.get('content-type') ?? '' });
      // Whoever asked may break it off.
      await pipeline(Readable.fromWeb(changed.body as ReadableStream), response).catch(() => {});
      return;
    }
    response.writeHead(changed === undefined ? status : 200, {
      'content-type': 'application/x-amz-json-1.1',
    });
    response.end(JSON.stringify(changed ?? body));
  };
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  context.after(() => void server.close().closeAllConnections());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { ...lab.env, AWS_ENDPOINT_URL_SSM: address };
}
