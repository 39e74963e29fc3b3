import Table from 'cli-table3';
import pc from 'picocolors';
import { formatDuration } from '../duration.ts';
import { isGood, type Verdict } from '../fleet/judge.ts';
import { isRestartAwaited } from '../fleet/push.ts';
import type { ReportLine } from '../fleet/report-line.ts';
import type { Io } from './io.ts';
import { PLAIN_TABLE, trimLines } from './plain-table.ts';

/** The facts of a run that stand beside its verdicts in JSON; keys are stable and documented in the README. */
export interface RunFacts {
  readonly command: string;
  readonly version: string;
  readonly digest: string;
  readonly commandIds: readonly string[];
  readonly missingCount: number;
  readonly stopped?: string | undefined;
  readonly exitStatus: number;
}

const PIECE_LENGTH = 64 * 1024;

/**
 * One JSON document for programs: what was run, how many of each verdict, and every instance. In pieces: ten thousand
 * instances as one text would be most of the memory that a run takes.
 */
export function* renderVerdictJson(verdicts: readonly Verdict[], facts: RunFacts): Generator<string> {
  const head = { ...facts, stopped: facts.stopped ?? null, summary: countVerdicts(verdicts), instances: [] };
  const frame = JSON.stringify(head, null, 2);
  if (verdicts.length === 0) {
    yield `${frame}\n`;
    return;
  }
  let piece = frame.slice(0, -']\n}'.length);
  for (const [index, verdict] of verdicts.entries()) {
    const text = JSON.stringify(describeVerdict(verdict), null, 2).replaceAll('\n', '\n    ');
    piece += `${index === 0 ? '' : ','}\n    ${text}`;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}\n  ]\n}\n`;
}

function describeVerdict({ report, ...verdict }: Verdict): Record<string, unknown> {
  return {
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

/** A table for people, within `io.columns`: one row an instance. Why and next of failures follow in `renderFailures`. */
export function renderVerdictTable(verdicts: readonly Verdict[], io: Io): string {
  const colors = pc.createColors(io.hasColor);
  const table = new Table({
    head: ['INSTANCE', 'NAME', 'VERDICT', 'KEEPER', 'ENTRIES', 'NOTE'],
    ...PLAIN_TABLE,
    colWidths: noteWidth(verdicts, io.columns),
    wordWrap: true,
  });
  for (const verdict of verdicts) {
    const paint =
      verdict.verdict === 'absent'
        ? String
        : isGood(verdict)
          ? isRestartAwaited(verdict)
            ? colors.yellow
            : colors.green
          : colors.red;
    table.push([
      verdict.instanceId,
      verdict.name,
      paint(showVerdict(verdict)),
      describeKeeper(verdict),
      describeEntries(verdict),
      describeNote(verdict),
    ]);
  }
  return `${trimLines(table.toString())}\n`;
}

/** The first columns as wide as they need, the note what is left, so that a row wraps inside its column. */
function noteWidth(verdicts: readonly Verdict[], columns: number): (number | null)[] {
  const widest = (read: (verdict: Verdict) => string, head: string) =>
    Math.max(head.length, ...verdicts.map((verdict) => read(verdict).length)) + 2;
  const id = widest((verdict) => verdict.instanceId, 'INSTANCE');
  const name = Math.min(
    20,
    widest((verdict) => verdict.name, 'NAME'),
  );
  const kind = widest(showVerdict, 'VERDICT');
  const keeper = widest(describeKeeper, 'KEEPER');
  const entries = Math.min(14, Math.max(9, widest(describeEntries, 'ENTRIES')));
  return [id, name, kind, keeper, entries, Math.max(12, columns - id - name - kind - keeper - entries - 1)];
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

/** Failures with why and next, then what is still open, in the words of the style guide; empty when all is well. */
export function renderFailures(verdicts: readonly Verdict[], facts: RunFacts): string {
  const bad = verdicts.filter((verdict) => !isGood(verdict));
  const lines: string[] = [];
  if (bad.length > 0) {
    const total = `${bad.length} of ${verdicts.length} ${verdicts.length === 1 ? 'instance' : 'instances'}`;
    lines.push(`ssm-keepalive: ${facts.command} did not succeed on ${total}`);
    for (const { instanceId, why, next } of bad) {
      lines.push(`  ${instanceId}  why:  ${why}`, `  ${' '.repeat(instanceId.length)}  next: ${next}`);
    }
  }
  if (facts.stopped)
    lines.push(`ssm-keepalive: the other instances were not touched, because ${facts.stopped}`);
  if (facts.missingCount > 0) {
    lines.push(
      `ssm-keepalive: the service counted ${facts.missingCount} more instances than it lists; run status to see them`,
    );
  }
  return lines.length > 0 ? `${lines.join('\n')}\n` : '';
}
