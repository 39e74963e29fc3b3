import { type AccountEnd, describeAccount, isSeveral, listOutcomes } from '../../accounts/account-work.ts';
import { type AccountName, labelAccount } from '../../accounts/names.ts';
import type { Bundle } from '../../bundle/index.ts';
import { DEFAULT_IDLE_TIMEOUT_SECONDS, NODE_NEEDS } from '../../fleet/account.ts';
import { isGood } from '../../fleet/judge.ts';
import type { PushResult } from '../../fleet/push.ts';
import type { ReportLine } from '../../fleet/report-line.ts';
import { isRestartAwaited, isRestartOpen } from '../../fleet/restart.ts';
import { INTERRUPTED } from '../../interruption.ts';
import { isPromptChosen, readReported } from '../../settings/keeper-flags.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import { wrapLines } from '../../terminal/wrap.ts';
import type { Applied } from './apply.ts';
import { describeLeft, renderFailedAccounts, renderFailures } from './failure-report.ts';
import { describeAssociations, describeFollowed } from './follow-text.ts';
import { type ResultLines, writeLine } from './ndjson.ts';
import type { Verb } from './plan.ts';
import { renderStatus } from './status-report.ts';
import { GROUPED_HOSTS, renderGroups } from './verdict-groups.ts';
import {
  type AccountFacts,
  countRows,
  type Following,
  type Row,
  type RunFacts,
  renderVerdictJson,
} from './verdict-json.ts';
import { renderVerdictTable } from './verdict-report.ts';

export interface DeliveryRun {
  readonly verb: Verb;
  readonly settings: Settings;
  readonly bundle: Bundle;
  readonly isInterrupted: boolean;
  /** Left at once, so that not all of it is known. */
  readonly isLeft: boolean;
  /** Sessions can be opened there afterwards. */
  readonly canOpen: boolean;
}

/** Prints what came of every account as one report, and returns the exit status of all together. */
export function reportDelivery(
  run: DeliveryRun,
  ends: readonly AccountEnd<Applied>[],
  io: Io,
  lines: ResultLines | undefined,
): number {
  const { verb, settings, isInterrupted } = run;
  const accounts = ends.map(describeEnd);
  const isUnwatched = listOutcomes(ends).some(({ outcome }) => !outcome.result);
  if (!isUnwatched) return reportVerdicts(run, ends, accounts, io, lines);
  const commandIds = accounts.flatMap((account) => account.commandIds);
  const facts = {
    command: verb,
    commandIds,
    ...(isSeveral(ends) ? { accounts } : pickFollowing(accounts[0])),
  };
  if (lines) writeLine(io, 'summary', facts);
  else if (settings.common.output === 'json') io.out(`${JSON.stringify(facts, null, 2)}\n`);
  else
    for (const { commandIds: ids, association } of accounts)
      for (const id of association && verb === 'install' ? [association.id] : ids) io.out(safe`${id}\n`);
  io.err(renderFailedAccounts(accounts));
  return isInterrupted ? INTERRUPTED : accounts.some(({ error }) => error !== null) ? 1 : 0;
}

function reportVerdicts(
  { verb, settings, bundle, isInterrupted, isLeft, canOpen }: DeliveryRun,
  ends: readonly AccountEnd<Applied>[],
  described: readonly AccountFacts[],
  io: Io,
  lines: ResultLines | undefined,
): number {
  const several = isSeveral(ends);
  const results = listOutcomes(ends).flatMap(({ account: { name }, outcome: { result } }) =>
    result ? [{ name, result }] : [],
  );
  const labelled: readonly Row[] = several
    ? results.flatMap(({ name, result }) =>
        (result.verdicts as readonly Row[]).map((verdict) => ({ ...verdict, account: name })),
      )
    : (results[0]?.result.verdicts ?? []);
  const { rows, accounts } = several
    ? mergeById(settings.targets.instanceIds, labelled, described)
    : { rows: labelled, accounts: described };
  const failed = accounts.filter(({ error }) => error !== null);
  // An association can exist before its instances.
  const isSome =
    rows.length > 0 ||
    accounts.some(({ association }) => verb === 'install' && association?.runs.length === 0);
  const isAllGood =
    isSome &&
    rows.every(isGood) &&
    failed.length === 0 &&
    results.every(({ result }) => !result.stopped && result.missingCount === 0);
  const exitStatus = isInterrupted ? INTERRUPTED : isAllGood ? 0 : 1;
  const facts: RunFacts = {
    command: verb,
    version: bundle.version,
    digest: bundle.digest,
    commandIds: results.flatMap(({ result }) => result.commandIds),
    missingCount: results.reduce((sum, { result }) => sum + result.missingCount, 0),
    stopped: describeStops(results, several),
    exitStatus,
    ...(several ? { accounts } : pickFollowing(accounts[0])),
  };
  const isPlain = !lines && settings.common.output !== 'json';
  if (lines) {
    // With many accounts each row was printed when it came; a merged row stands for several.
    for (const row of rows) if (!row.alike) lines.writeRow(row, true);
    lines.writeSummary(rows, facts);
  } else if (settings.common.output === 'json')
    for (const piece of renderVerdictJson(rows, facts)) io.out(piece);
  else if (rows.length > 0) io.out(renderRows(verb, rows, io));
  if (isPlain && !settings.common.isQuiet && !isInterrupted && canOpen) io.err(describeNow(verb, rows));
  if (isPlain && verb === 'uninstall') io.err(describeLeft(rows, settings));
  io.err(renderFailures(rows, facts));
  for (const account of accounts) {
    const label = several ? `${labelAccount(account)}: ` : '';
    if (isPlain && verb === 'status')
      io.out(wrapLines(describeAssociations(account.associations ?? [], label), io.columns));
    io.err(describeFollowed(account.association, label));
  }
  io.err(renderFailedAccounts(accounts));
  if (isInterrupted && !isLeft && isAllGood && accounts.every(({ association }) => !association))
    io.err('ssm-keepalive: you interrupted it, but all of it had been done already\n');
  return exitStatus;
}

/** The facts about associations. */
const pickFollowing = ({ association, associations }: Following = {}) => ({ association, associations });

function renderRows(verb: Verb, rows: readonly Row[], io: Io): string {
  if (verb === 'status') return renderStatus(rows, io);
  return countRows(rows) > GROUPED_HOSTS ? renderGroups(rows, io) : renderVerdictTable(rows, io);
}

/** Root of that host has written a limit that may be shorter than the idle timeout. */
const isCapped = ({ settings, unattendedSeconds = 0 }: ReportLine): boolean =>
  (readReported(settings)?.maxIdleSeconds ?? 0) > unattendedSeconds &&
  unattendedSeconds < DEFAULT_IDLE_TIMEOUT_SECONDS;

/** What holds now for sessions; empty if nothing was changed. */
function describeNow(verb: Verb, rows: readonly Row[]): string {
  if (verb === 'status') return '';
  if (verb === 'uninstall' && rows.some(({ verdict }) => verdict === 'removed'))
    return safe`ssm-keepalive: new sessions get no keeper; sessions that are open stay as they are${rows.some(isRestartAwaited) ? '; while an agent restarts, for about 10 s, jobs for it are lost' : ''}\n`;
  // What a cap of that host leaves is told with the table.
  const changed = rows.filter(
    ({ verdict, report }) =>
      (verdict === 'installed' || verdict === 'updated') && !(report && isCapped(report)),
  );
  if (changed.length === 0) return '';
  const isOpen = changed.some((row) => isRestartAwaited(row) || isRestartOpen(row));
  const wait = isOpen ? ', where the agent has restarted' : '';
  const where = countRows(changed) < countRows(rows) ? ` on ${countRows(changed)} of ${countRows(rows)}` : '';
  const isPrompt = changed.some(({ report }) => report && isPromptChosen(report));
  const kept = isPrompt ? 'bash, zsh and fish are kept while they wait at the prompt' : 'it is kept';
  return safe`ssm-keepalive: open a new session now${where}: ${kept}${wait}; sessions that are open stay as they are\n`;
}

function describeStops(
  results: readonly { name: AccountName; result: PushResult }[],
  several: boolean,
): string | undefined {
  const stops = results.flatMap(({ name, result }) =>
    result.stopped ? [several ? `${labelAccount(name)}: ${result.stopped}` : result.stopped] : [],
  );
  return stops.length > 0 ? stops.join('; ') : undefined;
}

function describeEnd(end: AccountEnd<Applied>): AccountFacts {
  const facts = { ...describeAccount(end), commandIds: [], missingCount: 0, stopped: null };
  if ('error' in end) return facts;
  const { commandIds, result } = end.outcome;
  const { missingCount = 0, stopped = null } = result ?? {};
  return { ...facts, commandIds, missingCount, stopped, ...pickFollowing(end.outcome) };
}

/** Each id is in one account, so the others need not know it. An id that no account knows is reported once. */
function mergeById(
  instanceIds: readonly string[],
  rows: readonly Row[],
  accounts: readonly AccountFacts[],
): { rows: readonly Row[]; accounts: readonly AccountFacts[] } {
  if (instanceIds.length === 0) return { rows, accounts };
  const found = rows.filter((row) => row.class !== 'not registered');
  const known = new Set(found.map(({ instanceId }) => instanceId));
  const unknown = instanceIds.filter((id) => !known.has(id));
  return {
    rows: [...found, ...unknown.map(describeUnknownId)],
    accounts: accounts.map((account) =>
      account.error?.code === 'no-match' ? { ...account, error: null } : account,
    ),
  };
}

function describeUnknownId(instanceId: string): Row {
  return {
    instanceId,
    name: '',
    verdict: 'failed',
    class: 'not registered',
    why: 'none of these accounts and Regions that could be asked knows this instance',
    next: `check the id, --profile and --region; the instance needs ${NODE_NEEDS}`,
    report: undefined,
    account: { profile: undefined, region: undefined },
  };
}
