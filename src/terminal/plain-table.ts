import Table from 'cli-table3';
import { ownSequence, showLine } from './safe-text.ts';

/** A table whose cells are one line of safe text each; no column can forget it. */
export function makeTable(options: Table.TableConstructorOptions): {
  push(cells: readonly string[]): void;
  toString(): string;
} {
  const table = new Table({ ...options, ...PLAIN_TABLE });
  return {
    push: (cells) => void table.push(cells.map(showLine)),
    // What cli-table3 ends a colour with, since it does not know ours.
    toString: () => table.toString().replaceAll('\x1b[39m', ownSequence(39, 'm')),
  };
}

/** cli-table3 without lines: columns two spaces apart, which copy, grep and narrow terminals like better. */
export const PLAIN_TABLE = {
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  chars: Object.fromEntries(
    [
      ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
      ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
    ].map((name) => [name, '']),
  ),
};

export function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
