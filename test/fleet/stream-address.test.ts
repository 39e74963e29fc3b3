// Where the data channel of a session may go: what is typed is never less encrypted than the commands are.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createPlain } from 'node:http';
import { Agent, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SSMClient } from '@aws-sdk/client-ssm';
import { UserError } from '../../src/errors.ts';
import { resumeSession, startSession } from '../../src/fleet/sessions.ts';

const skip = spawnSync('openssl', ['version']).error ? 'absent: openssl' : false;

/** Each address, and whether it may be opened when the service is reached over TLS. */
const STREAMS: readonly (readonly [address: string, isTaken: boolean])[] = [
  ['wss://ssmmessages.eu-central-1.amazonaws.com/v1/data-channel/x?role=publish_subscribe', true],
  ['WSS://elsewhere.example/x', true],
  ['ws://127.0.0.1:9/x', true],
  ['ws://localhost:9/x', true],
  ['ws://[::1]:9/x', true],
  ['ws://ssmmessages.eu-central-1.amazonaws.com/v1/data-channel/x', false],
  ['WS://192.0.2.1/x', false],
  ['ws://127.0.0.1.evil.example/x', false],
  ['ws://127.0.0.1@evil.example/x', false],
  ['ws://localhost.evil.example/x', false],
  ['http://127.0.0.1:9/x', false],
  ['https://elsewhere.example/x', false],
  ['file:///etc/passwd', false],
  ['ws+unix:/run/x', false],
  ['ws:', false],
  ['x', false],
];

test('data channel: an address that is less encrypted than the service is never opened, and its session is ended', {
  skip,
}, async (context) => {
  const service = await startService(context);
  for (const [address, isTaken] of STREAMS) {
    const open = await service.ask(address);
    assert.equal(open.start, isTaken ? address : 'unfit-stream', address);
    assert.equal(open.resume, isTaken ? address : 'unfit-stream', address);
    assert.deepEqual(open.ended, isTaken ? [] : ['s-1'], address);
  }
});

test('data channel: over an address that you said may be plain, it may be plain too', {
  skip,
}, async (context) => {
  const service = await startService(context, 'http://plain.example');
  for (const [address] of STREAMS) {
    const { start } = await service.ask(address);
    assert.equal(start, /^wss?:\/\//i.test(address) ? address : 'unfit-stream', address);
  }
});

/** Systems Manager, as far as a session needs it. `plain`: the name under which it is reached without TLS. */
async function startService(context: TestContext, plain?: string) {
  let address = '';
  const ended: string[] = [];
  const answer: Parameters<typeof createPlain>[1] = (request, response) => {
    let body = '';
    request.on('data', (bytes) => {
      body += bytes;
    });
    request.on('end', () => {
      if (String(request.headers['x-amz-target']).endsWith('TerminateSession'))
        ended.push(JSON.parse(body).SessionId);
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ SessionId: 's-1', StreamUrl: address, TokenValue: 't' }));
    });
  };
  const { key, cert } = makeCertificate(context);
  const server = plain ? createPlain(answer) : createServer({ key, cert }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const lookup = (_: string, __: object, done: (error: null, found: object[]) => void) =>
    done(null, [{ address: '127.0.0.1', family: 4 }]);
  const client = new SSMClient({
    region: 'eu-central-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    endpoint: `${plain ?? 'https://localhost'}:${port}`,
    requestHandler: {
      httpsAgent: new Agent({ ca: cert, lookup: lookup as never }),
      httpAgent: { lookup } as never,
    },
  });
  context.after(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  const told = (error: unknown) => (error instanceof UserError ? error.code : String(error));
  return {
    async ask(streamUrl: string) {
      address = streamUrl;
      ended.length = 0;
      const start = await startSession(client, { instanceId: 'i-0123456789abcdef0' }).then(
        ({ StreamUrl }) => StreamUrl,
        told,
      );
      const resume = await resumeSession(client, 's-1', AbortSignal.timeout(10_000)).then(
        (found) => found?.StreamUrl,
        told,
      );
      return { start, resume, ended: [...ended] };
    },
  };
}

function makeCertificate(context: TestContext): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ssm-keepalive-test-tls-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const asked = [
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ];
  execFileSync(
    'openssl',
    [
      'req',
      ...asked,
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  );
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}
