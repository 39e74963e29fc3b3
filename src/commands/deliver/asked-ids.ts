import type { AccountFacts, Row } from './verdict-json.ts';

/**
 * Instance ids asked for in several accounts: each is one account's own, so that the others do not know it is no failure.
 * An id that none of them knows is told once.
 */
export function settleIds(
  instanceIds: readonly string[],
  rows: readonly Row[],
  accounts: readonly AccountFacts[],
): { rows: readonly Row[]; accounts: readonly AccountFacts[] } {
  if (instanceIds.length === 0) return { rows, accounts };
  const found = rows.filter((row) => row.class !== 'not registered');
  const known = new Set(found.map(({ instanceId }) => instanceId));
  const unknown = instanceIds.filter((id) => !known.has(id));
  return {
    rows: [...found, ...unknown.map(nowhere)],
    accounts: accounts.map((account) =>
      account.error?.code === 'no-match' ? { ...account, error: null } : account,
    ),
  };
}

function nowhere(instanceId: string): Row {
  return {
    instanceId,
    name: '',
    verdict: 'failed',
    class: 'not registered',
    why: 'none of these accounts and Regions that could be asked knows this instance',
    next: 'check the id, --profile and --region; the instance needs a running agent and the role AmazonSSMManagedInstanceCore',
    report: undefined,
    account: { profile: undefined, region: undefined },
  };
}
