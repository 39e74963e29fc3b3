import { showLine } from './safe-text.ts';
import { TOLD_WORD } from './shell-word.ts';

/** On a narrower terminal nothing is wrapped: it would become a column of single words. */
const LEAST_COLUMNS = 40;

/** No later line that is cut out of a long word or a command begins further left. */
const LEAST_INDENT = 2;

/** Breaks at spaces, and in a word that no line can hold. Later lines start with `indent` spaces. */
export function wrapText(text: string, columns: number, indent = 0): string {
  return foldLine(showLine(text), columns, indent);
}

/** Where the text of a line begins behind its label: `  why:  `, `    next: `. */
const LABEL = /^ *(?:why|next|seen): +/;

/** Every line of a text for people that is longer than the terminal; what is shorter stays as it is. Sequences have no width. */
export function wrapLines(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => {
      const margin = LABEL.exec(line)?.[0].length ?? (/^ */.exec(line)?.[0].length ?? 0) + 2;
      return foldLine(line, columns, Math.min(margin, Math.floor(columns / 2)));
    })
    .join('\n');
}

function foldLine(text: string, columns: number, wanted: number): string {
  const width = Math.max(LEAST_COLUMNS, columns);
  if (measure(text) <= width) return text;
  const indent = Math.min(wanted, Math.floor(width / 2));
  const lines: string[] = [];
  let line = '';
  const parts = splitParts(text, width);
  for (const [at, part] of parts.entries()) {
    let rest = part.text;
    const most = width - (parts[at + 1]?.isGoingOn ? CONTINUED.length : 0);
    if (line.trim() !== '' && measure(line + rest) > most) {
      lines.push(part.isGoingOn ? line + CONTINUED : line);
      rest = startLine(rest, part, parts.slice(at + 1));
      // A long path stands further left, if that keeps it whole.
      const room = most - measure(rest);
      line = ' '.repeat(room < LEAST_INDENT ? indent : Math.min(indent, room));
    }
    // The terminal would go on in its first column, where only our own lines begin. Of a command the end of a word becomes
    // a word of its own, which the command refuses: better than a line that a shell would run.
    const mark = part.isOfCommand ? CONTINUED : '';
    while (measure(line + rest) > most && !part.isOfRoot) {
      const head = takeColumns(rest, width - mark.length - measure(line));
      lines.push(line + head + mark);
      rest = startLine(rest.slice(head.length), part, parts.slice(at + 1));
      line = ' '.repeat(indent);
    }
    line += rest;
  }
  return [...lines, line].join('\n');
}

/** How our own lines begin, and what could be read as one. */
const LOOKS_OURS = /^(?:ssm-keepalive(?: [\w-]+)?|why|next|seen):/;
const MAY_LOOK_OURS = /^\p{M}*(?:ssm-keepalive\b[^:]{0,60}:|(?:why|next|seen):)/u;

/** Foreign text at the start of a line: it does not look like a line of ours. A told command may begin one. */
function startLine(text: string, part: Part, following: readonly Part[]): string {
  const words = text.trimStart();
  const whole = [words, ...following.slice(0, 4).map((next) => next.text)].join('');
  return (part.isOfCommand ? LOOKS_OURS.test(words) : MAY_LOOK_OURS.test(whole)) ? `… ${words}` : words;
}

/** As much of a text as fits, at least one character; no sequence and no character with its marks is cut. */
function takeColumns(text: string, columns: number): string {
  let head = '';
  for (const [piece] of text.matchAll(/(?:\x1b\[[\d;]*[A-Za-z])+|.\p{M}*/gsu)) {
    if (head !== '' && measure(head + piece) > columns) break;
    head += piece;
  }
  return head;
}

/** A command for root. It takes each word as one more file, so it is never cut; the path has nothing that looks like a label. */
const ROOTS = '(?:chmod go-w|chown root:root|setfacl -b) /[\\w./@+-]*';
const IS_ROOTS = new RegExp(`^${ROOTS}$`);

/** Two spaces or a label stand before a told command; other text may name the program too. */
const COMMAND = new RegExp(
  `(?<=\\S {2}|^ *(?:why|next): +)(?:(?:ssm-keepalive|aws) [a-z]${TOLD_WORD}(?: (?:[>|] )?${TOLD_WORD})*|eval "[^"]*"|${ROOTS})`,
  'g',
);
/** One word of it: within quotes the mark would be text, but for the substitution of eval. */
const WORD = new RegExp(` *(?:[>|] )?${TOLD_WORD}`, 'g');

/** What a shell reads on after. */
const CONTINUED = ' \\';

interface Part {
  readonly text: string;
  readonly isOfCommand: boolean;
  /** A word of the command that the part before it belongs to. */
  readonly isGoingOn: boolean;
  readonly isOfRoot?: boolean;
}

/**
 * Words with the spaces before them. Half of a command, pasted, would do something else: one that a line can hold is a
 * single part, and any other goes on behind the mark that shells read on after.
 */
function splitParts(text: string, width: number): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: command, index } of text.matchAll(COMMAND)) {
    const start = text.slice(0, index).trimEnd().length;
    const whole = text.slice(start, index + command.length);
    const isOfRoot = IS_ROOTS.test(command);
    const isWhole = isOfRoot || measure(command) <= width - LEAST_INDENT;
    const words = isWhole ? [whole] : (whole.match(command.startsWith('eval') ? / *[^ ]+/g : WORD) ?? []);
    parts.push(
      ...splitWords(text.slice(end, start)),
      ...words.map((word, at) => ({ text: word, isOfCommand: true, isGoingOn: at > 0, isOfRoot })),
    );
    end = index + command.length;
  }
  return [...parts, ...splitWords(text.slice(end))];
}

/** A number stays with its unit. */
const splitWords = (text: string): Part[] =>
  (text.match(/ *(?:\d[\d.]* (?=(?:s|min|h|B|kB|MB)\b))?[^ ]+/g) ?? []).map((word) => ({
    text: word,
    isOfCommand: false,
    isGoingOn: false,
  }));

/** What terminals show two columns wide. An astral character has the length 2 already. */
const WIDE =
  /[\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\ud7ff\uf900-\uffff]|(?=\p{Emoji_Presentation})[\0-\uffff]/gu;

/** Columns on the screen, or more: marks count too. */
export function measure(text: string): number {
  const shown = text.replace(/\x1b\[[\d;]*[A-Za-z]/g, '');
  return shown.length + (shown.match(WIDE)?.length ?? 0);
}

/** Rows of two parts, the second ones in a column. After a first part that is too long, the second begins a new line. */
export function wrapRows(
  rows: readonly (readonly [first: string, second: string])[],
  columns: number,
): string {
  const longest = Math.max(0, ...rows.map(([first]) => first.length));
  const longestWord = Math.max(
    0,
    ...rows.flatMap(([, second]) => second.split(' ').map(({ length }) => length)),
  );
  const share = Math.max(26, Math.floor(columns * 0.4));
  const indent = Math.max(4, Math.min(longest + 4, share, columns - longestWord));
  return rows
    .map(([first, second]) => {
      const isShort = first.length + 4 <= indent;
      const lead = isShort ? `  ${first}`.padEnd(indent) : '';
      const wrapped = wrapText(`${lead || ' '.repeat(indent)}${second}`, columns, indent);
      return isShort ? wrapped : wrapText(`  ${first}`, columns, 6) + '\n' + wrapped;
    })
    .join('\n');
}
