/** Parses a config file, JSON or YAML, into keys with their lines. It does not know the flags. */
import { UsageError } from '../errors.ts';

/** A value as it was written: numbers keep their text, so that `1.10` stays `1.10`. */
export type FileValue =
  | { readonly kind: 'text' | 'number' | 'boolean'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly FileValue[] }
  | { readonly kind: 'map'; readonly entries: readonly FileEntry[] }
  | { readonly kind: 'nothing' };

export interface FileEntry {
  readonly key: string;
  /** Counted from 1. */
  readonly line: number;
  readonly value: FileValue;
}

/** No flag needs more than a list in a map. The limit also ends an alias that points at its own parent. */
const DEEPEST = 2;
/** More values than any command takes; aliases of aliases could make a short file that long. */
const MOST_VALUES = 100_000;

/** Reads a `.json` file as strict JSON, any other as YAML 1.2. @throws UsageError naming file and line */
export async function readEntries(text: string, path: string): Promise<FileEntry[]> {
  const entries = await (path.endsWith('.json') ? readJson(text, path) : readYaml(text, path)).catch(
    (error: unknown) => {
      throw error instanceof RangeError ? badFile(path, 1, 'its lists or maps are nested too deep') : error;
    },
  );
  const keys = new Set<string>();
  for (const { key, line } of entries) {
    if (keys.has(key)) throw badFile(path, line, `the key ${JSON.stringify(key)} is there twice`);
    keys.add(key);
  }
  return entries;
}

async function readJson(text: string, path: string): Promise<FileEntry[]> {
  const { parseTree, printParseErrorCode } = await import('jsonc-parser');
  type Node = NonNullable<ReturnType<typeof parseTree>>;
  const errors: { error: number; offset: number; length: number }[] = [];
  const root = parseTree(text, errors, { disallowComments: true });
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  const [first] = errors;
  // Its names are words in one: `CommaExpected`.
  if (first) {
    const name = printParseErrorCode(first.error).replace(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    throw badFile(path, lineOf(first.offset), `it is no JSON: ${name.toLowerCase()}`);
  }
  if (root?.type !== 'object') throw badFile(path, 1, 'it is no object with keys');
  const readObject = (node: Node, depth: number): FileEntry[] =>
    (node.children ?? []).map(({ offset, children: [key, value] = [] }) => ({
      key: String(key?.value),
      line: lineOf(offset),
      value: value ? readNode(value, depth) : { kind: 'nothing' },
    }));
  const readNode = (node: Node, depth: number): FileValue => {
    if (node.type === 'string') return { kind: 'text', text: node.value };
    if (node.type === 'number' || node.type === 'boolean')
      return { kind: node.type, text: text.slice(node.offset, node.offset + node.length) };
    if (depth >= DEEPEST || node.type === 'null') return { kind: 'nothing' };
    return node.type === 'array'
      ? { kind: 'list', items: (node.children ?? []).map((item) => readNode(item, depth + 1)) }
      : { kind: 'map', entries: readObject(node, depth + 1) };
  };
  return readObject(root, 0);
}

async function readYaml(text: string, path: string): Promise<FileEntry[]> {
  const { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } = await import('yaml');
  const lineCounter = new LineCounter();
  // prettyErrors would add a drawing of the line to the message.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
  const [first] = [...document.errors, ...document.warnings];
  if (first)
    throw badFile(
      path,
      lineCounter.linePos(first.pos[0]).line,
      `it is no YAML: ${first.code.toLowerCase().replaceAll('_', ' ')}`,
    );
  if (document.contents === null) return [];
  if (!isMap(document.contents)) throw badFile(path, 1, 'it is no map of keys and values');
  // Once for all: the library's own look-up reads the whole document for each alias.
  const anchors = new Map<string, unknown>();
  const targets = new Map<unknown, unknown>();
  visit(document, (_, node) => {
    if (isAlias(node)) targets.set(node, anchors.get(node.source));
    else if (isNode(node) && 'anchor' in node && node.anchor) anchors.set(node.anchor, node);
  });
  let values = 0;
  const readMap = (items: readonly unknown[], depth: number): FileEntry[] =>
    (items as { key: unknown; value: unknown }[]).map(({ key, value }) => ({
      key: isScalar(key) ? String(key.source ?? key.value) : '',
      line: isScalar(key) && key.range ? lineCounter.linePos(key.range[0]).line : 1,
      value: readNode(value, depth),
    }));
  const readNode = (given: unknown, depth: number): FileValue => {
    values += 1;
    if (values > MOST_VALUES) throw badFile(path, 1, `it has more than ${MOST_VALUES} values`);
    const node = targets.has(given) ? targets.get(given) : given;
    if (isScalar(node) && node.value !== null) {
      const kind = typeof node.value;
      return kind === 'number' || kind === 'boolean'
        ? { kind, text: node.source ?? String(node.value) }
        : { kind: 'text', text: String(node.value) };
    }
    if (depth >= DEEPEST) return { kind: 'nothing' };
    if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => readNode(item, depth + 1)) };
    if (isMap(node)) return { kind: 'map', entries: readMap(node.items, depth + 1) };
    return { kind: 'nothing' };
  };
  return readMap(document.contents.items, 0);
}

function badFile(path: string, line: number, why: string): UsageError {
  return new UsageError({
    code: 'bad-config-file',
    what: `${path}:${line} cannot be read`,
    why: why.replace(/\s*\n\s*/g, ' ').replace(/\.$/, ''),
    next: `correct it, or ignore it with  --config none`,
  });
}
