// Renders the prompt keeper's files as they arrive on an instance, into a folder of their own.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ejs from 'ejs';
import { DIALECTS, type DialectName } from '../../../src/bundle/dialects.ts';
import { applyFault, FILES } from './faults.ts';

const templates = new URL('../../../templates/prompt/', import.meta.url);

/** What ends up in a version directory for the prompt keeper. */
export const promptFiles = FILES;
export type PromptFile = (typeof promptFiles)[number];

export interface PromptValues {
  readonly intervalSeconds: number;
  readonly maxIdleSeconds: number;
}

const dialects: Readonly<Record<PromptFile, DialectName>> = {
  'prompt.bash': 'bash',
  'prompt.zsh': 'zsh',
  'prompt.fish': 'fish',
  'prompt-helper.sh': 'sh',
};

export function renderPrompt(file: PromptFile, values: PromptValues): string {
  const text = readFileSync(new URL(`${file}.ejs`, templates), 'utf8');
  return ejs.render(text, { ...values }, { escape: DIALECTS[dialects[file]] });
}

export interface PromptFolder {
  readonly path: string;
  remove(): void;
}

/**
 * Writes every file; `edit` may change a text on its way, to put in a fault or another cap file.
 * The folder is readable by everyone, since some tests run as another user.
 */
export function writePromptFolder(
  values: PromptValues,
  edit: (file: PromptFile, text: string) => string = (_, text) => text,
): PromptFolder {
  const path = mkdtempSync(join(tmpdir(), 'prompt keeper-'));
  chmodSync(path, 0o755);
  for (const file of promptFiles) {
    writeFileSync(join(path, file), edit(file, applyFault(file, renderPrompt(file, values))), {
      mode: 0o644,
    });
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
