/** Which associations of ours also reach the instances that a command is for. */
import type { Association, SSMClient, Target } from '@aws-sdk/client-ssm';
import { ASSOCIATION_PREFIX, associationName, listAssociations } from './association.ts';
import { listInstances, type Targets } from './choose.ts';

/** One association of ours, as `status` shows it. */
export interface KnownAssociation {
  readonly id: string;
  readonly name: string;
  /** Absent: it runs once on each instance. */
  readonly schedule: string | null;
  readonly document: string;
  readonly targets: readonly { readonly key: string; readonly values: readonly string[] }[];
  /** The service's word for its last run. */
  readonly lastStatus: string;
}

/**
 * Associations of ours that match at least one instance of these targets. A page of the list, then at most a page of instances
 * for each of ours. Nothing where the account forbids to look: it is a courtesy of the commands that ask.
 */
export async function findMatching(client: SSMClient, targets: Targets): Promise<KnownAssociation[]> {
  const found: KnownAssociation[] = [];
  try {
    for await (const association of listAssociations(client)) {
      if (!association.AssociationName?.startsWith(ASSOCIATION_PREFIX)) continue;
      const isSame = association.AssociationName === associationName(targets);
      if (isSame || (await shareInstances(client, association.Targets ?? [], targets)))
        found.push(toKnown(association));
    }
  } catch {
    return found;
  }
  return found;
}

function toKnown(association: Association): KnownAssociation {
  return {
    id: association.AssociationId ?? '',
    name: association.AssociationName ?? '',
    schedule: association.ScheduleExpression ?? null,
    document: association.Name ?? '',
    targets: (association.Targets ?? []).map(({ Key = '', Values = [] }) => ({ key: Key, values: Values })),
    lastStatus: association.Overview?.DetailedStatus ?? association.Overview?.Status ?? 'unknown',
  };
}

async function shareInstances(client: SSMClient, theirs: readonly Target[], ours: Targets): Promise<boolean> {
  const theirIds = theirs.find(({ Key }) => Key?.toLowerCase() === 'instanceids')?.Values;
  if (theirIds?.includes('*') || ours.isAll) return true;
  // Who is in a resource group is known to the service alone.
  if (ours.resourceGroup) return false;
  if (theirIds) {
    if (ours.instanceIds.length > 0) return ours.instanceIds.some((id) => theirIds.includes(id));
    return hasOne(client, ours, theirIds);
  }
  const tags = theirs.map(({ Key = '', Values = [] }) => ({ key: Key.replace(/^tag:/, ''), values: Values }));
  if (theirs.length === 0 || theirs.some(({ Key }) => !Key?.startsWith('tag:'))) return false;
  if (ours.instanceIds.length > 0) return hasOne(client, { tags, instanceIds: [] }, ours.instanceIds);
  const both = combine(tags, ours.tags);
  return both !== undefined && hasOne(client, { tags: both, instanceIds: [] });
}

/** Conditions that hold where both lists hold; undefined where none can. */
function combine(one: Targets['tags'], other: Targets['tags']): Targets['tags'] | undefined {
  const values = new Map(one.map((tag) => [tag.key, tag.values]));
  for (const tag of other) {
    const known = values.get(tag.key);
    values.set(tag.key, known ? known.filter((value) => tag.values.includes(value)) : tag.values);
  }
  const both = [...values].map(([key, of]) => ({ key, values: of }));
  return both.every((tag) => tag.values.length > 0) ? both : undefined;
}

async function hasOne(client: SSMClient, targets: Targets, among?: readonly string[]): Promise<boolean> {
  for await (const { instanceId } of listInstances(client, targets))
    if (among === undefined || among.includes(instanceId)) return true;
  return false;
}
