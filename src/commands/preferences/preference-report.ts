/** What `preferences` prints: one account in lines, several as a table, both as JSON. */

import {
  type AccountEnd,
  describeAccount,
  describeEach,
  isSeveral,
  listOutcomes,
} from '../../accounts/account-work.ts';
import { type AccountName, labelColumns } from '../../accounts/names.ts';
import { SHELL_PROFILE, SHELL_PROFILE_START } from '../../bundle/index.ts';
import { formatDuration } from '../../duration.ts';
import type { UserError } from '../../errors.ts';
import { describePreferences, findPrevious, type Preferences } from '../../fleet/preferences.ts';
import { groupBy } from '../../groups.ts';
import { INTERRUPTED } from '../../interruption.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { renderTable } from '../../terminal/plain-table.ts';
import { safe } from '../../terminal/safe-text.ts';
import { wrapLines } from '../../terminal/wrap.ts';
import { renderFailedAccounts } from '../deliver/failure-report.ts';
import { describeWhere, GROUPED_HOSTS } from '../deliver/verdict-groups.ts';

/** So much of a shell profile stands in a table; `--output json` has it whole. */
const SHOWN_PROFILE = 24;

/** `get`: what is in force, undefined where no document was saved. Returns the exit status. */
export function reportPreferences(
  ends: readonly AccountEnd<Preferences | undefined>[],
  defaultSeconds: number,
  settings: Settings,
  io: Io,
): number {
  if (settings.common.output !== 'json') {
    const [first] = listOutcomes(ends);
    const text = isSeveral(ends)
      ? renderEach(ends, defaultSeconds)
      : renderOne(first?.outcome, defaultSeconds);
    io.out(io.outColumns ? wrapLines(text, io.outColumns) : text);
  }
  return reportFacts('get', ends, (found) => describe(found, defaultSeconds), settings, io);
}

/** JSON for programs, failures for people. Several accounts are `accounts` of one document. Returns the exit status. */
export function reportFacts<T>(
  action: string,
  ends: readonly AccountEnd<T>[],
  describeOutcome: (outcome: T) => object,
  settings: Settings,
  io: Io,
  unreported: readonly AccountEnd<T>[] = ends,
): number {
  const [first] = listOutcomes(ends);
  const statuses = ends.flatMap((end) =>
    'error' in end ? [(end.error as Partial<UserError>).exitStatus ?? 1] : [],
  );
  const exitStatus = statuses.includes(INTERRUPTED) ? INTERRUPTED : statuses.length > 0 ? 1 : 0;
  if (settings.common.output === 'json') {
    const facts =
      first && !isSeveral(ends)
        ? describeOutcome(first.outcome)
        : { command: 'preferences', action, exitStatus, accounts: describeEach(ends, describeOutcome) };
    io.out(`${JSON.stringify(facts, null, 2)}\n`);
  }
  io.err(renderFailedAccounts(unreported.map(describeAccount)));
  return exitStatus;
}

function describe(found: Preferences | undefined, defaultSeconds: number): object {
  if (!found) return { exists: false, idleTimeoutSeconds: defaultSeconds };
  const previous = findPrevious(found) ?? null;
  const { content, version, latestVersion } = found;
  return { exists: true, version, latestVersion, previous, ...describePreferences(content), content };
}

function renderOne(found: Preferences | undefined, defaultSeconds: number): string {
  if (!found)
    return safe`no session document was saved here: the idle timeout is ${formatDuration(defaultSeconds)}, the default\n`;
  return [...listFields(found.content, defaultSeconds), safe`version           ${found.version}`, ''].join(
    '\n',
  );
}

/** The fields that this tool changes, a line each. */
export function listFields(content: string, defaultSeconds: number): string[] {
  const { idleSessionTimeout, maxSessionDuration, shellProfile } = describePreferences(content);
  return [
    safe`idle timeout      ${showMinutes(idleSessionTimeout) || `${formatDuration(defaultSeconds)} (the default)`}`,
    safe`maximum duration  ${showMinutes(maxSessionDuration) || 'none'}`,
    safe`shell profile     ${shellProfile || 'none'}`,
  ];
}

function renderEach(ends: readonly AccountEnd<Preferences | undefined>[], defaultSeconds: number): string {
  const rows = listOutcomes(ends).map(({ account: { name }, outcome }) => ({
    name,
    cells: describeCells(outcome, defaultSeconds),
  }));
  if (rows.length === 0) return '';
  // Of many accounts those that are alike are one row; only the number of the version differs without meaning.
  const isTogether = rows.length > GROUPED_HOSTS;
  const labels = labelColumns(isTogether ? [] : ends.map(({ account }) => account.name));
  const heads = [
    'IDLE TIMEOUT',
    'MAXIMUM',
    ...(isTogether ? ['SHELL PROFILE', 'WHERE'] : ['VERSION', 'SHELL PROFILE']),
  ];
  const lines = isTogether
    ? groupRows(rows)
    : rows.map(({ name, cells }) => [...labels.cells(name), ...cells]);
  return renderTable({ head: [...labels.heads, ...heads] }, lines) + '\n';
}

interface PreferenceRow {
  readonly name: AccountName;
  readonly cells: readonly string[];
}

/** Where the version stands among the cells. */
const VERSION = 2;

function describeCells(found: Preferences | undefined, defaultSeconds: number): string[] {
  const { idleSessionTimeout, maxSessionDuration, shellProfile } = describePreferences(
    found?.content ?? '{}',
  );
  return [
    showMinutes(idleSessionTimeout) || `${formatDuration(defaultSeconds)} (default)`,
    showMinutes(maxSessionDuration) || 'none',
    found?.version ?? 'none',
    showProfile(shellProfile),
  ];
}

/** Whatever the version; the largest group first. */
function groupRows(rows: readonly PreferenceRow[]): string[][] {
  const alikeOf = ({ cells }: PreferenceRow) => cells.filter((_, at) => at !== VERSION);
  return groupBy(rows, (row) => alikeOf(row).join('\n')).map((group) => [
    ...alikeOf(group[0]),
    describeWhere(group.map(({ name }) => name)),
  ]);
}

const showMinutes = (text: string) => (/^\d+$/.test(text) ? formatDuration(Number(text) * 60) : text);

function showProfile(line: string): string {
  if (line === SHELL_PROFILE) return 'ours';
  if (line.startsWith(SHELL_PROFILE_START)) return 'ours, old: set it again';
  return line.length > SHOWN_PROFILE ? `${line.slice(0, SHOWN_PROFILE - 1)}…` : line || 'none';
}
