/** Verdicts for programs; keys are stable and documented in docs/json.md. */

import { type AccountResult, nameFields } from '../../accounts/account-work.ts';
import type { AccountName } from '../../accounts/names.ts';
import type { KnownAssociation } from '../../fleet/association-match.ts';
import type { Verdict } from '../../fleet/judge.ts';
import type { SilentCount } from '../../fleet/silent-sessions.ts';
import type { AssociationFacts } from './follow-text.ts';
import { describeUpdate } from './repair-text.ts';

/** The facts of a run beside its verdicts in JSON; keys are stable and documented in docs/json.md. */
export interface RunFacts extends Following {
  readonly command: string;
  readonly version: string;
  readonly digest: string;
  readonly commandIds: readonly string[];
  readonly missingCount: number;
  readonly stopped?: string | undefined;
  readonly exitStatus: number;
  /** Only if there are several. */
  readonly accounts?: readonly AccountFacts[];
}

/** The facts about associations: beside the verdicts with one account, with each account if there are several. */
export interface Following {
  /** What --follow did; null if the first instance failed and nothing was made. */
  readonly association?: AssociationFacts | null | undefined;
  /** For `status` and `uninstall`: our associations that match the same instances. */
  readonly associations?: readonly KnownAssociation[] | undefined;
}

/** The result of one account, if there are several. */
export interface AccountFacts extends AccountResult, Following {
  readonly commandIds: readonly string[];
  readonly missingCount: number;
  readonly stopped: string | null;
}

/** A verdict, with its account if there are several. */
export interface Row extends Verdict {
  readonly account?: AccountName;
  /** It stands for several instances of that account: with many accounts there is no memory for each instance. */
  readonly alike?: Alike;
}

export interface Alike {
  readonly count: number;
  /** The first of them. */
  readonly instanceIds: readonly string[];
  readonly keptSessions: number;
  readonly silent: SilentCount;
}

/** How many instances the rows stand for. */
export function countRows(rows: readonly Row[]): number {
  return rows.reduce((sum, { alike }) => sum + (alike?.count ?? 1), 0);
}

const PIECE_LENGTH = 64 * 1024;

/** One JSON document. In pieces: one text of ten thousand instances needs more memory than the rest of the run. */
export function* renderVerdictJson(verdicts: readonly Row[], facts: RunFacts): Generator<string> {
  const head = { ...describeRun(verdicts, facts), instances: [] };
  const frame = JSON.stringify(head, null, 2);
  if (verdicts.length === 0) {
    yield frame + '\n';
    return;
  }
  let piece = frame.slice(0, -']\n}'.length);
  for (const [index, verdict] of verdicts.entries()) {
    const text = JSON.stringify(describeRow(verdict), null, 2).replace(/\n/g, '\n    ');
    piece += (index === 0 ? '\n    ' : ',\n    ') + text;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  yield piece + '\n  ]\n}\n';
}

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

/** Without a spread: V8 gives each spread object its own shape; six accounts of 1,000 instances took 40 MB and 2 s more. */
export function describeRow(row: Row): Record<string, unknown> {
  const { report, account, instanceId, name, verdict, class: kind, why, next } = row;
  const place = account && nameFields(account);
  return {
    // JSON leaves out what is undefined.
    account: place?.account,
    profile: place?.profile,
    region: place?.region,
    instanceId,
    name,
    verdict,
    class: kind,
    why,
    next,
    state: report?.state ?? null,
    // If no version is in use, the report has the version of the status script.
    version: report?.state && !report.digest ? null : (report?.version ?? null),
    digest: report?.digest || null,
    keeper: report?.keeper ?? null,
    keeperWhy: report?.keeperWhy || null,
    interpreter: report?.interpreter ?? null,
    entries: report?.entries ?? {},
    wrap: report?.wrap || null,
    tmux: report?.tmux || null,
    ssh: report?.ssh || null,
    sshWhy: report?.sshWhy || null,
    tmout: report?.tmout ?? [],
    tmuxLocks: report?.tmuxLocks ?? [],
    capSeconds: report?.capSeconds ?? null,
    oomScoreAdjust: report?.oomScoreAdjust ?? null,
    busy: report?.busy ?? false,
    restart: report?.restart ?? null,
    intervalSeconds: report?.intervalSeconds ?? null,
    unattendedSeconds: report?.unattendedSeconds ?? null,
    changed: describeUpdate(row),
    drifted: report?.drifted ?? [],
    left: report?.left ?? [],
    sessions: report?.sessions ?? [],
    kept: report?.kept ?? null,
    more: report?.more ?? null,
  };
}

/** How many instances got each verdict, in the order they first appear. */
function countVerdicts(rows: readonly Row[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verdict, alike } of rows) counts[verdict] = (counts[verdict] ?? 0) + (alike?.count ?? 1);
  return counts;
}
