/** The service's model as botocore carries it, where one is on the machine: shapes by name, with lengths, patterns and words. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export interface ModelShape {
  readonly type: string;
  readonly members?: Readonly<Record<string, { readonly shape: string }>>;
  readonly required?: readonly string[];
  readonly member?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

export interface ServiceModel {
  readonly version: string;
  readonly shapes: Readonly<Record<string, ModelShape>>;
  readonly operations: Readonly<
    Record<
      string,
      {
        readonly input: { readonly shape: string };
        readonly output?: { readonly shape: string };
        readonly errors?: readonly { readonly shape: string }[];
      }
    >
  >;
}

const FIND = 'import botocore, os; print(botocore.__version__, os.path.dirname(botocore.__file__))';

/** Undefined where no Python on PATH, nor the AWS CLI's own, has botocore. */
export function readBotocoreModel(): ServiceModel | undefined {
  for (const python of ['python3', '/usr/bin/python3', 'python']) {
    const { status, stdout } = spawnSync(python, ['-c', FIND], { encoding: 'utf8', timeout: 60_000 });
    const [version = '', folder = ''] = status === 0 ? stdout.trim().split(' ') : [];
    if (version === '') continue;
    const file = join(folder, 'data/ssm/2014-11-06/service-2.json');
    if (existsSync(`${file}.gz`))
      return { ...JSON.parse(gunzipSync(readFileSync(`${file}.gz`)).toString('utf8')), version };
    if (existsSync(file)) return { ...JSON.parse(readFileSync(file, 'utf8')), version };
  }
  return undefined;
}

/** Patterns are Java's: they have to match the whole text. */
export function fits(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${pattern})$`, /\\p\{/.test(pattern) ? 'u' : '').test(text);
}

/** Everything in a value that the model forbids, as sentences. */
export function findFaults(
  model: ServiceModel,
  shapeName: string,
  value: unknown,
  path = shapeName,
): string[] {
  const shape = model.shapes[shapeName];
  if (!shape) return [`${path}: no shape ${shapeName}`];
  if (value === undefined || value === null) return [];
  const kinds: Record<string, string> = {
    string: 'string',
    integer: 'number',
    long: 'number',
    timestamp: 'number',
    boolean: 'boolean',
  };
  const kind = kinds[shape.type];
  if (kind && typeof value !== kind) return [`${path}: ${JSON.stringify(value)} is no ${shape.type}`];
  const size = typeof value === 'number' ? value : Array.isArray(value) ? value.length : String(value).length;
  const hasSize = kind !== undefined || Array.isArray(value);
  const own = [
    ...(hasSize && shape.min !== undefined && size < shape.min
      ? [`${path}: ${size} is below ${shape.min}`]
      : []),
    ...(hasSize && shape.max !== undefined && size > shape.max
      ? [`${path}: ${size} is above ${shape.max}`]
      : []),
    ...(shape.enum && !shape.enum.includes(String(value)) ? [`${path}: ${value} is none of its words`] : []),
    ...(shape.pattern && !fits(shape.pattern, String(value))
      ? [`${path}: ${value} does not fit ${shape.pattern}`]
      : []),
  ];
  if (shape.type === 'list')
    return Array.isArray(value)
      ? [
          ...own,
          ...value.flatMap((one, n) => findFaults(model, shape.member?.shape ?? '', one, `${path}[${n}]`)),
        ]
      : [`${path} is no list`];
  if (shape.type === 'map')
    return Object.entries(value as object).flatMap(([name, one]) =>
      findFaults(model, shape.value?.shape ?? '', one, `${path}.${name}`),
    );
  if (shape.type !== 'structure') return own;
  const given = value as Record<string, unknown>;
  const missing = (shape.required ?? []).filter((name) => given[name] === undefined);
  return [
    ...missing.map((name) => `${path}.${name} is missing`),
    ...Object.entries(given).flatMap(([name, one]) => {
      const member = shape.members?.[name];
      return member
        ? findFaults(model, member.shape, one, `${path}.${name}`)
        : [`${path}.${name}: no such member`];
    }),
  ];
}
