import { showLine } from './safe-text.ts';

/** Narrower than this nothing is wrapped: what is left would be a column of single words. */
const LEAST_COLUMNS = 40;

/**
 * Text in lines of at most `columns`, every line after the first under `indent` spaces. Breaks at spaces alone: a path or
 * a flag that is longer stays whole, so that it can be copied.
 */
export function wrapText(text: string, columns: number, indent = 0): string {
  const width = Math.max(LEAST_COLUMNS, columns);
  const lines: string[] = [];
  let line = '';
  // Spaces before a word belong to it: two of them set off a command in our messages.
  for (const [part] of showLine(text).matchAll(/ *[^ ]+/g)) {
    if (line.trim() === '' || line.length + part.length <= width) {
      line += part;
      continue;
    }
    lines.push(line);
    line = `${' '.repeat(indent)}${part.trimStart()}`;
  }
  return [...lines, line].join('\n');
}
