/** The report of `status`: a table, then a block for each host. Many hosts: one row for all that are alike. */

import { formatDuration } from '../../duration.ts';
import type { Verdict } from '../../fleet/judge.ts';
import { attribute, isGood, KEEPS_NOTHING, SAID } from '../../fleet/judge.ts';
import { describeDrifted, type KeptSession, mayBeBroken, type ReportLine } from '../../fleet/report-line.ts';
import { listSilentStates, SILENT_STATES } from '../../fleet/silent-sessions.ts';
import { readReported } from '../../settings/keeper-flags.ts';
import type { Io } from '../../terminal/io.ts';
import { renderTable } from '../../terminal/plain-table.ts';
import { measure, wrapText } from '../../terminal/wrap.ts';
import { wordTable } from '../../word-table.ts';
import { GROUPED_HOSTS, renderGroups, silentOf } from './verdict-groups.ts';
import { countRows, type Row } from './verdict-json.ts';
import { nameHost, nameKeeper, renderVerdictTable, showVerdict } from './verdict-report.ts';

/** Up to this many hosts, each gets a row and a block. */
const DETAILED_HOSTS = 8;

/** The column in which facts start, after their labels. */
const LABEL_WIDTH = 12;
/** The width of a session's row. A narrower terminal gets sentences. */
const TABLE_COLUMNS = 76;

export function renderStatus(verdicts: readonly Row[], io: Io): string {
  if (countRows(verdicts) > GROUPED_HOSTS) return renderGroups(verdicts, io) + explainSilence(verdicts, io);
  return renderVerdictTable(verdicts, io) + explainSilence(verdicts, io) + renderStatusDetails(verdicts, io);
}

/** A line for each state of sessions without an answer. */
function explainSilence(rows: readonly Row[], io: Io): string {
  return listSilentStates(rows.map(silentOf))
    .map((state) => wrapText(`${showState(state)}: ${SILENT_STATES[state]}`, io.columns) + '\n')
    .join('');
}

/**
 * A block for each host that reported, each after an empty line; '' if there are too many. On a terminal, if something is to be
 * done for some hosts, for those alone.
 */
function renderStatusDetails(verdicts: readonly Verdict[], io: Io): string {
  if (verdicts.length > DETAILED_HOSTS) return '';
  const bad = verdicts.filter((verdict) => !isGood(verdict));
  // On a small terminal the table would scroll away.
  const shown = io.outColumns !== undefined && bad.length > 0 ? bad : verdicts;
  return shown
    .flatMap((verdict) => (verdict.report?.state ? [renderHost(verdict, verdict.report, io)] : []))
    .filter((lines) => lines.length > 1)
    .map((lines) => '\n' + lines.join('\n') + '\n')
    .join('');
}

function renderHost(verdict: Verdict, report: ReportLine, io: Io): string[] {
  // The reason of what is not good is told below, with what to do.
  const why = isGood(verdict) ? attribute(verdict, 'why') : '';
  const facts = report.state === 'absent' ? describeAbsent(report) : describeInstalled(report, why);
  const lines = facts.map(([label, text]) =>
    wrapText(`  ${label.padEnd(LABEL_WIDTH - 2)}${text}`, io.columns, LABEL_WIDTH),
  );
  const title = wrapText(`${nameHost(verdict)}: ${showVerdict(verdict)}`, io.columns, 4);
  return [title, ...lines, ...describeSessions(report, io)];
}

type Fact = readonly [label: string, text: string];

function describeAbsent(report: ReportLine): Fact[] {
  const isStale = report.entries['env'] === 'stale';
  return [
    ...(isStale ? [['agent', 'carries our ENV until its next restart (harmless)'] as const] : []),
    ...(report.left.length > 0 ? [['left', `still there: ${report.left.join(', ')}`] as const] : []),
    ...describeTmout(report),
  ];
}

function describeInstalled(report: ReportLine, why: string): Fact[] {
  const { unattendedSeconds = 0, intervalSeconds = 0, capSeconds } = report;
  const entries = Object.entries(report.entries).filter(([, state]) => state !== 'absent' && state !== 'off');
  return [
    ['version', report.digest ? `${report.version}, bundle ${report.digest}` : 'none'],
    ['keeper', describeKeeper(report)],
    [
      'entries',
      entries.map(([name, state]) => `${name} ${ENTRY_WORDS[state] ?? state}`).join(', ') || 'none',
    ],
    // A half-done host has no settings.
    ...optional(
      'heartbeat',
      intervalSeconds > 0 &&
        hasKeeper(report) &&
        !KEEPS_NOTHING.includes(report.class) &&
        `${report.keeper === 'none' ? 'in a login of bash, zsh or fish, at its prompt: ' : ''}after ${formatDuration(intervalSeconds)} without input, until ${formatDuration(unattendedSeconds)} without a key press`,
    ),
    ...optional(
      'cap',
      capSeconds !== null &&
        `${formatDuration(capSeconds)} in /etc/ssm-keepalive/max-idle: so long after the last key press the idle timeout begins`,
    ),
    ...optional('wrapper', describeWrapper(report)),
    ...optional('ssh', report.ssh !== '' && report.ssh !== 'off' && joinWhy(report.ssh, report.sshWhy)),
    ...describeTmout(report),
    ...optional('not kept', report.tmuxLocks.length > 0 && describeLocks(report)),
    ...optional('left', report.left.length > 0 && report.left.join(', ')),
    ...optional('differs', report.drifted.length > 0 && describeDrifted(report)),
    ...optional('busy', report.busy && 'an install or uninstall is at work here now'),
    ...optional('why', why),
  ];
}

/** Only the prompt keeper reaches logins where plain sh has none; `--keeper relay` does not install it. */
const hasKeeper = ({ keeper, settings, entries }: ReportLine): boolean =>
  keeper !== 'none' || (entries['profile'] === 'live' && readReported(settings)?.keeper !== 'relay');

function describeKeeper(report: ReportLine): string {
  const { digest, keeperWhy, interpreter } = report;
  const name = nameKeeper(report);
  const doubt = name !== 'none' && mayBeBroken(report) ? '; what differs may break it' : '';
  if (keeperWhy === `runs on ${interpreter}`) return `${name} on ${interpreter}${doubt}`;
  const why = keeperWhy ? `: ${SAID}${keeperWhy}` : '';
  return `${name === 'none' && digest ? 'none for plain sh' : name}${why}${doubt}`;
}

const ENTRY_WORDS = wordTable<string>({
  pending: 'pending (the agent has not restarted since)',
  unknown: 'unknown (systemctl does not answer)',
  stale: 'stale (its file is gone, and the agent has it until its next restart)',
});

function describeWrapper({ wrap, tmux }: ReportLine): string | false {
  if (wrap !== 'tmux') return false;
  return tmux ? `tmux: ${tmux}` : 'tmux is missing: sessions get the plain shell, kept';
}

function describeTmout({ tmout }: ReportLine): Fact[] {
  return tmout.map(({ file, value, readonly }) => {
    const shown = value === null ? 'computed' : String(value);
    const effect = value === 0 ? '' : '; a shell that reads it still logs out at its prompt';
    return ['TMOUT', `${shown}${readonly ? ', readonly' : ''}, by ${file}${effect}`];
  });
}

const describeLocks = ({ tmuxLocks }: ReportLine): string =>
  `logins below sshd or login, left to the tmux that ${tmuxLocks.join(' ')} starts`;

function optional(label: string, text: string | false): Fact[] {
  return text ? [[label, text]] : [];
}

const joinWhy = (state: string, why: string) => (why ? `${state} (${why})` : state);

function describeSessions(report: ReportLine, io: Io): string[] {
  const unseen = report.kept?.unseen;
  const hint =
    unseen &&
    report.state !== 'absent' &&
    `  ${'sessions'.padEnd(LABEL_WIDTH - 2)}not counted: ${SAID}${unseen}`;
  return [...listSessions(report, io), ...(hint ? [wrapText(hint, io.columns, LABEL_WIDTH)] : [])];
}

function listSessions(report: ReportLine, io: Io): string[] {
  const total = report.kept?.count ?? report.sessions.length;
  if (total === 0 && (report.state === 'absent' || report.kept?.unseen)) return [];
  if (report.sessions.length === 0) return [`  ${'sessions'.padEnd(LABEL_WIDTH - 2)}${total} kept now`];
  const missing = total - report.sessions.length;
  const table = io.columns >= TABLE_COLUMNS ? sessionTable(report.sessions, io) : undefined;
  const rows =
    table ?? report.sessions.map((session) => wrapText(`  ${describeSession(session)}`, io.columns, 4));
  return [...rows, ...(missing > 0 ? [`  and ${missing} more`] : [])];
}

/** After the keeper's name: the state of `--wrap tmux` in that session. */
const WRAP_WORDS = wordTable<string>({
  tmux: '+tmux',
  missing: ', no tmux',
  failed: ', tmux failed',
  nobody: ', no tmux for this name',
});

/** Undefined: too wide. */
function sessionTable(sessions: readonly KeptSession[], { columns }: Io): string[] | undefined {
  const head = ['USER', 'TERMINAL', 'KEEPER', 'STATE', 'AGE', 'KEY', 'ANSWER', 'LEAKED'];
  const lines = renderTable({ head }, sessions.map(sessionCells))
    .split('\n')
    .map((line) => `  ${line}`);
  if (lines.some((line) => measure(line) > columns)) return undefined;
  // The id is too long for a column.
  return lines.flatMap((line, at) => [line, ...nameSession(sessions[at - 1], columns)]);
}

function sessionCells(session: KeptSession): string[] {
  return [
    session.user || String(session.uid),
    session.terminal.replace('/dev/', ''),
    `${session.keeper}${WRAP_WORDS[session.wrap] ?? ''}`,
    showState(session.state),
    formatAge(session.age),
    formatAge(session.lastKey),
    formatAge(session.lastAnswer),
    String(session.leaked ?? '-'),
  ];
}

const showState = (state: string) => state.replace('-', ' ');

function nameSession(session: KeptSession | undefined, columns: number): string[] {
  return session?.sessionId ? [wrapText(`    session ${session.sessionId}`, columns, 6)] : [];
}

function describeSession(session: KeptSession): string {
  const [user, terminal, keeper, state, age, key, answer, leaked] = sessionCells(session);
  const id = session.sessionId ? `; session ${session.sessionId}` : '';
  return `${user} on ${terminal}: ${keeper}, ${state}, ${age} old, key ${key} ago, answer ${answer} ago, ${leaked} leaked${id}`;
}

/** An age in one unit, rounded. */
export function formatAge(seconds: number | null): string {
  if (seconds === null) return '-';
  if (seconds < 120) return `${Math.max(0, seconds)}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
