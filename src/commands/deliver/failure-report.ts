import type { AccountResult } from '../../accounts/account-work.ts';
import { labelAccount } from '../../accounts/names.ts';
import { attribute, isGood } from '../../fleet/judge.ts';
import { say, showLine } from '../../terminal/safe-text.ts';
import { groupBy, nameSome } from './verdict-groups.ts';
import type { Row, RunFacts } from './verdict-json.ts';

/** So many kinds of failure are told; `--output json` has every instance. */
const TOLD_KINDS = 12;

/**
 * Failures with why and next, those that are alike told once, then what is still open, in the words of the style guide;
 * empty when all is well.
 */
export function renderFailures(rows: readonly Row[], facts: RunFacts): string {
  const bad = rows.filter((row) => !isGood(row));
  const lines: string[] = [];
  if (bad.length > 0) {
    const total = `${bad.length} of ${rows.length} ${rows.length === 1 ? 'instance' : 'instances'}`;
    const isLimited = bad.every(({ verdict }) => verdict === 'limited');
    lines.push(
      isLimited
        ? say`ssm-keepalive: not every session is kept on ${total}`
        : say`ssm-keepalive: ${facts.command} did not succeed on ${total}`,
    );
    const kinds = groupBy(bad, ({ class: kind, why, next }) => [kind, why, next].join('\n'));
    for (const kind of kinds.slice(0, TOLD_KINDS)) lines.push(...describeKind(kind));
    const untold = kinds.slice(TOLD_KINDS).reduce((sum, { length }) => sum + length, 0);
    if (untold > 0)
      lines.push(`  and ${untold} more, each for a reason of its own; all of them:  --output json`);
  }
  for (const [label, stopped] of listStops(facts))
    lines.push(say`ssm-keepalive: ${label}the other instances were not touched, because ${stopped}`);
  if (facts.missingCount > 0) {
    lines.push(
      say`ssm-keepalive: the service counted ${facts.missingCount} more instances than it lists; run status to see them`,
    );
  }
  return lines.length > 0 ? lines.join('\n') + '\n' : '';
}

function describeKind(kind: readonly Row[]): string[] {
  const [first] = kind;
  if (!first) return [];
  const instanceId = showLine(first.instanceId);
  const [why, next] = [attribute(first, 'why'), attribute(first, 'next')];
  if (kind.length === 1)
    return [say`  ${instanceId}  why:  ${why}`, say`  ${' '.repeat(instanceId.length)}  next: ${next}`];
  return [
    say`  ${kind.length} instances, ${first.class}: ${nameSome(kind)}`,
    say`    why:  ${why}`,
    say`    next: ${next}`,
  ];
}

function listStops({ stopped, accounts }: RunFacts): [label: string, stopped: string][] {
  if (!accounts) return stopped ? [['', stopped]] : [];
  return accounts.flatMap((account): [string, string][] =>
    account.stopped ? [[`${labelFacts(account)}: `, account.stopped]] : [],
  );
}

/** Accounts that could not be worked in at all, each with why and next. */
export function renderFailedAccounts(accounts: readonly AccountResult[]): string {
  return accounts
    .flatMap((account) => (account.error ? [[labelFacts(account), account.error] as const] : []))
    .map(
      ([label, { what, why, next }]) =>
        say`ssm-keepalive: ${label}: ${what}\n  why:  ${why}\n  next: ${next}\n`,
    )
    .join('');
}

/** What tells an account from the others, of its facts. */
export function labelFacts({ account, profile, region }: AccountResult): string {
  return labelAccount({ account, profile: profile ?? undefined, region: region ?? undefined });
}
