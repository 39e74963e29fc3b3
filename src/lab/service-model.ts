/**
 * The service's model, read from the SDK's schemas: members, types, and which are required.
 * Lengths, patterns and word lists are in shapes.ts, from botocore's model.
 */
import * as tagging from '@aws-sdk/client-resource-groups-tagging-api';
import * as ssm from '@aws-sdk/client-ssm';

export type Shape =
  | { readonly kind: 'string' | 'number' | 'boolean' | 'timestamp' | 'blob' }
  | { readonly kind: 'list'; readonly of: () => Shape }
  | { readonly kind: 'map'; readonly of: () => Shape }
  | {
      readonly kind: 'structure';
      readonly members: ReadonlyMap<string, () => Shape>;
      readonly required: ReadonlySet<string>;
    };

/** What does not fit: its place, and what should be there. */
export interface Misfit {
  readonly path: readonly (string | number)[];
  readonly expected: string;
  /** Nothing is there. */
  readonly isMissing?: true;
}

/** @throws Error for an operation that the service does not have */
export function shapeOf(operation: string, side: 'input' | 'output'): Shape {
  const schema = find(operation);
  if (!Array.isArray(schema) || schema[0] !== OPERATION)
    throw new Error(`the service has no operation ${operation}`);
  return readShape(schema[side === 'input' ? 4 : 5]);
}

export function isModelledError(name: string): boolean {
  const schema = find(name);
  return Array.isArray(schema) && schema[0] === ERROR;
}

/** Both services of the lab; a name in both is the same error. */
function find(name: string): unknown {
  const own = `${name}$`;
  return (
    (ssm as Readonly<Record<string, unknown>>)[own] ?? (tagging as Readonly<Record<string, unknown>>)[own]
  );
}

/** Everything in `value` that the shape forbids. `isClosed`: unknown members too; in requests the service ignores them. */
export function findMisfits(
  shape: Shape,
  value: unknown,
  { isClosed = false, path = [] }: { isClosed?: boolean; path?: Misfit['path'] } = {},
): Misfit[] {
  const check = (inner: () => Shape, one: unknown, at: string | number) =>
    findMisfits(inner(), one, { isClosed, path: [...path, at] });
  if (shape.kind === 'list')
    return Array.isArray(value)
      ? value.flatMap((one, index) => check(shape.of, one, index))
      : [{ path, expected: 'a list' }];
  if (shape.kind === 'structure' || shape.kind === 'map') {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return [{ path, expected: 'an object' }];
    // null and undefined count as left out [AWS JSON 1.1].
    const given = Object.entries(value).filter(([, one]) => one !== undefined && one !== null);
    if (shape.kind === 'map') return given.flatMap(([name, one]) => check(shape.of, one, name));
    const names = new Set(given.map(([name]) => name));
    return [
      ...[...shape.required]
        .filter((name) => !names.has(name))
        .map((name) => ({ path: [...path, name], expected: 'to be there', isMissing: true as const })),
      ...given.flatMap(([name, one]): Misfit[] => {
        const inner = shape.members.get(name);
        if (inner) return check(inner, one, name);
        return isClosed ? [{ path: [...path, name], expected: 'no such member' }] : [];
      }),
    ];
  }
  const { type, words } = SCALARS[shape.kind];
  return typeof value === type ? [] : [{ path, expected: words }];
}

const SCALARS = {
  string: { type: 'string', words: 'a string' },
  number: { type: 'number', words: 'a number' },
  boolean: { type: 'boolean', words: 'true or false' },
  timestamp: { type: 'number', words: 'seconds since 1970' },
  blob: { type: 'string', words: 'base64' },
} as const;

/**
 * The SDK's schemas: a number is a simple type; plus 64 or 128 a list or a map of it. An array starts with its kind.
 * `[schema, traits]` is a schema with remarks. A function stands for a schema later in the file.
 */
const SIMPLE: Readonly<Record<number, Exclude<Shape['kind'], 'list' | 'map' | 'structure'>>> = {
  0: 'string',
  1: 'number',
  2: 'boolean',
  4: 'timestamp',
  5: 'timestamp',
  6: 'timestamp',
  7: 'timestamp',
  21: 'blob',
  42: 'blob',
};
const LIST = 64;
const MAP = 128;
const OPERATION = 9;
const ERROR = -3;

function readShape(schema: unknown): Shape {
  if (typeof schema === 'function') return readShape(schema());
  if (typeof schema === 'number') {
    if (schema >= LIST && SIMPLE[schema] === undefined) {
      const kind = schema >= MAP ? 'map' : 'list';
      return { kind, of: () => readShape(schema - (kind === 'map' ? MAP : LIST)) };
    }
    const kind = SIMPLE[schema];
    if (kind) return { kind };
  }
  if (Array.isArray(schema)) {
    if (schema.length === 2) return readShape(schema[0]);
    const [tag, , , , first, second, requiredCount = 0] = schema;
    if (tag === 0) return readShape(first);
    if (tag === 1) return { kind: 'list', of: () => readShape(first) };
    if (tag === 2) return { kind: 'map', of: () => readShape(second) };
    if (tag === 3 || tag === ERROR) {
      const names = first as string[];
      return {
        kind: 'structure',
        members: new Map(names.map((name, index) => [name, () => readShape(second[index])])),
        required: new Set(names.slice(0, requiredCount)),
      };
    }
  }
  // A newer SDK may write schemas in another way: no model is better than a wrong one.
  throw new Error(`a schema of the SDK cannot be read: ${JSON.stringify(schema)}`);
}
