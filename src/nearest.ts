import { closest, distance } from 'fastest-levenshtein';

/** The known name nearest to a mistyped one; undefined if none is near enough. */
export function nearestName(typed: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const best = closest(typed, known);
  const isPrefix = typed.length >= 3 && known.filter((name) => name.startsWith(typed)).length === 1;
  if (isPrefix) return known.find((name) => name.startsWith(typed));
  return distance(typed, best) <= Math.max(2, Math.floor(best.length / 3)) ? best : undefined;
}
