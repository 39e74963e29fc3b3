// The lab against the service's model as botocore carries it: every length, pattern and word, and every answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NormalizedSchema } from '@smithy/core/schema';
import { checkRequest } from '../../src/lab/contract.ts';
import type { ServiceError } from '../../src/lab/service-error.ts';
import { kindOf, requiredOf, schemaOf } from '../../src/lab/service-model.ts';
import { type OperationName, SHAPES } from '../../src/lab/shapes.ts';
import { findFaults, fits, type ModelShape, readBotocoreModel, type ServiceModel } from './botocore-model.ts';
import { playEveryOperation } from './every-operation.ts';
import { syntheticHosts, useLab } from './test-lab.ts';

const found = readBotocoreModel();
const isNewEnough = Number(found?.version.split('.')[1] ?? 0) >= 43;
const skip = found === undefined ? 'botocore is absent' : isNewEnough ? false : 'botocore is older than 1.43';
const model = found as ServiceModel;
/** All but the one of another service, whose model is another file. */
const OPERATIONS = (Object.keys(SHAPES) as OperationName[]).filter(
  (operation) => operation !== 'GetResources',
);

const shapeNamed = (name: string | undefined): ModelShape =>
  model.shapes[name ?? ''] ?? assert.fail(`no shape ${name}`);

test('the SDK and botocore tell the same of every operation: members, types, what is required', {
  skip,
}, () => {
  let count = 0;
  const compare = (ours: NormalizedSchema, name: string, path: string, depth = 0): void => {
    const theirs = shapeNamed(name);
    const kinds: Record<string, string> = { integer: 'number', long: 'number' };
    const { kind } = kindOf(ours);
    assert.equal(kind, kinds[theirs.type] ?? theirs.type, path);
    if (depth > 6) return;
    const inside = theirs.member?.shape ?? theirs.value?.shape ?? '';
    if (kind === 'list' || kind === 'map') compare(ours.getValueSchema(), inside, `${path}[]`, depth + 1);
    if (kind !== 'structure') return;
    assert.deepEqual([...requiredOf(ours)].sort(), [...(theirs.required ?? [])].sort(), path);
    for (const [member, inner] of ours.structIterator()) {
      const known = theirs.members?.[member];
      // One of the two may be newer.
      if (!known) continue;
      count += 1;
      compare(inner, known.shape, `${path}.${member}`, depth + 1);
    }
  };
  for (const operation of OPERATIONS) {
    const { input, output } = model.operations[operation] ?? assert.fail(operation);
    compare(schemaOf(operation, 'input'), input.shape, operation);
    if (output) compare(schemaOf(operation, 'output'), output.shape, operation);
  }
  assert.ok(count > 500, `${count} members compared`);
});

/** What a refusal may be called: a document's name has an error of its own. */
function refusal(operation: OperationName, body: unknown): string | undefined {
  try {
    checkRequest(operation, body);
    return undefined;
  } catch (error) {
    return (error as ServiceError).name;
  }
}

const SAMPLES = [
  'abc',
  '1',
  '10%',
  'i-0123456789abcdef0',
  '01234567-0123-0123-0123-0123456789ab',
  '$LATEST',
  '/a',
  'arn:aws:iam::123456789012:role/x',
  'ou-ab12-12345678',
  '123456789012',
];

/** The least that a shape takes, or undefined where no sample fits. */
function makeValue(name: string, path: string, isTop = false): unknown {
  const shape = shapeNamed(name);
  if (shape.type === 'boolean') return true;
  if (shape.type === 'integer' || shape.type === 'long') return shape.min ?? 1;
  if (shape.type === 'timestamp') return 1;
  if (shape.type === 'list')
    return Array.from({ length: shape.min ?? 0 }, () => makeValue(shape.member?.shape ?? '', path));
  if (shape.type === 'map') return {};
  if (shape.type === 'structure') {
    // Below the top an empty structure says nothing, so there all of its members are there.
    const names = isTop || shape.required ? (shape.required ?? []) : Object.keys(shape.members ?? {});
    const one = (member: string) => makeValue(shape.members?.[member]?.shape ?? '', `${path}.${member}`);
    return Object.fromEntries(names.map((member) => [member, one(member)]));
  }
  const candidates = shape.enum ?? [...SAMPLES, 'a'.repeat(shape.min ?? 1)];
  return (
    candidates.find((text) => findFaults(model, name, text).length === 0) ??
    assert.fail(`no sample for ${path}`)
  );
}

interface Probe {
  readonly why: string;
  readonly value: unknown;
  readonly isGood: boolean;
}

/** Values on both sides of every limit of one shape. */
function probe(name: string, path: string): Probe[] {
  const shape = shapeNamed(name);
  const probes: Probe[] = [];
  const add = (why: string, value: unknown) =>
    probes.push({ why, value, isGood: findFaults(model, name, value).length === 0 });
  const { min, max } = shape;
  if (shape.type === 'string') {
    const letters = ['a', '1', '/'];
    const ofLength = (length: number) =>
      letters
        .map((letter) => letter.repeat(length))
        .find((text) => !shape.pattern || fits(shape.pattern, text));
    if (shape.enum) add('a word that is none of its own', 'NoSuchWord');
    else {
      if (max !== undefined) add(`${max + 1} characters`, 'a'.repeat(max + 1));
      if (max !== undefined && ofLength(max)) add(`${max} characters`, ofLength(max));
      if (min !== undefined && min > 0) add(`${min - 1} characters`, 'a'.repeat(min - 1));
      if (min !== undefined && ofLength(min)) add(`${min} characters`, ofLength(min));
      if (shape.pattern)
        for (const text of ['', '!', ' ', '\u0001', 'é\n', '0', ...SAMPLES]) add('a text', text);
    }
    for (const word of shape.enum ?? []) add('one of its words', word);
  }
  if (shape.type === 'integer' || shape.type === 'long') {
    for (const limit of [min, max])
      if (limit !== undefined) for (const by of [-1, 0, 1]) add('a number', limit + by);
  }
  if (shape.type === 'list') {
    // Distinct items, since some lists may hold none twice.
    const item = (n: number) => {
      const one = makeValue(shape.member?.shape ?? '', path);
      const text = typeof one === 'string' ? one.slice(0, -3) + String(n).padStart(3, '0') : one;
      return findFaults(model, shape.member?.shape ?? '', text).length === 0 ? text : one;
    };
    const many = (length: number) => Array.from({ length }, (_, n) => item(n));
    if (max !== undefined) for (const length of [max, max + 1]) add(`${length} items`, many(length));
    if (min !== undefined && min > 0)
      for (const length of [min - 1, min]) add(`${length} items`, many(length));
  }
  return probes;
}

/** Every member below a shape: where it is, what it is, and how to make the whole from one value of it. */
function* membersOf(
  name: string,
  path: string,
  build: (value: unknown) => unknown,
  depth = 0,
): Generator<{ name: string; path: string; build: (value: unknown) => unknown }> {
  yield { name, path, build };
  const shape = shapeNamed(name);
  if (depth > 5) return;
  if (shape.type === 'list')
    yield* membersOf(shape.member?.shape ?? '', `${path}[]`, (value) => build([value]), depth + 1);
  if (shape.type === 'map')
    yield* membersOf(shape.value?.shape ?? '', `${path}{}`, (value) => build({ commands: value }), depth + 1);
  if (shape.type !== 'structure') return;
  const least = makeValue(name, path, depth === 0) as object;
  for (const [member, { shape: inner }] of Object.entries(shape.members ?? {}))
    yield* membersOf(inner, `${path}.${member}`, (value) => build({ ...least, [member]: value }), depth + 1);
}

/** Below these the lab takes what comes: nothing in it uses them. */
const UNCHECKED = /^SendCommand\.(NotificationConfig|CloudWatchOutputConfig|AlarmConfiguration)\b/;

/** Where the lab is narrower than the model, and why. */
const NARROWER: readonly (readonly [RegExp, string])[] = [
  [/^(Delete|Describe)Association$/, 'this lab finds associations by their id alone'],
];

for (const operation of OPERATIONS) {
  test(`${operation}: each limit of the model is kept, on both sides`, { skip }, () => {
    const shape = shapeNamed(model.operations[operation]?.input.shape);
    const unserved = Object.keys(shape.members ?? {}).filter(
      (member) => !Object.hasOwn(SHAPES[operation].shape, member),
    );
    const needsId = NARROWER.some(([which]) => which.test(operation));
    const extra = needsId ? { AssociationId: '01234567-0123-0123-0123-0123456789ab' } : {};
    const top = model.operations[operation]?.input.shape ?? '';
    let count = 0;
    for (const { name, path, build } of membersOf(top, operation, (value) => ({
      ...extra,
      ...(value as object),
    }))) {
      const member = path.split(/[.[{]/)[1] ?? '';
      if (unserved.includes(member) || UNCHECKED.test(path)) continue;
      for (const { why, value, isGood } of probe(name, path)) {
        count += 1;
        const refused = refusal(operation, build(value));
        const text = `${path} with ${why}, ${JSON.stringify(value)?.slice(0, 60)}`;
        if (isGood) assert.equal(refused, undefined, `${text}: refused`);
        else assert.match(refused ?? 'taken', /^(ValidationException|InvalidDocument)$/, text);
      }
    }
    for (const member of unserved)
      assert.equal(
        refusal(operation, {
          ...(makeValue(top, operation, true) as object),
          ...extra,
          [member]: makeValue(shape.members?.[member]?.shape ?? '', member),
        }),
        'ValidationException',
        `${operation} takes ${member} and does nothing with it`,
      );
    assert.ok(count > 0);
  });
}

/** The service answers these to any operation; no model lists them [AWS common errors]. */
const COMMON = ['ValidationException', 'SerializationException'];

test('every answer of the lab fits the model, limits and words included, and every error is one of its operation', {
  skip,
}, async () => {
  const hosts = [
    ...syntheticHosts(6, { synthetic: { stdout: 'out\n', stderr: 'err\n' } }),
    { name: 'other', id: 'i-0ccccccccccccccc1', tags: {}, synthetic: { outcome: 'Offline' as const } },
  ];
  const lab = await useLab({ hosts, consistencySeconds: 0 });
  const exchanges = await playEveryOperation(lab, ['i-00000000000000001', 'i-00000000000000002']);
  const faults: string[] = [];
  // As the service's own answers in the AWS CLI's manual: an empty text where there is nothing, thousandths of seconds.
  const isLikeTheService = (fault: string) =>
    /: {2}(is none of its words|does not fit)|: 0 is below \d+$/.test(fault) ||
    /\.Execution(Start|End)DateTime: \S+\.\d{3}Z does not fit|\.ExecutionElapsedTime: PT[\d.]+S does not fit/.test(
      fault,
    );
  for (const { operation, why, error, output } of exchanges) {
    const { output: shape, errors = [] } = model.operations[operation] ?? assert.fail(operation);
    if (error === '') {
      if (shape) faults.push(...findFaults(model, shape.shape, output, `${operation}, ${why}`));
    } else if (![...COMMON, ...errors.map((one) => one.shape)].includes(error))
      faults.push(`${operation}, ${why}: ${error} is none of its errors`);
  }
  assert.deepEqual(
    faults.filter((fault) => !isLikeTheService(fault)),
    [],
  );
  const answered = new Set(exchanges.filter(({ error }) => error === '').map(({ operation }) => operation));
  // A synthetic host has no shell, so its session is over before it could be resumed: test/session/ does that.
  assert.deepEqual(
    OPERATIONS.filter((operation) => !answered.has(operation)),
    ['ResumeSession'],
  );
});
