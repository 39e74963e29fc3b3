import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ejs from 'ejs';
import { DIALECTS, type DialectName } from './dialects.ts';

/** templates/ lies beside src/ and dist/, however deep the bundler puts this module. */
function findTemplates(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'templates');
    if (existsSync(join(candidate, 'installer.sh.ejs'))) return candidate;
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
  const path = join(templatesPath(), name);
  return ejs.render(
    readFileSync(path, 'utf8'),
    { ...values },
    {
      filename: path,
      escape: (value: unknown) => DIALECTS[dialect].quote(value),
    },
  );
}
