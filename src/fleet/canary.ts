/** The canary (the first instance, tried before the others), and the instances that cannot be reached. */
import type { Instance } from './choose.ts';
import { failed, isGood, type Judgement, type Verdict, WRONG_PLATFORM } from './judge.ts';

/** The facts needed to choose the canary and to say why an instance cannot be reached. */
export type ListedInstance = Pick<
  Instance,
  'instanceId' | 'name' | 'isOnline' | 'pingStatus' | 'platformType'
>;

export function chooseCanary(
  known: readonly ListedInstance[],
  excluded: ReadonlySet<string>,
): ListedInstance | undefined {
  const usable = known.filter((instance) => !excluded.has(instance.instanceId) && mayRunScripts(instance));
  return usable.find((instance) => instance.isOnline) ?? usable[0];
}

/** True also if the platform is not known: the service decides when the command arrives. */
export function mayRunScripts({ platformType }: Pick<ListedInstance, 'platformType'>): boolean {
  return ['', 'Linux'].includes(platformType);
}

/** By tag the canary gets the script twice and then reports `unchanged`, so its first verdict counts. */
export function mergeCanary(first: readonly Verdict[], others: readonly Verdict[]): Verdict[] {
  const merged = new Map(first.map((verdict) => [verdict.instanceId, verdict]));
  for (const verdict of others) {
    if (!merged.has(verdict.instanceId) || !isGood(verdict)) merged.set(verdict.instanceId, verdict);
  }
  return [...merged.values()];
}

/** Verdicts on ids that cannot be reached. With one of them the service would refuse the whole call. */
export function judgeUnreachable(
  instanceIds: readonly string[],
  known: readonly ListedInstance[],
  next: string,
): Verdict[] {
  const byId = new Map(known.map((instance) => [instance.instanceId, instance]));
  return instanceIds.flatMap((instanceId): Verdict[] => {
    const instance = byId.get(instanceId);
    const judgement = judgeListed(instance, next);
    return judgement ? [{ instanceId, name: instance?.name ?? '', report: undefined, ...judgement }] : [];
  });
}

function judgeListed(instance: ListedInstance | undefined, next: string): Judgement | undefined {
  if (!instance)
    return failed(
      'not registered',
      'Systems Manager does not know this instance in this account and Region',
      next,
    );
  if (!mayRunScripts(instance)) return WRONG_PLATFORM;
  if (instance.isOnline) return undefined;
  return failed(
    'offline',
    `its agent is not connected (${instance.pingStatus}), so nothing was sent`,
    'start the instance or its agent, then run the command again for it',
  );
}
