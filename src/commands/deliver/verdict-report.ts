import { labelColumns } from '../../accounts/names.ts';
import { formatDuration } from '../../duration.ts';
import { attribute, isGood, KEEPS_NOTHING, type Verdict } from '../../fleet/judge.ts';
import { describeDrifted, isInstalled, mayBeBroken, type ReportLine } from '../../fleet/report-line.ts';
import { isRestartAwaited, isRestartOpen } from '../../fleet/restart.ts';
import { isSilent } from '../../fleet/silent-sessions.ts';
import { groupBy } from '../../groups.ts';
import { isPromptChosen } from '../../settings/keeper-flags.ts';
import type { Io } from '../../terminal/io.ts';
import { renderTable } from '../../terminal/plain-table.ts';
import { makeColors } from '../../terminal/safe-text.ts';
import { wrapText } from '../../terminal/wrap.ts';
import { describeUpdate } from './repair-text.ts';
import { countRows, type Row } from './verdict-json.ts';

/** `web-1 (i-0abc)`. The host says its name itself: what is no host name stands in quotes. */
export const nameHost = ({ name, instanceId }: Pick<Verdict, 'name' | 'instanceId'>): string =>
  name
    ? `${/^[\w.-]{1,63}$/.test(name) ? name : JSON.stringify(name.slice(0, 63))} (${instanceId})`
    : instanceId;

export const showVerdict = ({ verdict }: Verdict) => (verdict === 'absent' ? 'not installed' : verdict);

export const countKept = (report: ReportLine) => report.kept?.count ?? report.sessions.length;

/** The least width of a table with all columns, without those that name an account. */
export const FULL_COLUMNS = 76;
const LEAST_NOTE = 12;

/** A row for each instance within `io.columns`. On a narrow terminal keeper and entries are left out, then the name. */
export function renderVerdictTable(rows: readonly Row[], io: Io): string {
  const colors = makeColors(io.hasColor);
  const labels = labelColumns(rows.flatMap(({ account }) => account ?? []));
  const labelWidths = labels.heads.map((head, at) =>
    widest(rows, (row) => labels.cells(row.account)[at] ?? '', head),
  );
  const room = io.columns - labelWidths.reduce((sum, width) => sum + width, 0);
  const isFull = room >= FULL_COLUMNS;
  const most = COLUMNS.filter(({ isExtra }) => isFull || !isExtra);
  const natural = most.reduce(
    (sum, { head, read }) => sum + widest(rows, read, head),
    widest(rows, describeNote, 'NOTE'),
  );
  const widthsOf = (columns: typeof most) =>
    columns.map(({ head, read, most = 99 }) =>
      Math.min(natural <= room ? 99 : most, widest(rows, read, head)),
    );
  const noteOf = (columns: typeof most) => room - widthsOf(columns).reduce((sum, width) => sum + width, 1);
  const columns =
    natural > room && noteOf(most) < LEAST_NOTE ? most.filter(({ head }) => head !== 'NAME') : most;
  const widths = widthsOf(columns);
  const note = Math.max(LEAST_NOTE, noteOf(columns));
  const layout = {
    head: [...labels.heads, ...columns.map(({ head }) => head), 'NOTE'],
    colWidths: [...labelWidths, ...widths, note],
    wordWrap: true,
  };
  const lines = rows.map((row) => [
    ...labels.cells(row.account),
    ...columns.map(({ head, read }) => (head === 'VERDICT' ? colors[colorOf(row)](read(row)) : read(row))),
    describeNote(row),
  ]);
  return renderTable(layout, lines) + '\n' + describeUnattended(rows, io);
}

function colorOf(row: Row): keyof ReturnType<typeof makeColors> {
  if (row.verdict === 'absent') return 'plain';
  if (!isGood(row)) return row.verdict === 'limited' ? 'yellow' : 'red';
  return isRestartAwaited(row) || isRestartOpen(row) ? 'yellow' : 'green';
}

/** One line below a table: how long sessions are kept without a key. */
export function describeUnattended(rows: readonly Row[], io: Io): string {
  const limited = rows.filter(
    (row) =>
      (isGood(row) || row.verdict === 'limited') &&
      row.report?.unattendedSeconds &&
      nameKeeper(row.report) !== 'none' &&
      !KEEPS_NOTHING.includes(row.class),
  );
  if (limited.length === 0) return '';
  const limitOf = ({ report }: Row) => report?.unattendedSeconds ?? 0;
  const limits = groupBy(limited, (row) => String(limitOf(row)));
  const shown = limits
    .sort(([one], [other]) => limitOf(one) - limitOf(other))
    .map((own) => {
      const count = limits.length > 1 ? ` (${countRows(own)} of ${countRows(limited)})` : '';
      return `${formatDuration(limitOf(own[0]))}${count}`;
    });
  const isPrompt = limited.every(({ report }) => report && nameKeeper(report) === 'prompt');
  const session = isPrompt ? 'a shell that waits at its prompt' : 'a session';
  return (
    wrapText(`${session} without a key press is kept for at most ${shown.join(' or ')}`, io.columns) + '\n'
  );
}

/** `isExtra`: left out first. */
const COLUMNS: readonly {
  readonly head: string;
  readonly read: (verdict: Verdict) => string;
  readonly most?: number;
  readonly isExtra?: boolean;
}[] = [
  { head: 'INSTANCE', read: ({ instanceId }) => instanceId },
  { head: 'NAME', read: ({ name }) => name, most: 20 },
  { head: 'VERDICT', read: showVerdict },
  { head: 'KEEPER', read: describeKeeper, most: 12, isExtra: true },
  { head: 'ENTRIES', read: describeEntries, most: 16, isExtra: true },
];

/** The width that a column needs, with the gap behind it. */
function widest(rows: readonly Row[], read: (row: Row) => string, head: string): number {
  return rows.reduce((most, row) => Math.max(most, read(row).length), head.length) + 2;
}

export function describeKeeper({ report, class: kind }: Verdict): string {
  const name = report ? nameKeeper(report) : '';
  if (!name || name === 'none' || KEEPS_NOTHING.includes(kind)) return '-';
  return report && kind === 'drifted' && mayBeBroken(report) ? `${name}?` : name;
}

export const nameKeeper = (report: ReportLine): string => (isPromptChosen(report) ? 'prompt' : report.keeper);

export function describeEntries({ report }: Verdict): string {
  const shown = Object.entries(report?.entries ?? {}).filter(
    // The note says what a stale one means.
    ([, state]) => !['absent', 'off', 'unknown', 'stale'].includes(state),
  );
  return shown.map(([name, state]) => (state === 'live' ? name : `${name}:${state}`)).join(' ') || '-';
}

export function describeNote(verdict: Verdict, hasSessions = true): string {
  const { report } = verdict;
  // In a group all drifted hosts share a row.
  if (verdict.class === 'drifted' && report)
    return hasSessions ? `${countFiles(report.drifted.length + report.more.drifted)} not as installed` : '';
  if (!isGood(verdict) && verdict.verdict !== 'limited') return verdict.class;
  const notes = [
    // The verdict `limited` already says it.
    verdict.class === 'limited keeper' ? '' : verdict.class,
    report?.state === 'absent' && report.kept?.unseen === 'counting needs Python' ? 'no Python' : '',
    report && report.capSeconds !== null && verdict.class === ''
      ? `capped at ${formatDuration(report.capSeconds)}`
      : '',
    ...describeUpdate(verdict),
    isRestartAwaited(verdict) ? 'agent restarting' : '',
    isRestartOpen(verdict) ? `agent not restarted yet: ${attribute(verdict, 'why')}` : '',
    report?.drifted.length ? `not as installed: ${describeDrifted(report)}` : '',
    report && hasSessions && (countKept(report) > 0 || (report.kept?.unseen && isInstalled(report)))
      ? describeSessions(report)
      : '',
    report?.entries['env'] === 'stale' && !isRestartAwaited(verdict)
      ? 'agent carries our ENV until its restart'
      : '',
    report?.ssh === 'skipped' ? `ssh: skipped (${report.sshWhy})` : '',
    report?.left.length ? `${countFiles(report.left.length + report.more.left)} left alone` : '',
  ];
  return notes.filter(Boolean).join('; ');
}

const countFiles = (count: number) => (count === 1 ? '1 file' : `${count} files`);

/** How many sessions are kept now, and problems with them. */
function describeSessions(report: ReportLine): string {
  const { sessions } = report;
  const { count, notAnswering, leaked, unseen } = report.kept ?? {
    count: sessions.length,
    notAnswering: sessions.filter(({ state }) => isSilent(state)).length,
    leaked: sessions.reduce((sum, session) => sum + (session.leaked ?? 0), 0),
    unseen: '',
  };
  return [
    count === 0 && unseen ? '' : `${count} kept now`,
    notAnswering > 0 ? `${notAnswering} without an answer` : '',
    leaked > 0 ? `${leaked} answers leaked` : '',
    unseen ? `${count === 0 ? 'sessions' : 'some'} not counted` : '',
  ]
    .filter(Boolean)
    .join(', ');
}
