/** One figure of a bench run: what was measured, as words and as the ratio its bar is about. */
export interface BenchRow {
  readonly figure: string;
  readonly measured: string;
  readonly ratio: number;
  readonly bar: string;
  readonly isMet: boolean;
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
