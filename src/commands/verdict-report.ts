import Table from 'cli-table3';
import pc from 'picocolors';
import { formatDuration } from '../duration.ts';
import type { KnownAssociation } from '../fleet/association-match.ts';
import { isGood, type Verdict } from '../fleet/judge.ts';
import type { ReportLine } from '../fleet/report-line.ts';
import { isRestartAwaited } from '../fleet/restart.ts';
import { type AccountName, labelColumns } from './accounts.ts';
import type { AccountResult } from './each-account.ts';
import type { AssociationFacts } from './follow-text.ts';
import type { Io } from './io.ts';
import { PLAIN_TABLE, trimLines } from './plain-table.ts';

/** The facts of a run that stand beside its verdicts in JSON; keys are stable and documented in the README. */
export interface RunFacts extends Following {
  readonly command: string;
  readonly version: string;
  readonly digest: string;
  readonly commandIds: readonly string[];
  readonly missingCount: number;
  readonly stopped?: string | undefined;
  readonly exitStatus: number;
  /** Only where there are several. */
  readonly accounts?: readonly AccountFacts[];
}

/** What is told of associations: of a run in one account beside its verdicts, of several with each account. */
export interface Following {
  /** What --follow did; null where the first instance failed and nothing was made. */
  readonly association?: AssociationFacts | null;
  /** Of `status` and `uninstall`: ours that match the same instances. */
  readonly associations?: readonly KnownAssociation[];
}

/** What came of one account of several. */
export interface AccountFacts extends AccountResult, Following {
  readonly commandIds: readonly string[];
  readonly missingCount: number;
  readonly stopped: string | null;
}

/** A verdict, and where it is from, where several accounts are at work. */
export interface Row extends Verdict {
  readonly account?: AccountName;
}

const PIECE_LENGTH = 64 * 1024;

/**
 * One JSON document for programs: what was run, how many of each verdict, and every instance. In pieces: ten thousand
 * instances as one text would be most of the memory that a run takes.
 */
export function* renderVerdictJson(verdicts: readonly Row[], facts: RunFacts): Generator<string> {
  const head = { ...describeRun(verdicts, facts), instances: [] };
  const frame = JSON.stringify(head, null, 2);
  if (verdicts.length === 0) {
    yield `${frame}\n`;
    return;
  }
  let piece = frame.slice(0, -']\n}'.length);
  for (const [index, verdict] of verdicts.entries()) {
    const text = JSON.stringify(describeRow(verdict), null, 2).replace(/\n/g, '\n    ');
    piece += `${index === 0 ? '' : ','}\n    ${text}`;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}\n  ]\n}\n`;
}

/** What JSON says of the run, beside its instances. */
export function describeRun(
  rows: readonly Row[],
  { accounts, stopped, ...facts }: RunFacts,
): Record<string, unknown> {
  return {
    ...facts,
    stopped: stopped ?? null,
    ...(accounts ? { accounts } : {}),
    summary: countVerdicts(rows),
  };
}

/** One instance as JSON has it. */
export function describeRow({ report, account, ...verdict }: Row): Record<string, unknown> {
  return {
    ...(account ? { profile: account.profile ?? null, region: account.region ?? null } : {}),
    ...verdict,
    state: report?.state ?? null,
    // What an absent host names is the version of the script that looked.
    version: report?.state === 'absent' ? null : (report?.version ?? null),
    digest: report?.digest || null,
    keeper: report?.keeper ?? null,
    keeperWhy: report?.keeperWhy || null,
    interpreter: report?.interpreter ?? null,
    entries: report?.entries ?? {},
    wrap: report?.wrap || null,
    tmux: report?.tmux || null,
    ssh: report?.ssh || null,
    sshWhy: report?.sshWhy || null,
    tmoutPolicy: report?.tmoutPolicy || null,
    tmout: report?.tmout ?? [],
    capSeconds: report?.capSeconds ?? null,
    busy: report?.busy ?? false,
    restart: report?.restart ?? null,
    intervalSeconds: report?.intervalSeconds ?? null,
    unattendedSeconds: report?.unattendedSeconds ?? null,
    drifted: report?.drifted ?? [],
    left: report?.left ?? [],
    sessions: report?.sessions ?? [],
    kept: report?.kept ?? null,
    more: report?.more ?? null,
  };
}

/** How many instances got each verdict, in the order they first appear. */
export function countVerdicts(verdicts: readonly Verdict[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verdict } of verdicts) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

export const showVerdict = ({ verdict }: Verdict) => (verdict === 'absent' ? 'not installed' : verdict);

export const countKept = (report: ReportLine) => report.kept?.count ?? report.sessions.length;

/** What the fullest table takes at least, without the columns that name an account. */
export const FULL_COLUMNS = 76;
const LEAST_NOTE = 12;

/**
 * A table for people, within `io.columns`: one row an instance, labelled where several accounts are at work. Where there is no
 * room, keeper and entries stay away, then the name. Why and next of failures follow in `renderFailures`.
 */
export function renderVerdictTable(rows: readonly Row[], io: Io): string {
  const colors = pc.createColors(io.hasColor);
  const labels = labelColumns(rows.flatMap(({ account }) => account ?? []));
  const labelWidths = labels.heads.map((head, at) =>
    widest(rows, (row) => labels.cells(row.account)[at] ?? '', head),
  );
  const room = io.columns - labelWidths.reduce((sum, width) => sum + width, 0);
  const isFull = room >= FULL_COLUMNS;
  const most = COLUMNS.filter(({ isExtra }) => isFull || !isExtra);
  const widthsOf = (columns: typeof most) =>
    columns.map(({ head, read, most = 99 }) => Math.min(most, widest(rows, read, head)));
  const noteOf = (columns: typeof most) => room - widthsOf(columns).reduce((sum, width) => sum + width, 1);
  const columns = noteOf(most) < LEAST_NOTE ? most.filter(({ head }) => head !== 'NAME') : most;
  const widths = widthsOf(columns);
  const note = Math.max(LEAST_NOTE, noteOf(columns));
  const table = new Table({
    head: [...labels.heads, ...columns.map(({ head }) => head), 'NOTE'],
    ...PLAIN_TABLE,
    colWidths: [...labelWidths, ...widths, note],
    wordWrap: true,
  });
  for (const row of rows) {
    const paint =
      row.verdict === 'absent'
        ? String
        : isGood(row)
          ? isRestartAwaited(row)
            ? colors.yellow
            : colors.green
          : colors.red;
    const cells = columns.map(({ head, read }) => (head === 'VERDICT' ? paint(read(row)) : read(row)));
    table.push([...labels.cells(row.account), ...cells, describeNote(row)]);
  }
  return `${trimLines(table.toString())}\n`;
}

/** `isExtra`: the first to go. */
const COLUMNS: readonly {
  readonly head: string;
  readonly read: (verdict: Verdict) => string;
  readonly most?: number;
  readonly isExtra?: boolean;
}[] = [
  { head: 'INSTANCE', read: ({ instanceId }) => instanceId },
  { head: 'NAME', read: ({ name }) => name, most: 20 },
  { head: 'VERDICT', read: showVerdict },
  { head: 'KEEPER', read: describeKeeper, isExtra: true },
  { head: 'ENTRIES', read: describeEntries, most: 14, isExtra: true },
];

/** A column as wide as it needs, the gap behind it counted. */
function widest(rows: readonly Row[], read: (row: Row) => string, head: string): number {
  return rows.reduce((most, row) => Math.max(most, read(row).length), head.length) + 2;
}

export function describeKeeper({ report }: Verdict): string {
  return report?.keeper && report.keeper !== 'none' ? report.keeper : '-';
}

export function describeEntries({ report }: Verdict): string {
  const shown = Object.entries(report?.entries ?? {}).filter(
    ([, state]) => !['absent', 'off', 'unknown'].includes(state),
  );
  return shown.map(([name, state]) => (state === 'live' ? name : `${name}:${state}`)).join(' ') || '-';
}

export function describeNote(verdict: Verdict, hasSessions = true): string {
  const { report } = verdict;
  if (!isGood(verdict)) return verdict.class;
  const notes = [
    verdict.class,
    isRestartAwaited(verdict) ? 'agent restarting' : '',
    report?.keeper === 'output' ? 'output only' : '',
    report?.drifted.length ? `drifted: ${report.drifted.join(' ')}` : '',
    report && hasSessions && countKept(report) > 0 ? describeSessions(report) : '',
    report?.entries['env'] === 'stale' && !isRestartAwaited(verdict)
      ? 'agent carries our ENV until its restart'
      : '',
    report?.ssh === 'skipped' ? `ssh: skipped (${report.sshWhy})` : '',
    report?.left.length ? `left alone: ${report.left.join(' ')}` : '',
    report?.unattendedSeconds && report.keeper !== 'none'
      ? `at most ${formatDuration(report.unattendedSeconds)} unattended`
      : '',
  ];
  return notes.filter(Boolean).join('; ');
}

/** How many sessions are kept now, and anything about them that wants looking at. */
function describeSessions(report: ReportLine): string {
  const { sessions } = report;
  const { count, notAnswering, leaked } = report.kept ?? {
    count: sessions.length,
    notAnswering: sessions.filter(({ state }) => state === 'not-answering').length,
    leaked: sessions.reduce((sum, session) => sum + (session.leaked ?? 0), 0),
  };
  return [
    `${count} kept now`,
    notAnswering > 0 ? `${notAnswering} not answering` : '',
    leaked > 0 ? `${leaked} answers leaked` : '',
  ]
    .filter(Boolean)
    .join(', ');
}
