/** A value cannot be quoted: a bug of ours, or a bad setting of the user. */
export class UnquotableError extends Error {
  constructor(dialect: string, reason: string) {
    super(`${dialect} cannot carry this value: ${reason}`);
  }
}

function textOf(dialect: string, value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  // An undefined value printed as an empty word would turn a guard into `[ -e /off ]`.
  if (typeof value !== 'string')
    throw new UnquotableError(dialect, `it is ${value === null ? 'null' : typeof value}, not text`);
  if (/\p{Surrogate}/u.test(value))
    throw new UnquotableError(dialect, 'it has half a surrogate pair, which no encoding carries');
  return value;
}

function refuse(dialect: string, value: string, pattern: RegExp, reason: string): void {
  if (pattern.test(value)) throw new UnquotableError(dialect, reason);
}

const PLAIN_WORD = /^[A-Za-z0-9_./,:@+-]+$/;

/** Closes the quotes before each `'`: inside quotes, zsh with RC_QUOTES reads `''` as one quote. */
function quoteShellWord(dialect: string, value: unknown): string {
  const text = textOf(dialect, value);
  refuse(dialect, text, /\0/, 'it has a NUL, which ends every shell word');
  if (PLAIN_WORD.test(text)) return text;
  if (text === '') return "''";
  return text
    .split("'")
    .map((part) => (part === '' ? '' : `'${part}'`))
    .join("\\'");
}

/** ASCII only: anything else as `\xHH` (if `hasBytes`), `\uHHHH` or `\UHHHHHHHH`, `hidden` too; a backslash before `special`. */
function escapeText(text: string, special: string, { hidden = '', hasBytes = false } = {}): string {
  return Array.from(text, (character) => {
    const code = character.codePointAt(0)!;
    if (special.includes(character)) return `\\${character}`;
    if (code >= 0x20 && code < 0x7f && !hidden.includes(character)) return character;
    const hex = code.toString(16);
    if (hasBytes && code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
    return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
  }).join('');
}

/** fish has two escapes inside single quotes: `\\` and `\'`. */
function quoteFishWord(value: unknown): string {
  const text = textOf('fish', value);
  refuse('fish', text, /\0/, 'it has a NUL, which ends every shell word');
  if (PLAIN_WORD.test(text)) return text;
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** One word of a unit file: C escapes, and `%%` because `%` starts a specifier [systemd.syntax(7), systemd.unit(5)]. */
function quoteSystemdWord(value: unknown): string {
  const text = textOf('systemd', value);
  refuse('systemd', text, /[\0-\x1f\x7f]/, 'it has a control character, and a unit file is made of lines');
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
}

/**
 * A double-quoted scalar, which YAML 1.1 and 1.2 read in the same way. ASCII only. A long text gets an escaped line break
 * after each newline, so that people and diffs see its lines. Column ten is deeper than any template's keys.
 */
function quoteYamlText(value: unknown): string {
  const lines = textOf('yaml', value).split('\n').map(escapeYamlLine);
  return `"${lines.join(`\\n\\\n${' '.repeat(10)}`)}"`;
}

/** Escapes a space at the start of a line, which would count as indentation. */
function escapeYamlLine(line: string): string {
  const escaped = escapeText(line, '\\"', { hasBytes: true });
  return escaped.startsWith(' ') ? `\\${escaped}` : escaped;
}

/** `=` is here for the end of base64. */
const DOCKERFILE_WORD = /^[A-Za-z0-9_./,:@+=-]+$/;

/** Allows only words that mean the same in ENV, in RUN and in comments: each has its own grammar. */
function quoteDockerfileWord(value: unknown): string {
  const text = textOf('dockerfile', value);
  if (!DOCKERFILE_WORD.test(text))
    throw new UnquotableError('dockerfile', 'it is no plain word, which alone every instruction reads alike');
  return text;
}

/**
 * The quoter of each language is its templates' EJS `escape`: `<%= value %>` is one safe word, which the language reads back
 * as exactly `value`. @throws UnquotableError for undefined, and for what the language cannot express
 */
export const DIALECTS = {
  sh: (value: unknown) => quoteShellWord('sh', value),
  bash: (value: unknown) => quoteShellWord('bash', value),
  zsh: (value: unknown) => quoteShellWord('zsh', value),
  fish: quoteFishWord,
  // ASCII only, so that it is independent of the file's coding; `u''`, because 2.7 needs it for `\u`.
  python: (value) => `u'${escapeText(textOf('python', value), "\\'")}'`,
  systemd: quoteSystemdWord,
  json: (value) => {
    const text = textOf('json', value);
    return typeof value === 'number' ? text : JSON.stringify(text);
  },
  yaml: quoteYamlText,
  dockerfile: quoteDockerfileWord,
  // A quoted template [HCL native syntax]. ASCII only; `$` and `%` as escapes too, since `${` and `%{` begin an expression.
  hcl: (value) => `"${escapeText(textOf('hcl', value), '\\"', { hidden: '$%' })}"`,
} satisfies Readonly<Record<string, (value: unknown) => string>>;
export type DialectName = keyof typeof DIALECTS;
