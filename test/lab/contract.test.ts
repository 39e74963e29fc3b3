// Requests and answers against the model that the SDK installs.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkAnswer } from '../../src/lab/contract.ts';
import { isModelledError, kindOf, requiredOf, schemaOf } from '../../src/lab/service-model.ts';
import { type OperationName, SHAPES } from '../../src/lab/shapes.ts';
import { rawCall } from './raw-call.ts';
import { syntheticHosts, useLab } from './test-lab.ts';

const lab = await useLab({ hosts: syntheticHosts(1), consistencySeconds: 0 });
const OPERATIONS = Object.keys(SHAPES) as OperationName[];

/** A value of every kind but the right one. */
const WRONG: Readonly<Record<ReturnType<typeof kindOf>['kind'], unknown>> = {
  string: 1,
  number: '1',
  boolean: 'true',
  timestamp: 'now',
  blob: 1,
  list: 'x',
  map: 'x',
  structure: 'x',
};

for (const operation of OPERATIONS) {
  test(`${operation}: a member of the wrong type is no request, and one that is required must be there`, async () => {
    const schema = schemaOf(operation, 'input');
    for (const [member, inner] of schema.structIterator()) {
      const answer = await rawCall(lab, operation, { [member]: WRONG[kindOf(inner).kind] });
      assert.equal(answer.error, 'SerializationException', member);
    }
    if (requiredOf(schema).length === 0) return;
    const answer = await rawCall(lab, operation, {});
    assert.equal(answer.error, 'ValidationException');
    for (const name of requiredOf(schema))
      assert.match(String(answer.body['message']), new RegExp(`'${name}' failed to .*must not be null`, 'i'));
  });
}

test('a member that this lab does nothing with is refused, one that no service knows is passed over', async () => {
  const body = { AssociationId: '01234567-0123-0123-0123-0123456789ab' };
  const unserved = await rawCall(lab, 'UpdateAssociation', { ...body, CalendarNames: ['x'] });
  assert.match(String(unserved.body['message']), /does not serve CalendarNames of UpdateAssociation/);
  assert.equal((await rawCall(lab, 'ListCommands', { Nonsense: 1 })).error, '');
});

test('no JSON, a list and an operation that the lab does not have are refused', async () => {
  assert.equal((await rawCall(lab, 'ListCommands', '{')).error, 'SerializationException');
  assert.equal((await rawCall(lab, 'ListCommands', '[]')).error, 'SerializationException');
  assert.equal((await rawCall(lab, 'PutParameter', {})).error, 'UnknownOperationException');
  assert.equal((await rawCall(lab, 'constructor', {})).error, 'UnknownOperationException');
});

test('an answer that the service could not give is a fault of the lab', () => {
  checkAnswer('ListCommands', {
    Commands: [{ CommandId: 'x', RequestedDateTime: 1.5 }],
    NextToken: undefined,
  });
  for (const [output, says] of [
    [{ Commands: [{ CommandId: 7 }] }, /commands.1.member.commandId: expected a string/],
    [{ Commands: [{ Id: 'x' }] }, /commands.1.member.id: expected no such member/],
    [{ Commands: {} }, /commands: expected a list/],
  ] as const) {
    assert.throws(() => checkAnswer('ListCommands', output), { name: 'InternalServerError', message: says });
  }
});

test('every error that the lab can answer is in the model, or one that any AWS service answers', () => {
  const common = [
    'ValidationException',
    'SerializationException',
    'UnknownOperationException',
    'MissingAuthenticationTokenException',
    'InvalidSignatureException',
    'UnrecognizedClientException',
    'ExpiredTokenException',
    'RequestEntityTooLargeException',
    // Of STS and Organizations, whose models are not read here.
    'AccessDenied',
    'ParentNotFoundException',
  ];
  const folder = new URL('../../src/lab', import.meta.url).pathname;
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [
      ...readFileSync(join(folder, file), 'utf8').matchAll(/new ServiceError\(\s*'(\w+)'/g),
    ])
    .map(([, name = '']) => name);
  assert.ok(names.length > 20);
  assert.deepEqual(
    names.filter((name) => !common.includes(name) && !isModelledError(name)),
    [],
  );
});
