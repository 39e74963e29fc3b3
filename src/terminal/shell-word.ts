/** Words of commands that a person may paste into sh, bash, zsh or fish. */
import { showLine } from './safe-text.ts';

/**
 * One word of a told command, as `quoteCommand` writes it. Where a comma, `;` or two spaces follow, the command is over.
 * For parts of other patterns.
 */
export const TOLD_WORD = /(?:'[^']*'|"[^"]*"|[^\s'";,>|&()`]|,(?=[^\s]))+/.source;

/** Quotes a text as one word: none of these shells can read anything else in it. */
export function quoteWord(text: string): string {
  // zsh replaces a word that begins with `=`.
  if (/^(?!=)[\w.,:=/@%+-]+$/.test(text)) return text;
  // fish reads `\` between single quotes.
  return `'${text.replace(/['\\]/g, (found) => `'"${found === '\\' ? '\\\\' : found}"'`)}'`;
}

/** Each value is one word, a list several. No value is read as a flag. For text that is part of a command, use `+`. */
export function quoteCommand(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | readonly string[])[]
): string {
  return parts.reduce((line, part, at) => addWords(line, toTexts(values[at - 1])) + part);
}

/** On one line, as `safe` shows them. */
const toTexts = (value: string | number | readonly string[] = []) =>
  [value].flat().map((one) => showLine(String(one)));

function addWords(line: string, words: readonly string[]): string {
  if (!words.some((word) => word.startsWith('-'))) return line + words.map(quoteWord).join(' ');
  const flag = /--[a-z-]+$/.exec(line.trimEnd())?.[0];
  if (flag === undefined) return `${line}-- ${words.map(quoteWord).join(' ')}`;
  const before = line.slice(0, line.lastIndexOf(flag));
  return before + words.map((word) => `${flag}=${quoteWord(word)}`).join(' ');
}
