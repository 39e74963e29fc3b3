/** A comment on its own line: a hash and a space. Not `#!`, and not markers such as `# >>>`. */
const COMMENT = /^\s*# (?!>>>|<<<)/;
/** For linters, which read the text with its comments. */
const DIRECTIVE = /^\s*# shellcheck /;

/** Keeps comments at the top, which say what the file is. For shell, fish and Python. Only line numbers change. */
export function leaveOutComments(text: string): string {
  const lines = text.split('\n');
  const isHead = (line: string) => line.startsWith('#') || line === '';
  const headEnd = lines.findIndex((line) => !isHead(line));
  return lines
    .filter((line, index) => !DIRECTIVE.test(line) && (index < headEnd || !COMMENT.test(line)))
    .join('\n')
    .replace(/^\n+/, '');
}

/** One space a level, to make the text smaller. Our texts do not depend on the width, in Python neither. */
export const narrowIndentation = (text: string, spacesPerLevel: number): string =>
  text.replace(/^ +/gm, (spaces) => ' '.repeat(Math.ceil(spaces.length / spacesPerLevel)));

/** A docstring of a class or function, with the blank line after it. */
const DOCSTRING = /^ +"""[\s\S]*?"""\n\n?/gm;

/** A comment after a statement. No string of ours contains two spaces and a hash. */
const TRAILING = /(?<=\S) {2,}# .*$/gm;

/** The module's docstring stays: it says what the file is. */
export const leaveOutPythonComments = (text: string): string =>
  text.replace(DOCSTRING, '').replace(TRAILING, '');
