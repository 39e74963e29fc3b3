// Each field of each answer that src/ reads, with a value of another type: the call fails, and says that it is not the service.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as sdk from '@aws-sdk/client-ssm';
import { NormalizedSchema } from '@smithy/core/schema';
import { ForeignAnswerError, LONGEST_ANSWER_BYTES } from '../../src/fleet/answers.ts';
import { makeClient } from '../../src/fleet/client.ts';
import { listMembers, listRegions } from '../../src/fleet/organization.ts';
import { assumeRole } from '../../src/fleet/role.ts';
import { explainServiceError } from '../../src/fleet/service-errors.ts';
import { resumeSession } from '../../src/fleet/sessions.ts';
import { HurriedClock } from '../support/clock.ts';

const SOURCE = fileURLToPath(new URL('../../src/fleet/', import.meta.url));
const OPERATIONS = [
  ...new Set(
    readdirSync(SOURCE).flatMap((file) =>
      [...readFileSync(SOURCE + file, 'utf8').matchAll(/new (\w+)Command\(/g)].map(([, name = '']) => name),
    ),
  ),
].filter((name) => `${name}Command` in sdk);

type Maker = new (input: object) => Parameters<sdk.SSMClient['send']>[0];
const found = sdk as unknown as Record<string, Maker & readonly unknown[]>;

/** Answers in which one value has another type than the service's model says. */
function* listWrong(
  schema: NormalizedSchema,
  depth = 0,
): Generator<readonly [path: string, answer: unknown]> {
  if (depth > 0)
    for (const odd of [5, 'x', true, [], {}, [null]])
      if (!isOf(schema, odd)) yield [` = ${JSON.stringify(odd)}`, odd];
  if (depth > 8) return;
  if (schema.isStructSchema())
    for (const [name, member] of schema.structIterator())
      for (const [path, answer] of listWrong(member, depth + 1))
        yield [`.${name}${path}`, { [name]: answer }];
  if (schema.isListSchema())
    for (const [path, answer] of listWrong(schema.getValueSchema(), depth + 1)) yield [`[]${path}`, [answer]];
  if (schema.isMapSchema())
    for (const [path, answer] of listWrong(schema.getValueSchema(), depth + 1))
      yield [`{}${path}`, { key: answer }];
}

function isOf(schema: NormalizedSchema, odd: unknown): boolean {
  if (schema.isStringSchema()) return typeof odd === 'string';
  if (schema.isNumericSchema() || schema.isTimestampSchema()) return typeof odd === 'number';
  if (schema.isBooleanSchema()) return typeof odd === 'boolean';
  if (schema.isListSchema()) return Array.isArray(odd) && odd.length === 0;
  // The library reads a list as an empty object.
  return typeof odd === 'object';
}

async function startServer(context: TestContext, answer: () => { status?: number; body: string }) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const { status = 200, body } = answer();
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(body);
    });
  });
  return listen(context, server);
}

async function listen(context: TestContext, server: Server) {
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  context.after(() => void server.close().closeAllConnections());
  const endpointUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const client = makeClient({ endpointUrl, region: 'us-east-1', credentials, clock: new HurriedClock(100) });
  context.after(() => client.destroy());
  return { client, endpointUrl };
}

test('answers: a value of another type, anywhere in an answer, is not the service', async (context) => {
  let body = '';
  const { client } = await startServer(context, () => ({ body }));
  let count = 0;
  assert.ok(OPERATIONS.length > 15, OPERATIONS.join(' '));
  for (const name of OPERATIONS) {
    const Command = found[`${name}Command`] as Maker;
    const form = NormalizedSchema.of((found[`${name}$`] as readonly unknown[])[5] as never);
    for (const [path, answer] of listWrong(form)) {
      body = JSON.stringify(answer);
      count += 1;
      await assert.rejects(client.send(new Command({})), ForeignAnswerError, `${name}${path}`);
    }
  }
  context.diagnostic(`${count} answers to ${OPERATIONS.length} operations`);
});

test('answers: of a session that has ended ResumeSession says so without a token, and that is the service', async (context) => {
  let body = '';
  const { client } = await startServer(context, () => ({ body }));
  for (body of [
    '{}',
    '{"SessionId":"x"}',
    '{"SessionId":"x","TokenValue":"","StreamUrl":""}',
    '{"TokenValue":null}',
  ])
    assert.equal((await resumeSession(client, 'x', new AbortController().signal))?.TokenValue, '', body);
});

test('answers: a connection that breaks in the middle of one is a failure of the network', async (context) => {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"Commands":', () => response.destroy());
  });
  const { client } = await listen(context, server);
  const error = await client.send(new sdk.ListCommandsCommand({})).catch((thrown: unknown) => thrown);
  assert.equal(explainServiceError(error, 'it failed').code, 'network');
});

test('answers: one that does not end is broken off, of every service that is asked', async (context) => {
  const blanks = ' '.repeat(LONGEST_ANSWER_BYTES + 1);
  const { client, endpointUrl } = await startServer(context, () => ({ body: `${blanks}{}` }));
  for (const call of [() => client.send(new sdk.ListCommandsCommand({})), ...listCalls(client, endpointUrl)])
    await assert.rejects(call(), isNotTheService);
});

const isNotTheService = (error: Error & { code?: string }): boolean =>
  error instanceof ForeignAnswerError || error.code === 'not-the-service';

/** The calls that are made without the SDK. */
function listCalls(client: sdk.SSMClient, endpointUrl: string): (() => Promise<unknown>)[] {
  const caller = { client, endpointUrl };
  return [
    assumeRole(caller, { account: '123456789012', role: 'reader', externalId: undefined }),
    () => listMembers(caller, []),
    () => listMembers(caller, ['ou-abcd-12345678']),
    () => listRegions(caller),
  ];
}

const BODIES = ['', 'null', '5', '"x"', '[]', '{}', '{"Accounts', '<html>', '<Expiration>soon</Expiration>'];
const LISTS = ['{}', 'null', '5', '[null]', '[5]', '[{"Id":5}]', '[{"RegionName":null}]'].flatMap((list) =>
  ['Accounts', 'OrganizationalUnits', 'Regions'].map((name) => `{"${name}":${list}}`),
);
const ERRORS = [
  '',
  '{"message":"no"}',
  '{}',
  '[]',
  'null',
  '{"__type":5}',
  '{"__type":{},"message":[]}',
  '{"message":{}}',
  '<html>',
];

test('answers: STS, Organizations and Account Management that answer otherwise are not the service', async (context) => {
  let answer = { status: 200, body: '' };
  const { client, endpointUrl } = await startServer(context, () => answer);
  const answers = [
    ...[...BODIES, ...LISTS].map((body) => ({ status: 200, body })),
    ...ERRORS.map((body) => ({ status: 400, body })),
  ];
  for (answer of answers)
    for (const call of listCalls(client, endpointUrl))
      await assert.rejects(call(), isNotTheService, `${answer.status} ${answer.body}`);
});
