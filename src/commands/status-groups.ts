import Table from 'cli-table3';
import type { Verdict } from '../fleet/judge.ts';
import type { Io } from './io.ts';
import { PLAIN_TABLE, trimLines } from './plain-table.ts';
import { countKept, describeEntries, describeKeeper, describeNote, showVerdict } from './verdict-report.ts';

/** From here on nobody reads a row an instance; `--output json` has them all. */
export const GROUPED_HOSTS = 20;
/** So many ids of a group are named. */
const NAMED_IN_GROUP = 2;

/** One row for all instances that are alike, the largest group first. */
export function renderGroups(verdicts: readonly Verdict[], io: Io): string {
  const groups = new Map<string, Verdict[]>();
  for (const verdict of verdicts) {
    const key = [
      showVerdict(verdict),
      describeKeeper(verdict),
      describeEntries(verdict),
      describeNote(verdict, false),
    ].join('\n');
    groups.set(key, [...(groups.get(key) ?? []), verdict]);
  }
  const table = new Table({
    head: ['COUNT', 'VERDICT', 'KEEPER', 'ENTRIES', 'KEPT', 'NOTE AND INSTANCES'],
    ...PLAIN_TABLE,
    colWidths: [7, 15, 8, 14, 6, Math.max(24, io.columns - 51)],
    wordWrap: true,
  });
  const byCount = [...groups.values()].sort((a, b) => b.length - a.length);
  for (const group of byCount) {
    const [first] = group as [Verdict];
    const ids = group.slice(0, NAMED_IN_GROUP).map(({ instanceId }) => instanceId);
    const others = group.length - ids.length;
    table.push([
      String(group.length),
      showVerdict(first),
      describeKeeper(first),
      describeEntries(first),
      String(group.reduce((sum, { report }) => sum + (report ? countKept(report) : 0), 0)),
      [describeNote(first, false), `${ids.join(' ')}${others > 0 ? ` and ${others} more` : ''}`]
        .filter(Boolean)
        .join('; '),
    ]);
  }
  return `${trimLines(table.toString())}\n${verdicts.length} instances; each one:  --output json\n`;
}
