import type { SSMClient } from '@aws-sdk/client-ssm';
import { listInstances } from './choose.ts';
import type { Verdict } from './judge.ts';

/** Above this number, instances are shown without names: names cost one call a page. */
export const NAMED_AT_ONCE = 50;

/** One call for one page of verdicts: invocations have no names. Without the permission, neither have the verdicts. */
export async function nameInstances(
  client: SSMClient,
  verdicts: readonly Verdict[],
): Promise<readonly Verdict[]> {
  const instanceIds = verdicts.filter(({ name }) => name === '').map(({ instanceId }) => instanceId);
  if (instanceIds.length === 0 || instanceIds.length > NAMED_AT_ONCE) return verdicts;
  const names = new Map<string, string>();
  try {
    for await (const { instanceId, name } of listInstances(client, { tags: [], instanceIds })) {
      names.set(instanceId, name);
    }
  } catch {
    return verdicts;
  }
  return verdicts.map((verdict) => ({
    ...verdict,
    name: verdict.name || (names.get(verdict.instanceId) ?? ''),
  }));
}
