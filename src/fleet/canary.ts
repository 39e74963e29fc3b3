/** The first instance, which is tried before the others, and those that are not reached at all. */
import { NODE_NEEDS } from './account.ts';
import type { Instance } from './choose.ts';
import { isGood, type Verdict, WRONG_PLATFORM } from './judge.ts';

/** What has to be known of an instance to choose the first one and to say why another is not reached. */
export type Known = Pick<Instance, 'instanceId' | 'name' | 'isOnline' | 'pingStatus' | 'platformType'>;

export function chooseCanary(known: readonly Known[], excluded: ReadonlySet<string>): Known | undefined {
  const usable = known.filter((instance) => !excluded.has(instance.instanceId) && mayRunScripts(instance));
  return usable.find((instance) => instance.isOnline) ?? usable[0];
}

/** A service that does not say the platform may know better when it is sent something. */
export function mayRunScripts({ platformType }: Pick<Known, 'platformType'>): boolean {
  return ['', 'Linux'].includes(platformType);
}

/** By tag the canary gets the script a second time and says `unchanged`: its first verdict is the one that counts. */
export function mergeCanary(first: readonly Verdict[], others: readonly Verdict[]): Verdict[] {
  const merged = new Map(first.map((verdict) => [verdict.instanceId, verdict]));
  for (const verdict of others) {
    if (!merged.has(verdict.instanceId) || !isGood(verdict)) merged.set(verdict.instanceId, verdict);
  }
  return [...merged.values()];
}

/** Those named by id that nothing can be sent to: one of them would make the service refuse the whole call. */
export function judgeUnreachable(instanceIds: readonly string[], known: readonly Known[]): Verdict[] {
  const byId = new Map(known.map((instance) => [instance.instanceId, instance]));
  return instanceIds.flatMap((instanceId): Verdict[] => {
    const instance = byId.get(instanceId);
    const base = { instanceId, name: instance?.name ?? '', verdict: 'failed', report: undefined };
    if (instance && !mayRunScripts(instance)) return [{ ...base, ...WRONG_PLATFORM }];
    if (instance?.isOnline) return [];
    if (!instance) {
      return [
        {
          ...base,
          class: 'not registered',
          why: 'Systems Manager does not know this instance in this account and Region',
          next: `check the id and --region; the instance needs ${NODE_NEEDS}`,
        },
      ];
    }
    return [
      {
        ...base,
        class: 'offline',
        why: `its agent is not connected (${instance.pingStatus}), so nothing was sent`,
        next: 'start the instance or its agent, then run the command again for it',
      },
    ];
  });
}
