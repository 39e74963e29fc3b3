/** A comment on a line of its own: a hash and a space. Not ours to touch: `#!`, and markers like `# >>>`. */
const COMMENT = /^\s*# (?!>>>|<<<)/;
/** For linters, which read the text with its comments. */
const DIRECTIVE = /^\s*# shellcheck /;

/**
 * The text without its comment lines, but for those at its head, which say what it is: an instance needs no more, and what is
 * sent has to fit. Shell, fish and Python alike; the line numbers change, nothing else does.
 */
export function leaveOutComments(text: string): string {
  const lines = text.split('\n');
  const isHead = (line: string) => line.startsWith('#') || line === '';
  const headEnd = lines.findIndex((line) => !isHead(line));
  return lines
    .filter((line, index) => !DIRECTIVE.test(line) && (index < headEnd || !COMMENT.test(line)))
    .join('\n')
    .replace(/^\n+/, '');
}

/** The text with one space for each level: what is sent has to fit. Nothing of ours depends on the number, Python included. */
export const narrowIndentation = (text: string, spacesPerLevel: number): string =>
  text.replace(/^ +/gm, (spaces) => ' '.repeat(Math.ceil(spaces.length / spacesPerLevel)));

/** A string that is a statement of its own, inside a class or a function, with the blank line after it. */
const DOCSTRING = /^ +"""[\s\S]*?"""\n\n?/gm;

/** A comment after a statement; no string of ours holds two spaces and a hash. */
const TRAILING = /(?<=\S) {2,}# .*$/gm;

/**
 * Python text without the docstrings of its classes and functions, and without comments after statements; the docstring of the
 * module stays, which says what the file is.
 */
export const leaveOutPythonComments = (text: string): string =>
  text.replace(DOCSTRING, '').replace(TRAILING, '');
