/** Plays the part of a terminal emulator that matters here: it finds `ESC [ 5 n` in the output, split over pieces or not. */
const QUERY = [0x1b, 0x5b, 0x35, 0x6e];
/** What every emulator answers: "no malfunction". */
export const ANSWER = '\x1b[0n';

export class QueryFinder {
  private matched = 0;

  /** How many queries end in this piece of output. */
  count(bytes: Uint8Array): number {
    let found = 0;
    for (const byte of bytes) {
      // An ESC starts a new sequence wherever it stands, also inside a query that was cut off.
      if (byte === QUERY[this.matched]) this.matched += 1;
      else this.matched = byte === QUERY[0] ? 1 : 0;
      if (this.matched === QUERY.length) {
        found += 1;
        this.matched = 0;
      }
    }
    return found;
  }
}
