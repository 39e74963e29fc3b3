/**
 * Text that is not ours, made safe for a terminal. Every text of a run leaves through `showText` (cli/run.ts), so nothing
 * can forget it; what has to stay on one line goes through `showLine` or `say` where it enters a table or a sentence.
 */
import { randomInt } from 'node:crypto';

/** Longer than any reason of the service; an instance cannot push the rest of a report off the screen. */
const LONGEST_LINE = 1000;

/** Of this process alone, so that foreign text cannot pass for a sequence of ours. Groups of four: libraries that measure text know no longer ones. */
const SECRET = [randomInt(1000, 10_000), randomInt(1000, 10_000), randomInt(1000, 10_000)].join(';');
const OWN = new RegExp(`\\x1b\\[(\\d+);${SECRET}([mAGJ])`, 'g');
/** Controls of 7 and 8 bits, DEL, bidirectional and invisible characters, line and paragraph separators, halves of a character. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const UNSAFE_IN_TEXT = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A sequence that `showText` lets through, e.g. `ownSequence(32, 'm')` for green. */
export function ownSequence(parameter: number, final: 'm' | 'A' | 'G' | 'J'): string {
  return `\x1b[${parameter};${SECRET}${final}`;
}

/** Everything that a terminal could act on as visible text; lines and tabs stay. JSON stays JSON with the same data. */
export function showText(text: string): string {
  return encode(text, UNSAFE_IN_TEXT, (parameter, final) => `\x1b[${parameter}${final}`);
}

/** The same for one cell or one part of a sentence: no line ends in it, and its length is bounded. */
export function showLine(text: string): string {
  const shown = encode(text, UNSAFE, ownSequenceOf);
  return shown.length > LONGEST_LINE ? `${cutWhole(shown)}…` : shown;
}

/** A sentence of ours: each value in it is one line, whoever wrote it. */
export function say(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | undefined)[]
): string {
  return parts.map((part, at) => part + (at < values.length ? showLine(String(values[at])) : '')).join('');
}

/** Colours for a terminal, or none. */
export function makeColors(hasColor: boolean) {
  const paint = (code: number) => (text: string) =>
    hasColor ? `${ownSequence(code, 'm')}${text}${ownSequence(39, 'm')}` : text;
  return { red: paint(31), green: paint(32), yellow: paint(33) };
}

const ownSequenceOf = (parameter: string, final: string) => ownSequence(Number(parameter), final as 'm');

/** The form of JSON, `\u001b`: what stands in a JSON text means the same as before. */
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

/** Not in the middle of a character. */
function cutWhole(text: string): string {
  return text.slice(0, LONGEST_LINE).replace(/[\ud800-\udbff]$/, '');
}
