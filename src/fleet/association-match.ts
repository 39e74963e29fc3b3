/** Finds our associations that reach the same instances as a command. */
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

/** Reads at most one page of instances for each association. [] if a call is refused: the callers only warn. */
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
  // Only the service knows the members of a resource group.
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

/** The conditions of both lists together; undefined if no instance can fulfil them. */
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
