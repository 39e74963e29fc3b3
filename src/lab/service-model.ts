/**
 * The service's model, read from the SDK's schemas: members, types, and which are required.
 * Lengths, patterns and word lists are in shapes.ts, from botocore's model.
 */
import * as tagging from '@aws-sdk/client-resource-groups-tagging-api';
import * as ssm from '@aws-sdk/client-ssm';
import { NormalizedSchema } from '@smithy/core/schema';

/** What does not fit: its place, and what should be there. */
interface Misfit {
  readonly path: readonly (string | number)[];
  readonly expected: string;
  /** Nothing is there. */
  readonly isMissing?: true;
}

/** The kind comes first; then namespace, name and traits; of an operation its input and output, of a structure its members. */
type Schema = readonly [kind: number, ...unknown[]];
const OPERATION = 9;
const ERROR = -3;

/** @throws Error for an operation that the service does not have */
export function schemaOf(operation: string, side: 'input' | 'output'): NormalizedSchema {
  const schema = find(operation);
  if (schema?.[0] !== OPERATION) throw new Error(`the service has no operation ${operation}`);
  return NormalizedSchema.of(schema[side === 'input' ? 4 : 5] as Parameters<typeof NormalizedSchema.of>[0]);
}

export function isModelledError(name: string): boolean {
  return find(name)?.[0] === ERROR;
}

/** Both services of the lab; a name in both is the same error. */
function find(name: string): Schema | undefined {
  const [own, other] = [ssm, tagging] as unknown as Readonly<Record<string, Schema>>[];
  return own?.[`${name}$`] ?? other?.[`${name}$`];
}

/** The required members of a structure come first, and behind all of them is their number. */
export function requiredOf(schema: NormalizedSchema): readonly string[] {
  const [, , , , names, , count = 0] = schema.getSchema() as readonly unknown[];
  return (names as string[]).slice(0, count as number);
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isOf = (type: string) => (value: unknown) => typeof value === type;

const KINDS = [
  { kind: 'list', is: 'isListSchema', words: 'a list', fits: Array.isArray },
  { kind: 'map', is: 'isMapSchema', words: 'an object', fits: isObject },
  { kind: 'structure', is: 'isStructSchema', words: 'an object', fits: isObject },
  { kind: 'string', is: 'isStringSchema', words: 'a string', fits: isOf('string') },
  { kind: 'number', is: 'isNumericSchema', words: 'a number', fits: isOf('number') },
  { kind: 'boolean', is: 'isBooleanSchema', words: 'true or false', fits: isOf('boolean') },
  { kind: 'timestamp', is: 'isTimestampSchema', words: 'seconds since 1970', fits: isOf('number') },
  { kind: 'blob', is: 'isBlobSchema', words: 'base64', fits: isOf('string') },
] as const;

export function kindOf(schema: NormalizedSchema): (typeof KINDS)[number] {
  const kind = KINDS.find(({ is }) => schema[is]());
  // A newer SDK may have other schemas: no model is better than a wrong one.
  if (kind === undefined) throw new Error(`a schema of the SDK cannot be read: ${schema.getName(true)}`);
  return kind;
}

/** Everything in `value` that the schema forbids. `isClosed`: unknown members too; in requests the service ignores them. */
export function findMisfits(
  schema: NormalizedSchema,
  value: unknown,
  { isClosed = false, path = [] }: { isClosed?: boolean; path?: Misfit['path'] } = {},
): Misfit[] {
  const { kind, words, fits } = kindOf(schema);
  if (!fits(value)) return [{ path, expected: words }];
  const check = (inner: NormalizedSchema, one: unknown, at: string | number) =>
    findMisfits(inner, one, { isClosed, path: [...path, at] });
  if (kind === 'list')
    return (value as unknown[]).flatMap((one, index) => check(schema.getValueSchema(), one, index));
  if (kind !== 'map' && kind !== 'structure') return [];
  // null and undefined count as left out [AWS JSON 1.1].
  const given = Object.entries(value as object).filter(([, one]) => one !== undefined && one !== null);
  if (kind === 'map') return given.flatMap(([name, one]) => check(schema.getValueSchema(), one, name));
  const members = new Map(schema.structIterator());
  return [
    ...requiredOf(schema)
      .filter((name) => !given.some(([known]) => known === name))
      .map((name) => ({ path: [...path, name], expected: 'to be there', isMissing: true as const })),
    ...given.flatMap(([name, one]): Misfit[] => {
      const inner = members.get(name);
      if (inner) return check(inner, one, name);
      return isClosed ? [{ path: [...path, name], expected: 'no such member' }] : [];
    }),
  ];
}
