/** Quotes a text as one shell word, for commands that we print: no shell can read anything else in it. */
export function quoteWord(text: string): string {
  return /^[\w.,:=/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
