/**
 * Makes foreign text safe for a terminal. Every text of a run passes `showText` (in cli/run.ts). A value in a table or a
 * sentence also passes `showLine` or `safe`, so that it stays on one line.
 */
import { randomInt } from 'node:crypto';

/** Longer than any reason of the service. The limit stops an instance from filling the screen. */
const LONGEST_LINE = 1000;

/** Random, so that foreign text cannot imitate our sequences. Four digits a group: libraries measure longer ones wrongly. */
const SECRET = [randomInt(1000, 10_000), randomInt(1000, 10_000), randomInt(1000, 10_000)].join(';');
const OWN = new RegExp(`\\x1b\\[(\\d+);${SECRET}([mAGJ])`, 'g');
/**
 * Bidirectional and invisible characters, separators, lone surrogates; what looks blank and is no space; more than four
 * combining marks in a row. With blanks that are no spaces, foreign text could place words on the terminal's next line.
 */
const HIDDEN =
  '[\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}\\p{Default_Ignorable_Code_Point}\\u2800\\u{13441}\\u{13442}\\u{16fe4}\\u{1d159}]|(?! )\\p{Zs}|(?<=\\p{M}{4})\\p{M}';
/** Also 7-bit and 8-bit controls and DEL. */
const UNSAFE = new RegExp(`\\p{Cc}|${HIDDEN}`, 'gu');
const UNSAFE_IN_TEXT = new RegExp(`[^\\P{Cc}\\n\\t]|${HIDDEN}`, 'gu');

/** A sequence that `showText` lets through, e.g. `ownSequence(32, 'm')` for green. */
export function ownSequence(parameter: number, final: 'm' | 'A' | 'G' | 'J'): string {
  return `\x1b[${parameter};${SECRET}${final}`;
}

/** Shows everything that a terminal could act on as visible text; keeps newlines and tabs. JSON keeps its data. */
export function showText(text: string): string {
  return encode(text, UNSAFE_IN_TEXT, (parameter, final) => `\x1b[${parameter}${final}`);
}

/** The same for one cell or one part of a sentence: also without newlines, and of limited length. */
export function showLine(text: string): string {
  // Cut before, because others choose the length. No character gets shorter, so what is left is enough.
  const shown = encode(text.slice(0, LONGEST_LINE + 1), UNSAFE, ownSequenceOf);
  return shown.length > LONGEST_LINE ? `${cutWhole(shown)}…` : shown;
}

/** A sentence of ours; each value in it becomes one line of safe text. */
export function safe(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | undefined)[]
): string {
  return parts.map((part, at) => part + (at < values.length ? showLine(String(values[at])) : '')).join('');
}

/** Colours for a terminal, or none. */
export function makeColors(hasColor: boolean) {
  const paint = (code: number) => (text: string) =>
    hasColor ? `${ownSequence(code, 'm')}${text}${ownSequence(39, 'm')}` : text;
  return { red: paint(31), green: paint(32), yellow: paint(33), plain: String };
}

const ownSequenceOf = (parameter: string, final: string) => ownSequence(Number(parameter), final as 'm');

/** Writes unsafe characters as `\u001b`, so a JSON text keeps its meaning. */
function encode(text: string, unsafe: RegExp, own: (parameter: string, final: string) => string): string {
  const show = (part: string) =>
    part.replace(unsafe, (found) =>
      Array.from(
        { length: found.length },
        (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`,
      ).join(''),
    );
  let shown = '';
  let from = 0;
  for (const match of text.matchAll(OWN)) {
    shown += show(text.slice(from, match.index)) + own(match[1] ?? '', match[2] ?? '');
    from = match.index + match[0].length;
  }
  return shown + show(text.slice(from));
}

/** Cuts a text, but not inside a character. */
function cutWhole(text: string): string {
  return text.slice(0, LONGEST_LINE).replace(/[\ud800-\udbff]$/, '');
}
