import type { SSMClient } from '@aws-sdk/client-ssm';
import { findInstances } from './choose.ts';
import type { Verdict } from './judge.ts';

/** Above this number, instances are shown without names: names cost one call a page. */
export const NAMED_AT_ONCE = 50;

/** One call for one page of verdicts: invocations have no names. Without the permission, neither have the verdicts. */
export async function nameInstances(
  client: SSMClient,
  verdicts: readonly Verdict[],
): Promise<readonly Verdict[]> {
  const instanceIds = verdicts.filter(({ name }) => name === '').map(({ instanceId }) => instanceId);
  if (instanceIds.length > NAMED_AT_ONCE) return verdicts;
  const found = await findInstances(client, instanceIds);
  return verdicts.map((verdict) => ({
    ...verdict,
    name: verdict.name || (found.get(verdict.instanceId)?.name ?? ''),
  }));
}
