import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ejs from 'ejs';
import { DIALECTS, type DialectName } from './dialects.ts';

/** Where the templates of this copy are: beside src/ and dist/; the depth of this module in dist/ varies. */
export const TEMPLATES_FOLDER = findTemplates(dirname(fileURLToPath(import.meta.url)));

function findTemplates(folder: string): string {
  const candidate = join(folder, 'templates');
  if (existsSync(join(candidate, 'host/installer.sh.ejs'))) return candidate;
  if (folder === dirname(folder)) throw new Error('templates/ is missing from this copy of ssm-keepalive');
  return findTemplates(dirname(folder));
}

/**
 * `<%= %>` is quoted for `dialect`. `hasReasons` keeps the template's own comments in the text, except its header.
 * @throws Error if the template uses a name that `values` lacks
 */
export function renderTemplate(
  name: string,
  dialect: DialectName,
  values: Readonly<Record<string, unknown>>,
  { hasReasons = false } = {},
): string {
  try {
    return compileTemplate(name, dialect, hasReasons)(values);
  } catch (error) {
    // Compiles again with line numbers, to name the line that failed.
    compileTemplate(name, dialect, hasReasons, true)(values);
    throw error;
  }
}

const compiled = new Map<string, ejs.TemplateFunction>();

/** Compiles each template once a dialect. Line numbers are off: they cost half of the rendering time. */
function compileTemplate(
  name: string,
  dialect: DialectName,
  hasReasons: boolean,
  knowsLines = false,
): ejs.TemplateFunction {
  const key = `${dialect} ${name} ${hasReasons}`;
  const known = knowsLines ? undefined : compiled.get(key);
  if (known) return known;
  const path = join(TEMPLATES_FOLDER, name);
  const read = (file: string) => {
    const source = readFileSync(file, 'utf8');
    return hasReasons ? showReasons(source) : source;
  };
  const template = ejs.compile(read(path), {
    filename: path,
    includer: (_, file) => ({ template: read(file) }),
    compileDebug: knowsLines,
    escape: DIALECTS[dialect],
  });
  compiled.set(key, template);
  return template;
}

/** Makes a template's comments comments of its text, with the same indent; not the header, which may be inside a line. */
const showReasons = (source: string): string =>
  source.replace(/\n((?:<%#[\s\S]*?-%>\n)+)(?=( *))/g, (_, comments: string, indentation: string) => {
    const lines = comments
      .replaceAll(/<%#|-%>\n$/g, '')
      .replaceAll('-%>\n', '\n')
      .trim()
      .split('\n');
    return `\n${lines.map((line) => `${indentation}# ${line.trim()}\n`).join('')}`;
  });
