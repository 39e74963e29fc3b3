/** Reads a service unit with its drop-ins as systemd does, as far as an agent's unit needs it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Highest first: a file here hides those of the same name below [systemd.unit(5)]. */
const UNIT_FOLDERS = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system'];

interface Assignments {
  /** Of Environment=; later values win. */
  readonly environment: Map<string, string>;
  /** A leading `-`: the file may be missing. */
  readonly environmentFiles: string[];
  /** Names or whole assignments. */
  readonly unsetEnvironment: string[];
}

export interface Unit extends Assignments {
  readonly name: string;
  readonly loadState: 'loaded' | 'not-found';
  readonly fragmentPath: string;
  readonly dropInPaths: readonly string[];
  readonly killMode: string;
  readonly restart: string;
  readonly workingDirectory: string;
}

/** Ignores what systemd ignores. */
export function loadUnit(name: string, root = ''): Unit {
  const fragmentPath = UNIT_FOLDERS.map((folder) => `${folder}/${name}`).find(
    (path) => readText(root + path) !== undefined,
  );
  const dropInPaths = findDropIns(name, root);
  const values = new Map<string, string>();
  const assignments: Assignments = { environment: new Map(), environmentFiles: [], unsetEnvironment: [] };
  for (const path of [...(fragmentPath === undefined ? [] : [fragmentPath]), ...dropInPaths]) {
    applyFile(readText(root + path) ?? '', assignments, values);
  }
  return {
    ...assignments,
    name,
    loadState: fragmentPath === undefined ? 'not-found' : 'loaded',
    fragmentPath: fragmentPath ?? '',
    dropInPaths: fragmentPath === undefined ? [] : dropInPaths,
    killMode: values.get('KillMode') || 'control-group',
    restart: values.get('Restart') || 'no',
    workingDirectory: values.get('WorkingDirectory') || '/',
  };
}

/**
 * The variables for the unit's process: files override Environment=, and unset names go last [systemd.exec(5)].
 * Undefined if a required file is missing: systemd then starts nothing.
 */
export function readEnvironment(unit: Unit, root = ''): Map<string, string> | undefined {
  const environment = new Map(unit.environment);
  for (const file of unit.environmentFiles) {
    const text = readText(root + file.replace(/^-/, ''));
    if (text === undefined && !file.startsWith('-')) return undefined;
    for (const line of joinLines(text ?? '')) {
      const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
      if (match) environment.set(match[1] ?? '', (splitWords(match[2] ?? '') ?? []).join(' '));
    }
  }
  for (const word of unit.unsetEnvironment) {
    const [name = '', value] = word.split(/=(.*)/s);
    if (value === undefined || environment.get(name) === value) environment.delete(name);
  }
  return environment;
}

/** Drop-ins of all folders, sorted by file name; a name in a higher folder hides the lower one. */
function findDropIns(name: string, root: string): string[] {
  const byName = new Map<string, string>();
  // `foo-.service.d` applies to every unit named `foo-…`; the longer prefix hides the shorter.
  const stem = name.replace(/\.service$/, '');
  const prefixes = [...stem.matchAll(/-/g)]
    .map((match) => `${stem.slice(0, match.index + 1)}.service`)
    .reverse();
  for (const unit of [name, ...prefixes, 'service']) {
    for (const folder of UNIT_FOLDERS) {
      const path = `${folder}/${unit}.d`;
      for (const file of readNames(root + path)) {
        if (file.endsWith('.conf') && !byName.has(file)) byName.set(file, `${path}/${file}`);
      }
    }
  }
  return [...byName.keys()].sort().map((file) => byName.get(file) ?? '');
}

function applyFile(text: string, assignments: Assignments, values: Map<string, string>): void {
  let section = '';
  for (const line of joinLines(text)) {
    const header = /^\[(.*)\]$/.exec(line);
    if (header) {
      section = header[1] ?? '';
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 1 || section !== 'Service') continue;
    const key = line.slice(0, equals).trim();
    const value = line.slice(equals + 1).trim();
    if (key === 'Environment') applyEnvironment(value, assignments.environment);
    else if (key === 'EnvironmentFile') applyList(assignments.environmentFiles, [value], value === '');
    else if (key === 'UnsetEnvironment')
      applyList(assignments.unsetEnvironment, splitWords(value) ?? [], value === '');
    else values.set(key, value);
  }
}

/** Drops comments and empty lines, and joins lines that end in `\`. */
function joinLines(text: string): string[] {
  const lines: string[] = [];
  let held = '';
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line.startsWith('#') || line.startsWith(';')) continue;
    if (line.endsWith('\\')) {
      held += `${line.slice(0, -1)} `;
      continue;
    }
    const whole = (held + line).trim();
    held = '';
    if (whole !== '') lines.push(whole);
  }
  if (held.trim() !== '') lines.push(held.trim());
  return lines;
}

function applyEnvironment(value: string, environment: Map<string, string>): void {
  if (value === '') environment.clear();
  for (const word of splitWords(value) ?? []) {
    const [, name, text = ''] = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(expandSpecifiers(word)) ?? [];
    if (name !== undefined) environment.set(name, text);
  }
}

/** An empty assignment clears the list. */
function applyList(list: string[], words: readonly string[], isReset: boolean): void {
  if (isReset) list.length = 0;
  else list.push(...words);
}

const ESCAPES: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
};

/** Words with quotes and C escapes; undefined for what systemd refuses (an open quote, an unknown escape). */
function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (quote === '' && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '\\') {
      const hex = /^x([0-9a-fA-F]{2})/.exec(text.slice(at + 1));
      const next = text[at + 1] ?? '';
      const plain = /["'\\]/.test(next) ? next : ESCAPES[next];
      if (hex) word = (word ?? '') + String.fromCharCode(Number.parseInt(hex[1] ?? '', 16));
      else if (plain !== undefined) word = (word ?? '') + plain;
      else return undefined;
      at += hex ? 3 : 1;
    } else if (quote === '' ? char === '"' || char === "'" : char === quote) {
      quote = quote === '' ? char : '';
      word ??= '';
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== '') return undefined;
  if (word !== undefined) words.push(word);
  return words;
}

/** Knows only `%%`: with any other specifier nothing is assigned, so an unescaped `%` is noticed. */
function expandSpecifiers(word: string): string {
  return /%(?!%)/.test(word.replaceAll('%%', '')) ? '' : word.replaceAll('%%', '%');
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function readNames(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
