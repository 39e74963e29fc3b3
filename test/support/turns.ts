/** Rows of a table that show in several shells what one of them shows already: by turns in `npm test`, all of them in `npm run test:long`. */
import { test } from 'node:test';

export const isLong = process.env['SSM_KEEPALIVE_TEST_LONG'] === '1';

/** Who begins where the shells take rows in turn; the day decides. Replayed with the variable, which the tests print. */
export const TURN = Number(process.env['SSM_KEEPALIVE_TEST_SEED'] ?? Math.floor(Date.now() / 86_400_000));

/** One of the variants, another for each index; all in the long run. */
export function rotate<T>(variants: readonly T[], index: number): readonly T[] {
  return isLong ? variants : variants.slice(index % variants.length).slice(0, 1);
}

/** So many of the rows that one mechanism answers, the next ones each day; all in the long run. */
export function someOf<T>(rows: readonly T[], count: number): readonly T[] {
  return isLong ? rows : [...rows, ...rows].slice((TURN * count) % rows.length).slice(0, count);
}

/** Few rows that have every feature there is, other ones each day; all in the long run. Each step takes the row with the most that is new. */
export function coverOf<T>(rows: readonly T[], featuresOf: (row: T) => readonly string[]): readonly T[] {
  if (isLong) return rows;
  const start = (TURN * 7) % rows.length;
  const waiting = [...rows.slice(start), ...rows.slice(0, start)];
  const missing = new Set(rows.flatMap(featuresOf));
  const chosen = new Set<T>();
  while (missing.size > 0) {
    const isNew = (row: T) => featuresOf(row).filter((feature) => missing.has(feature)).length;
    const best = waiting.reduce((most, row) => (isNew(row) > isNew(most) ? row : most));
    for (const feature of featuresOf(best)) missing.delete(feature);
    chosen.add(best);
  }
  return rows.filter((row) => chosen.has(row));
}

/** `test` for the shell at this place of a list of `count`: each row in one of them, in another one each day. */
export function testInTurn(place: number, count: number) {
  let row = TURN + place;
  return (name: string, options: { skip: string | false }, run: () => void | Promise<void>): void => {
    row += 1;
    if (isLong || row % count === 0) test(name, options, run);
  };
}
