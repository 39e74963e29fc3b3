import Table from 'cli-table3';
import { ownSequence, showLine } from './safe-text.ts';

/** A table without a newline at its end. Each cell becomes one line of safe text. */
export function renderTable(
  options: Table.TableConstructorOptions,
  rows: readonly (readonly string[])[],
): string {
  const table = new Table({ ...options, ...PLAIN_TABLE });
  for (const cells of rows) table.push(cells.map(showLine));
  // cli-table3 adds this sequence after a colour; it becomes one of ours, which showText lets through.
  return trimLines(table.toString().replaceAll('\x1b[39m', ownSequence(39, 'm')));
}

/** The style of cli-table3 without lines, columns two spaces apart: better for copying, grep and narrow terminals. */
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
