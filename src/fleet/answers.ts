/** A proxy or another program may answer instead of the service. Such answers are refused here. */
import { pipeline, Readable, Transform } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ReadableStream } from 'node:stream/web';
import { NormalizedSchema } from '@smithy/core/schema';
import { getSmithyContext } from '@smithy/core/transport';
import { isObject } from '../json-object.ts';
import { wordTable } from '../word-table.ts';

/** An answer that the service does not give. Whether the call had an effect is not known. */
export class ForeignAnswerError extends Error {
  override readonly name = 'ForeignAnswerError';
  readonly $metadata: { readonly httpStatusCode?: number };

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.$metadata = (cause as Partial<ForeignAnswerError> | undefined)?.$metadata ?? {};
  }
}

/** The longest answers are pages of 50 commands, each with its script of up to 64 KB [service model]. */
export const LONGEST_ANSWER_BYTES = 16 * 1024 * 1024;

/**
 * What the service never leaves out, by operation. Lists are not here: an empty one may be left out. Nor is ResumeSession:
 * for a session that has ended it answers without a token.
 */
const NEVER_MISSING = wordTable<string>({
  CreateAssociation: 'AssociationDescription',
  CreateDocument: 'DocumentDescription',
  DescribeAssociation: 'AssociationDescription',
  DescribeDocument: 'Document',
  GetDocument: 'Content',
  SendCommand: 'Command',
  StartSession: 'StreamUrl',
  UpdateAssociation: 'AssociationDescription',
  UpdateDocument: 'DocumentDescription',
});

interface Client {
  // biome-ignore lint/suspicious/noExplicitAny: the stacks of two clients have no common type
  readonly middlewareStack: { add: any; addRelativeTo: any };
}

/** The kind, namespace, name, traits, input and output of an operation. */
type OperationSchema = readonly [unknown, unknown, string, unknown, unknown, SchemaOf];
type SchemaOf = Parameters<typeof NormalizedSchema.of>[0];

type Handler = (
  args: unknown,
) => Promise<{ readonly output: unknown; readonly response: { body?: unknown } }>;

/** A client's call fails with ForeignAnswerError if the answer is longer than the service's, or of another form. */
export function refuseForeignAnswers({ middlewareStack }: Client): void {
  middlewareStack.add(
    (next: Handler, context: Parameters<typeof getSmithyContext>[0]) => async (args: unknown) => {
      const result = await next(args).catch((error: unknown) => {
        throw isUnreadable(error) ? new ForeignAnswerError('the answer cannot be read', error) : error;
      });
      const [, , operation, , , form] = getSmithyContext(context)['operationSchema'] as OperationSchema;
      requireForm(operation, form, result.output);
      return result;
    },
    { step: 'initialize', name: 'refuseOtherForms', priority: 'low' },
  );
  middlewareStack.addRelativeTo(
    (next: Handler) => async (args: unknown) => {
      const result = await next(args);
      const { response } = result;
      if (response.body instanceof Readable) response.body = limit(response.body);
      return result;
    },
    { relation: 'after', toMiddleware: 'deserializerMiddleware', name: 'limitAnswers' },
  );
}

/** The connection broke in the middle of an answer, or the call was ended. */
const BROKEN = /^(AbortError|TimeoutError|ECONN\w+|EPIPE|ETIMEDOUT|ERR_STREAM_\w+)$/;

/** The library met something that it did not expect: each error that the service names has `$fault`. */
function isUnreadable(error: unknown): boolean {
  const { name, message, code = '' } = error as Error & { readonly code?: unknown };
  if (error instanceof ForeignAnswerError || [name, code].some((word) => BROKEN.test(String(word))))
    return false;
  // `Unknown`: the library's name for an error without one.
  if (name === 'Unknown' || !/^[A-Za-z][\w.-]*$/.test(String(name)) || typeof message !== 'string')
    return true;
  return Object.hasOwn(error as object, '$response') && !('$fault' in (error as object));
}

function requireForm(operation: string, form: SchemaOf, output: unknown) {
  const wrong = findWrong(output, NormalizedSchema.of(form));
  if (wrong !== undefined) throw new ForeignAnswerError(`${operation}: wrong type at ${wrong || 'its root'}`);
  const field = NEVER_MISSING[operation];
  if (field !== undefined && (output as Readonly<Record<string, unknown>>)[field] === undefined)
    throw new ForeignAnswerError(`${operation}: ${field} is missing`);
}

/** The path to the first value whose type is not that of the service's model; undefined: there is none. */
function findWrong(value: unknown, schema: NormalizedSchema): string | undefined {
  if (schema.isUnitSchema()) return undefined;
  if (schema.isListSchema())
    return Array.isArray(value) ? findInside(value.entries(), schema.getValueSchema()) : '';
  if (schema.isMapSchema())
    return isObject(value) ? findInside(Object.entries(value), schema.getValueSchema()) : '';
  if (schema.isStructSchema()) {
    if (!isObject(value)) return '';
    for (const [name, member] of schema.structIterator()) {
      const wrong = value[name] === undefined ? undefined : findWrong(value[name], member);
      if (wrong !== undefined) return `.${name}${wrong}`;
    }
    return undefined;
  }
  if (schema.isTimestampSchema())
    return value instanceof Date && !Number.isNaN(value.getTime()) ? undefined : '';
  const [, type = typeof value] = TYPES.find(([isOf]) => isOf(schema)) ?? [];
  return typeof value === type ? undefined : '';
}

const TYPES: readonly (readonly [isOf: (schema: NormalizedSchema) => boolean, type: string])[] = [
  [(schema) => schema.isStringSchema(), 'string'],
  [(schema) => schema.isNumericSchema(), 'number'],
  [(schema) => schema.isBooleanSchema(), 'boolean'],
];

function findInside(
  entries: Iterable<readonly [string | number, unknown]>,
  schema: NormalizedSchema,
): string | undefined {
  for (const [key, value] of entries) {
    const wrong = findWrong(value, schema);
    if (wrong !== undefined) return `[${key}]${wrong}`;
  }
  return undefined;
}

/** The text of an answer to `fetch`. @throws ForeignAnswerError */
export async function readBounded({ body }: Response): Promise<string> {
  return body ? text(limit(Readable.fromWeb(body as ReadableStream))) : '';
}

/** A body that fails once it is longer than any answer of the service. */
function limit(body: Readable): Readable {
  let size = 0;
  const counter = new Transform({
    transform(part: Buffer, _, done) {
      size += part.length;
      done(size > LONGEST_ANSWER_BYTES ? new ForeignAnswerError('the answer does not end') : null, part);
    },
  });
  // An error reaches whoever reads the counter.
  return pipeline(body, counter, () => {});
}
