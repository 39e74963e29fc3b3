import { type AccountName, labelAccount, labelColumns } from '../../accounts/names.ts';
import { isGood } from '../../fleet/judge.ts';
import { addSilent, countAllSilent, countSilent, type SilentCount } from '../../fleet/silent-sessions.ts';
import { groupBy } from '../../groups.ts';
import type { Io } from '../../terminal/io.ts';
import { renderTable } from '../../terminal/plain-table.ts';
import { safe } from '../../terminal/safe-text.ts';
import { countRows, type Row } from './verdict-json.ts';
import {
  countKept,
  describeEntries,
  describeKeeper,
  describeNote,
  describeUnattended,
  FULL_COLUMNS,
  showVerdict,
} from './verdict-report.ts';

/** Above this number, equal instances share a row; `--output json` has every instance. */
export const GROUPED_HOSTS = 20;
/** How many ids of a group are named. */
const NAMED_IN_GROUP = 2;

/** One row for all equal instances of an account, the largest group first; where that gives many rows, of all accounts. */
export function renderGroups(rows: readonly Row[], io: Io): string {
  const groupIn = ({ cells }: ReturnType<typeof labelColumns>) =>
    groupBy(rows, (row) => [...cells(row.account), ...describeAlike(row)].join('\n'), countRows);
  const apart = labelColumns(rows.flatMap(({ account }) => account ?? []));
  const isTogether = apart.heads.length > 0 && groupIn(apart).length > GROUPED_HOSTS;
  const labels = isTogether ? labelColumns([]) : apart;
  const hasKept = rows.some(({ report }) => report?.verdict === 'status');
  const groups = groupIn(labels);
  const labelWidths = labels.heads.map(
    (head, at) =>
      Math.max(head.length, ...groups.map(([row]) => labels.cells(row.account)[at]?.length ?? 0)) + 2,
  );
  const room = io.columns - labelWidths.reduce((sum, width) => sum + width, 0);
  // If the terminal is too narrow, keeper and entries go into the note.
  const isFull = room >= FULL_COLUMNS;
  const columns = COLUMNS.filter(({ isExtra, isKept }) => (isFull || !isExtra) && (hasKept || !isKept));
  const used = columns.reduce((sum, { width }) => sum + width, 0);
  const layout = {
    head: [...labels.heads, ...columns.map(({ head }) => head), 'NOTE AND INSTANCES'],
    colWidths: [...labelWidths, ...columns.map(({ width }) => width), Math.max(24, room - used - 1)],
    wordWrap: true,
  };
  const lines = groups.map((group) => {
    const [first] = group;
    const facts = isFull
      ? []
      : [describeKeeper(first), describeEntries(first)].filter((text) => text !== '-');
    const where = isTogether ? describeWhere(group.flatMap(({ account }) => account ?? [])) : '';
    const silent = countAllSilent(addSilent(group.map(silentOf)));
    const note = [
      ...facts,
      describeVersion(first),
      describeNote(first, false),
      hasKept && silent > 0 ? `${silent} without an answer` : '',
      where,
      nameSome(group),
    ];
    return [
      ...labels.cells(first.account),
      ...columns.map(({ read }) => read(first, group)),
      note.filter(Boolean).join('; '),
    ];
  });
  const total = safe`${countRows(rows)} instances; each one:  --output json\n`;
  return renderTable(layout, lines) + '\n' + describeUnattended(rows, io) + total;
}

/** `isExtra`: left out first; `isKept`: only if hosts reported their sessions. */
const COLUMNS: readonly {
  readonly head: string;
  readonly width: number;
  readonly read: (first: Row, group: readonly Row[]) => string;
  readonly isExtra?: boolean;
  readonly isKept?: boolean;
}[] = [
  { head: 'COUNT', width: 7, read: (_, group) => String(countRows(group)) },
  { head: 'VERDICT', width: 15, read: showVerdict },
  { head: 'KEEPER', width: 8, read: describeKeeper, isExtra: true },
  { head: 'ENTRIES', width: 14, read: describeEntries, isExtra: true },
  { head: 'KEPT', width: 6, read: (_, group) => String(sumKept(group)), isKept: true },
];

/** The first ids of a group, and how many more there are. */
export function nameSome(group: readonly Row[]): string {
  const ids = group
    .slice(0, NAMED_IN_GROUP)
    .flatMap(({ instanceId, alike }) => alike?.instanceIds ?? [instanceId])
    .slice(0, NAMED_IN_GROUP);
  const others = countRows(group) - ids.length;
  return `${ids.join(' ')}${others > 0 ? ` and ${others} more` : ''}`;
}

/** Rows with equal values of all these share one row of the report. */
function describeAlike(row: Row): string[] {
  return [
    showVerdict(row),
    describeKeeper(row),
    describeEntries(row),
    describeVersion(row),
    describeNote(row, false),
  ];
}

/** The bundle of a host, for `status`: a half-updated fleet becomes two groups. */
function describeVersion(row: Row): string {
  const { report } = row;
  if (report?.verdict !== 'status' || report.state === 'absent' || !isGood(row)) return '';
  return `${report.version} ${report.digest.slice(0, 12)}`.trim();
}

function sumKept(group: readonly Row[]): number {
  return group.reduce(
    (sum, { report, alike }) => sum + (alike?.keptSessions ?? (report ? countKept(report) : 0)),
    0,
  );
}

/** Merges the rows of one account that share one row of the report. */
export function mergeAlike(rows: readonly Row[]): Row[] {
  const groups = groupBy(rows, (row) =>
    [...describeAlike(row), row.class, row.why, row.next, row.report?.unattendedSeconds].join('\n'),
  );
  return groups.map((group) => {
    const instanceIds = group.slice(0, NAMED_IN_GROUP).map(({ instanceId }) => instanceId);
    const silent = addSilent(group.map(silentOf));
    return { ...group[0], alike: { count: group.length, instanceIds, keptSessions: sumKept(group), silent } };
  });
}

/** Its sessions without an answer; of all for which the row stands. */
export const silentOf = ({ alike, report }: Row): SilentCount =>
  alike?.silent ?? (report ? countSilent(report) : addSilent([]));

/** `in 300 accounts and 17 Regions`; a single one by its name. */
export function describeWhere(names: readonly AccountName[]): string {
  const all = new Set(names.map(labelAccount));
  if (all.size === 1) return `in ${[...all][0]}`;
  const count = (word: string, read: (name: AccountName) => string | undefined) => {
    const { size } = new Set(names.flatMap((name) => read(name) ?? []));
    return size === 0 ? '' : `${size} ${word}${size === 1 ? '' : 's'}`;
  };
  const counts = [
    count('account', ({ account, profile }) => account ?? profile),
    count('Region', ({ region }) => region),
  ];
  return `in ${counts.filter(Boolean).join(' and ')}`;
}
