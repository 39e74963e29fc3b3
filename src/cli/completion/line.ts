/** Splits bash's command line, up to the cursor, into words as bash does. */

export interface Typed {
  /** Without quotes. The last word is the one at the cursor, often empty. */
  readonly words: readonly string[];
  /** The last word as it was typed, with its quotes. */
  readonly rawLast: string;
  /** The open quote of the last word; empty: none. */
  readonly quote: '' | "'" | '"';
}

/** Drops assignments in front, as in `A=1 ssm-keepalive install`. Leaves `$(…)` and `$NAME` as typed. */
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
