/** A command line as bash hands it over, up to the cursor, read as words the way bash would. */

export interface Typed {
  /** Without quotes; the last is the one the cursor is in, often empty. */
  readonly words: readonly string[];
  /** The last word as it was typed, quotes and all. */
  readonly rawLast: string;
  /** The quote that is still open in it; empty: none. */
  readonly quote: '' | "'" | '"';
}

/** Leading assignments go: `A=1 ssm-keepalive install`. What `$(…)` or `$NAME` would become is not known, and stays as typed. */
export function readLine(line: string): Typed {
  const words: string[] = [];
  let word = '';
  let raw = '';
  let quote: Typed['quote'] = '';
  let isIn = false;
  const end = () => {
    if (isIn && !(words.length === 0 && /^\w+=/.test(word))) words.push(word);
    word = '';
    raw = '';
    isIn = false;
  };
  for (let at = 0; at < line.length; at += 1) {
    const letter = line.charAt(at);
    const next = line.charAt(at + 1);
    if (quote === '' && /\s/.test(letter)) {
      end();
      continue;
    }
    isIn = true;
    raw += letter;
    if (letter === '\\' && quote !== "'" && next !== '' && (quote === '' || /["\\$`]/.test(next))) {
      word += next;
      raw += next;
      at += 1;
    } else if (letter === quote) quote = '';
    else if (quote === '' && (letter === "'" || letter === '"')) quote = letter;
    else word += letter;
  }
  return { words: [...words, word], rawLast: raw, quote };
}
