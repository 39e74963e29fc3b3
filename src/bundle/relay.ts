import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BundleSettings } from './inputs.ts';
import { TEMPLATES_FOLDER } from './render.ts';

/** A module uses only earlier ones; tmux only with the wrapper. */
export const MODULES = ['bytes', 'keeper', 'pump', 'shell', 'record', 'tmux', 'main'] as const;

const DOCSTRING = /^"""[\s\S]*?"""\n/;
const OWN_IMPORT = /^from relay\.\w+ import .*\n/gm;
const IMPORT = /^import \w+\n/gm;

/** Joins the modules of templates/relay into one text: one file starts faster than seven. Imports go to the top. */
export function joinRelay({ wrap }: Pick<BundleSettings, 'wrap'>): string {
  const texts = MODULES.filter((name) => name !== 'tmux' || wrap === 'tmux').map((name) =>
    readFileSync(join(TEMPLATES_FOLDER, 'relay', `${name}.py`), 'utf8'),
  );
  const [about] = DOCSTRING.exec(texts.at(-1)!)!;
  const imports = [...new Set(texts.flatMap((text) => text.match(IMPORT) ?? []))].sort();
  const bodies = texts.map((text) =>
    text.replace(DOCSTRING, '').replace(OWN_IMPORT, '').replace(IMPORT, '').trim(),
  );
  return `${about}${imports.join('')}\n${bodies.join('\n\n\n')}\n`;
}
