/** Every door of the lab against every kind of visitor: nobody comes in without its secret, its Host and a fresh date. */
import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { SSMClient, StartSessionCommand } from '@aws-sdk/client-ssm';
import { WebSocket } from 'ws';
import { signChannel } from '../../src/fleet/sign-channel.ts';
import { startLab } from '../../src/lab/index.ts';
import { SHAPES } from '../../src/lab/shapes.ts';
import { type Signing, signByHand } from './raw-call.ts';
import { makeClient, makeFolder, syntheticHosts, useLab } from './test-lab.ts';

const dir = makeFolder();
const OTHER = { id: '222222222222', accessKeyId: 'AKIAOTHER' };
const lab = await useLab({ dir, hosts: syntheticHosts(1), accounts: [OTHER], port: 0 });
const MINUTE_MS = 60_000;

/** One request by hand: its status, and the error's name. */
function knock(
  method: string,
  path: string,
  headers: Record<string, string | string[]>,
  body: string,
): Promise<{ status: number; error: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: lab.port, method, path, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, error: /"__type":"(\w+)"/.exec(text)?.[1] ?? '' }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const BODY = '{}';
const sign = (operation: string, change: Partial<Signing> = {}, credentials = lab.credentials) => {
  const isTagging = operation === 'GetResources';
  return signByHand(
    { endpoint: lab.endpoint, credentials },
    {
      service: isTagging ? 'tagging' : 'ssm',
      target: `${isTagging ? 'ResourceGroupsTaggingAPI_20170126' : 'AmazonSSM'}.${operation}`,
      body: BODY,
      ...change,
    },
  );
};
const without = (headers: Record<string, string>, name: string) =>
  Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));

type Visitor = (operation: string) => { headers: Record<string, string | string[]>; body?: string };

const OTHER_HOSTS = [
  'localhost',
  `localhost:${lab.port}`,
  '127.0.0.1',
  `127.0.0.1:${lab.port + 1}`,
  `[::1]:${lab.port}`,
  `0.0.0.0:${lab.port}`,
  `evil.example:${lab.port}`,
  `127.0.0.1.nip.io:${lab.port}`,
  `127.0.0.1:${lab.port}.evil.example`,
  `127.0.0.1:${lab.port}@evil.example`,
  '',
];

const VISITORS: Record<string, Visitor> = {
  'without a signature': (operation) => ({ headers: without(sign(operation), 'authorization') }),
  'with the form of a signature': (operation) => ({
    headers: {
      ...sign(operation),
      authorization: (sign(operation)['authorization'] ?? '').replace(/[0-9a-f]{64}$/, '0'.repeat(64)),
    },
  }),
  'with the secret of earlier versions': (operation) => ({
    headers: sign(operation, {}, { ...lab.credentials, secretAccessKey: 'lab' }),
  }),
  'with an empty secret': (operation) => ({
    headers: sign(operation, {}, { ...lab.credentials, secretAccessKey: '' }),
  }),
  'with a key of nobody': (operation) => ({
    headers: sign(operation, {}, { ...lab.credentials, accessKeyId: 'any' }),
  }),
  "with another account's secret": (operation) => ({
    headers: sign(
      operation,
      {},
      { ...lab.door.credentials(OTHER.accessKeyId), accessKeyId: lab.credentials.accessKeyId },
    ),
  }),
  'with a signature of 6 minutes ago': (operation) => ({
    headers: sign(operation, { at: new Date(Date.now() - 6 * MINUTE_MS) }),
  }),
  'with a signature of in 6 minutes': (operation) => ({
    headers: sign(operation, { at: new Date(Date.now() + 6 * MINUTE_MS) }),
  }),
  'with an old signature and a new date': (operation) => ({
    headers: {
      ...sign(operation, { at: new Date(Date.now() - 6 * MINUTE_MS) }),
      'x-amz-date': sign(operation)['x-amz-date'] ?? '',
    },
  }),
  'without a date': (operation) => ({ headers: without(sign(operation), 'x-amz-date') }),
  'with a date that is none': (operation) => ({ headers: { ...sign(operation), 'x-amz-date': 'now' } }),
  'with a signature for another body': (operation) => ({
    headers: sign(operation),
    body: '{"MaxResults":5}',
  }),
  'with a body that says it is not signed': (operation) => ({
    headers: { ...sign(operation), 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
  }),
  'with a signature for another operation': (operation) => ({
    headers: { ...sign('DescribeParameters'), 'x-amz-target': sign(operation)['x-amz-target'] ?? '' },
  }),
  'with a signature for another service': (operation) => ({ headers: sign(operation, { service: 'ec2' }) }),
  'from a page in a browser': (operation) => ({
    headers: { ...sign(operation), origin: 'http://evil.example' },
  }),
  'from a page of this very address': (operation) => ({
    headers: { ...sign(operation), origin: lab.endpoint },
  }),
  'from a page without a name': (operation) => ({ headers: { ...sign(operation), origin: 'null' } }),
  ...Object.fromEntries(
    OTHER_HOSTS.map((host): [string, Visitor] => [
      `to the Host ${JSON.stringify(host)}`,
      (operation) => ({ headers: { ...sign(operation, { host }), host } }),
    ]),
  ),
};

const OPERATIONS = Object.keys(SHAPES);

for (const [who, visit] of Object.entries(VISITORS)) {
  test(`a visitor ${who} is let in at no operation`, async () => {
    for (const operation of OPERATIONS) {
      const { headers, body = BODY } = visit(operation);
      const { status, error } = await knock('POST', '/', headers, body);
      assert.ok(
        status === 403 ||
          /^(MissingAuthenticationToken|UnrecognizedClient|InvalidSignature)Exception$/.test(error),
        `${operation}: ${status} ${error}`,
      );
    }
  });
}

test('who has the secret is let in at each operation', async () => {
  for (const operation of OPERATIONS) {
    const { status, error } = await knock('POST', '/', sign(operation), BODY);
    assert.doesNotMatch(error, /Signature|Authentication|UnrecognizedClient/, operation);
    assert.ok([200, 400].includes(status), `${operation}: ${status} ${error}`);
  }
});

test('no other path or method answers anybody: health, control and files are not served', async () => {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])
    for (const path of ['/', '/health', '/ready', '/lab.json', '/v1/data-channel/x', '/../lab.json']) {
      const { status } = await knock(method, path, {}, '');
      assert.equal(status, 404, `${method} ${path}`);
    }
});

const client = makeClient(lab);

/** Opens a data channel; resolves with 'open' or the status that refused it, then how the lab ended it. */
async function openChannel(url: string, headers: Record<string, string>, token: string): Promise<string> {
  const socket = new WebSocket(url, { headers });
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_request, answer) => {
      answer.resume();
      resolve(String(answer.statusCode));
      socket.terminate();
    });
    socket.on('error', () => {});
    socket.on('open', () => socket.send(JSON.stringify({ MessageSchemaVersion: '1.0', TokenValue: token })));
    socket.on('message', () => {
      resolve('open');
      socket.terminate();
    });
    socket.on('close', (code) => resolve(`closed ${code}`));
  });
}

test('data channels: no page, no other Host, no wrong signature, no wrong token, no token twice', {
  timeout: 60_000,
}, async () => {
  const { sandboxMissing } = await import('./test-lab.ts');
  const skip = sandboxMissing();
  if (skip) return;
  const other = await startLab({
    dir: makeFolder(),
    port: 0,
    hosts: [{ name: 'web-1', id: 'i-0aaaaaaaaaaaaaaa1', tags: {} }],
  });
  const own = makeClient(other);
  try {
    const start = () => own.send(new StartSessionCommand({ Target: 'i-0aaaaaaaaaaaaaaa1' }));
    const { StreamUrl = '', TokenValue = '' } = await start();
    const signed = await signChannel(own, StreamUrl);
    const thief = new SSMClient({
      region: 'us-east-1',
      endpoint: other.endpoint,
      credentials: { ...other.credentials, secretAccessKey: 'lab' },
    });
    const visitors: [string, Record<string, string>, string, string][] = [
      ['a page', { origin: 'http://evil.example' }, TokenValue, '403'],
      ['a page of this address', { origin: other.endpoint }, TokenValue, '403'],
      ['another Host', { host: `localhost:${other.port}` }, TokenValue, '403'],
      ['a rebound name', { host: `evil.example:${other.port}` }, TokenValue, '403'],
      ['a wrong secret', await signChannel(thief, StreamUrl), TokenValue, '403'],
      ['a signature of other words', { authorization: 'Bearer x' }, TokenValue, '403'],
      ['an old signature', { ...signed, 'x-amz-date': '20200101T000000Z' }, TokenValue, '403'],
      ['no token', {}, '', 'closed 1003'],
      ['a wrong token', {}, `${TokenValue.slice(0, -4)}AAAA`, 'closed 1008'],
      ["another session's token", {}, (await start()).TokenValue ?? '', 'closed 1008'],
      ['the token and a signature', signed, TokenValue, 'open'],
      ['the same token again', signed, TokenValue, 'closed 1008'],
    ];
    for (const [who, headers, token, wanted] of visitors)
      assert.equal(await openChannel(StreamUrl, headers, token), wanted, who);
    const unknown = StreamUrl.replace(/[0-9a-f]{17}/, '0'.repeat(17));
    assert.equal(await openChannel(unknown, {}, TokenValue), '404');
    assert.ok(Buffer.from(TokenValue, 'base64').length >= 32, 'a token is long');
    thief.destroy();
  } finally {
    own.destroy();
    await other.stop();
  }
});

test('each start has another secret, and each account its own', async () => {
  const folder = makeFolder();
  const secrets = new Set<string>();
  for (let count = 0; count < 3; count += 1) {
    const one = await startLab({ dir: folder, port: 0, hosts: [], accounts: [OTHER] });
    secrets.add(one.credentials.secretAccessKey).add(one.door.credentials(OTHER.accessKeyId).secretAccessKey);
    await one.stop();
  }
  assert.equal(secrets.size, 6);
  for (const secret of secrets) assert.ok(secret.length >= 40);
});

test('nobody else can look into the folder, whatever the umask, nor at what holds a secret', async () => {
  const folder = join(makeFolder(), 'lab');
  const before = process.umask(0);
  const one = await startLab({ dir: folder, port: 0, hosts: syntheticHosts(1) }).finally(() =>
    process.umask(before),
  );
  try {
    assert.equal(statSync(folder).mode & 0o7777, 0o700);
    for (const name of readdirSync(folder)) {
      const { mode } = lstatSync(join(folder, name));
      assert.equal(mode & 0o077, 0, name);
    }
  } finally {
    await one.stop();
  }
  chmodSync(folder, 0o755);
  const again = await startLab({ dir: folder, port: 0, hosts: [] });
  await again.stop();
  assert.equal(statSync(folder).mode & 0o7777, 0o700, "an earlier version's folder is closed");
});

for (const mode of [0o777, 0o700])
  test(`a folder of mode ${mode.toString(8)} that has other things in it is refused and left as it is`, async () => {
    const folder = makeFolder();
    chmodSync(folder, mode);
    writeFileSync(join(folder, 'notes'), '');
    mkdirSync(join(folder, 'program'));
    await assert.rejects(startLab({ dir: folder, hosts: [] }), { code: 'lab-folder' });
    assert.equal(statSync(folder).mode & 0o777, mode);
    assert.deepEqual(readdirSync(folder).sort(), ['notes', 'program']);
  });

test("another user's folder is refused", {
  skip: process.getuid?.() !== 0 ? 'needs root' : false,
}, async () => {
  const { chownSync } = await import('node:fs');
  const folder = join(makeFolder(), 'theirs');
  mkdirSync(folder, { mode: 0o700 });
  chownSync(folder, 1001, 1001);
  await assert.rejects(startLab({ dir: folder, hosts: [] }), { code: 'lab-folder' });
});

test.after(() => client.destroy());
