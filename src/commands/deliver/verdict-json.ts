/** Verdicts for programs; keys are stable and documented in docs/json.md. */

import { type AccountResult, nameFields } from '../../accounts/account-work.ts';
import type { AccountName } from '../../accounts/names.ts';
import type { KnownAssociation } from '../../fleet/association-match.ts';
import type { Verdict } from '../../fleet/judge.ts';
import type { AssociationFacts } from './follow-text.ts';

/** The facts of a run that stand beside its verdicts in JSON; keys are stable and documented in docs/json.md. */
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
  /** It stands for several instances of that account, where there are too many accounts to hold each instance. */
  readonly alike?: Alike;
}

export interface Alike {
  readonly count: number;
  /** The first of them. */
  readonly instanceIds: readonly string[];
  readonly keptSessions: number;
}

/** How many instances the rows are. */
export function countRows(rows: readonly Row[]): number {
  return rows.reduce((sum, { alike }) => sum + (alike?.count ?? 1), 0);
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

/**
 * One instance as JSON has it. Every key is written out: after a spread V8 gives each object a shape of its own, and six accounts
 * with 1,000 instances each took 40 MB and two seconds more.
 */
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
    tmout: report?.tmout ?? [],
    tmuxLocks: report?.tmuxLocks ?? [],
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
export function countVerdicts(rows: readonly Row[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verdict, alike } of rows) counts[verdict] = (counts[verdict] ?? 0) + (alike?.count ?? 1);
  return counts;
}
