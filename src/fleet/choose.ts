import {
  DescribeInstanceInformationCommand,
  type InstanceInformation,
  type InstanceInformationStringFilter,
  type SSMClient,
  type Target,
} from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import { quoteCommand } from '../terminal/shell-word.ts';
import { readPages } from './pages.ts';

/** A target expression, one of four kinds: tag conditions (all must hold), ids, a resource group, or all instances. */
export interface Targets {
  readonly tags: readonly { readonly key: string; readonly values: readonly string[] }[];
  readonly instanceIds: readonly string[];
  /** No call of Systems Manager lists its members. */
  readonly resourceGroup?: string | undefined;
  readonly isAll?: boolean;
}

/** One managed instance as the service knows it. */
export interface Instance {
  readonly instanceId: string;
  readonly name: string;
  readonly isOnline: boolean;
  readonly platform: string;
  readonly platformType: string;
  readonly agentVersion: string;
  /** The service's word: Online, ConnectionLost, Inactive. */
  readonly pingStatus: string;
}

/** No instance matches. An error, because silence would look like success. */
export class NoMatchError extends UserError {
  constructor(
    readonly targets: Targets,
    found: { readonly what?: string; readonly why?: string; readonly next?: string } = {},
    where = 'this account and Region',
  ) {
    super({
      code: 'no-match',
      what: 'no instance matched',
      why: targets.isAll
        ? `${where} has no managed Linux instance`
        : `no managed instance in ${where} has ${describeHaving(targets)}`,
      next: `${LOOK} ; check ${nameAsked(targets)}--region and --profile`,
      ...found,
    });
  }
}

const LOOK = 'look with  aws ssm describe-instance-information';

/** What may be mistyped. */
function nameAsked({ isAll, instanceIds, resourceGroup }: Targets): string {
  if (isAll) return '';
  return instanceIds.length > 0 ? 'the id, ' : resourceGroup ? 'the group, ' : 'the tag, ';
}

/** The service's page limit for DescribeInstanceInformation [model: MaxResults 5 to 50]. */
const PAGE_SIZE = 50;

/** SendCommand takes at most 50 ids in one call [model]. */
export const IDS_PER_COMMAND = 50;

/** Page by page, so that a caller who needs one may stop early. @throws ServiceError */
export async function* listInstances(client: SSMClient, targets: Targets): AsyncGenerator<Instance> {
  // The service does not mix tag filters with others, and takes a limited number of ids in one filter.
  const filterSets: InstanceInformationStringFilter[][] =
    targets.instanceIds.length > 0
      ? chunk(targets.instanceIds, PAGE_SIZE).map((ids) => [{ Key: 'InstanceIds', Values: ids }])
      : [targets.tags.map(({ key, values }) => ({ Key: `tag:${key}`, Values: [...values] }))];
  for (const filters of filterSets) yield* listPages(client, filters);
}

async function* listPages(
  client: SSMClient,
  Filters: InstanceInformationStringFilter[],
): AsyncGenerator<Instance> {
  const ids = new Set<string>();
  const pages = readPages('the instances could not be listed', (token) =>
    client.send(new DescribeInstanceInformationCommand({ Filters, MaxResults: PAGE_SIZE, ...token })),
  );
  for await (const { InstanceInformationList = [] } of pages) {
    for (const instance of InstanceInformationList.map(toInstance)) {
      if (!ids.has(instance.instanceId)) yield instance;
      ids.add(instance.instanceId);
    }
  }
}

/** Those of the ids that the service knows; none without permission to list. Never throws. */
export async function findInstances(
  client: SSMClient,
  instanceIds: readonly string[],
): Promise<ReadonlyMap<string, Instance>> {
  const found = new Map<string, Instance>();
  // Without an id all instances would be listed.
  if (instanceIds.length === 0) return found;
  try {
    for await (const one of listInstances(client, { tags: [], instanceIds })) found.set(one.instanceId, one);
    return found;
  } catch {
    return new Map();
  }
}

function toInstance(information: InstanceInformation): Instance {
  return {
    instanceId: information.InstanceId ?? '',
    name: information.ComputerName ?? information.Name ?? '',
    isOnline: information.PingStatus === 'Online',
    platform: [information.PlatformName, information.PlatformVersion].filter(Boolean).join(' '),
    platformType: information.PlatformType ?? '',
    agentVersion: information.AgentVersion ?? '',
    pingStatus: information.PingStatus ?? 'unknown',
  };
}

/** `--all` as ids, since SendCommand has no wildcard: every managed Linux instance. @throws NoMatchError, ServiceError */
export async function enumerateAll(client: SSMClient, targets: Targets): Promise<Targets> {
  if (!targets.isAll) return targets;
  const instanceIds: string[] = [];
  for await (const instance of listInstances(client, targets)) {
    if (instance.platformType === 'Linux') instanceIds.push(instance.instanceId);
  }
  // An empty list of ids would mean all instances again.
  if (instanceIds.length === 0) throw new NoMatchError(targets);
  return { tags: [], instanceIds };
}

/** The `Targets` of SendCommand for tag conditions or a resource group. */
export function toServiceTargets({ tags, resourceGroup }: Targets): Target[] {
  if (resourceGroup) return [{ Key: 'resource-groups:Name', Values: [resourceGroup] }];
  return tags.map(({ key, values }) => ({ Key: `tag:${key}`, Values: [...values] }));
}

/** Splits a list into runs of at most `size`. */
export function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/** The targets if they are names alone, which people type without --tag. */
export function namesOf({ tags }: Targets): readonly string[] | undefined {
  const [tag, ...others] = tags;
  return tag?.key === 'Name' && others.length === 0 ? tag.values : undefined;
}

/** `the name "web-1"`, else the flags. */
export function describeHaving(targets: Targets): string {
  const names = namesOf(targets)?.map((name) => JSON.stringify(name));
  return names ? `the name ${names.join(' or ')}` : describeTargets(targets);
}

/** A target expression as a user would type it, for messages. */
export function describeTargets(targets: Targets): string {
  if (targets.isAll) return '--all';
  if (targets.resourceGroup) return quoteCommand`--resource-group ${targets.resourceGroup}`;
  if (targets.instanceIds.length > 0) return quoteCommand`--instance-id ${targets.instanceIds}`;
  return targets.tags.map(({ key, values }) => quoteCommand`--tag ${`${key}=${values.join(',')}`}`).join(' ');
}
