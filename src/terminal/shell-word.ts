/** One word for a command that we tell people to type: no shell reads more in it than its text, whoever wrote that. */
export function quoteWord(text: string): string {
  return /^[\w.,:=/@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
