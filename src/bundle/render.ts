import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ejs from 'ejs';
import { DIALECTS, type DialectName } from './dialects.ts';

/** templates/ lies beside src/ and dist/, however deep the bundler puts this module. */
function findTemplates(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'templates');
    if (existsSync(join(candidate, 'host/installer.sh.ejs'))) return candidate;
    if (folder === dirname(folder)) throw new Error('templates/ is missing from this copy of ssm-keepalive');
  }
}

let templatesFolder: string | undefined;

/** Where the templates of this copy are, found once. */
export function templatesPath(): string {
  templatesFolder ??= findTemplates();
  return templatesFolder;
}

/**
 * Prints one template with `values`, every `<%= %>` quoted for `dialect`.
 * A name that `values` lacks stops the rendering: it never becomes an empty word.
 */
export function renderTemplate(
  name: string,
  dialect: DialectName,
  values: Readonly<Record<string, unknown>>,
): string {
  const locals = { ...values };
  try {
    return compileTemplate(name, dialect)(locals);
  } catch (error) {
    // Compiled again in the slow way, which knows the line that failed.
    compileTemplate(name, dialect, true)(locals);
    throw error;
  }
}

const compiled = new Map<string, ejs.TemplateFunction>();

/** Each once for each dialect, and without what names a failing line: that is half of the time that rendering takes. */
function compileTemplate(name: string, dialect: DialectName, knowsLines = false): ejs.TemplateFunction {
  const key = `${dialect} ${name}`;
  const known = knowsLines ? undefined : compiled.get(key);
  if (known) return known;
  const path = join(templatesPath(), name);
  const template = ejs.compile(readFileSync(path, 'utf8'), {
    filename: path,
    compileDebug: knowsLines,
    escape: (value: unknown) => DIALECTS[dialect].quote(value),
  });
  compiled.set(key, template);
  return template;
}
