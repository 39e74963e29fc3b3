import { showLine } from './safe-text.ts';

/** On a narrower terminal nothing is wrapped: it would become a column of single words. */
const LEAST_COLUMNS = 40;

/** Breaks only at spaces: a longer path or flag stays whole, to be copied. Later lines start with `indent` spaces. */
export function wrapText(text: string, columns: number, indent = 0): string {
  return foldLine(showLine(text), columns, indent);
}

/** Where the text of a line begins behind its label: `  why:  `, `       next: `, `  i-0abc  why:  `. */
const LABEL = /^ *(?:m?i-\w+ +)?(?:why|next|seen): +/;

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

function foldLine(text: string, columns: number, indent: number): string {
  const width = Math.max(LEAST_COLUMNS, columns);
  if (measure(text) <= width) return text;
  const lines: string[] = [];
  let line = '';
  for (const part of splitParts(text, width)) {
    if (line.trim() === '' || measure(line + part) <= width) {
      line += part;
      continue;
    }
    lines.push(line);
    const words = part.trimStart();
    // A long path stands further left, if that keeps it whole.
    const room = width - measure(words);
    line = ' '.repeat(room < 0 ? indent : Math.min(indent, room)) + words;
  }
  return [...lines, line].join('\n');
}

/** Our messages put two spaces after a command where more follows. */
const COMMAND = /(?<=\S) {1,2}(?:ssm-keepalive|aws) (?:(?! {2}|; ).)+/;

/** Words with the spaces before them. A command that a line can hold is one: half of it, pasted, would do something else. */
function splitParts(text: string, width: number): string[] {
  const [command] = COMMAND.exec(text) ?? [];
  if (command === undefined) return text.match(/ *[^ ]+/g) ?? [];
  const [before = '', after = ''] = [
    text.slice(0, text.indexOf(command)),
    text.slice(text.indexOf(command) + command.length),
  ];
  const own = measure(command.trimStart()) <= width ? [command] : (command.match(/ *[^ ]+/g) ?? []);
  return [...(before.match(/ *[^ ]+/g) ?? []), ...own, ...splitParts(after, width)];
}

const measure = (text: string) => text.replace(/\x1b\[[\d;]*[A-Za-z]/g, '').length;

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
