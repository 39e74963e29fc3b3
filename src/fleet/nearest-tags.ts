import type { SSMClient } from '@aws-sdk/client-ssm';
import { distance } from 'fastest-levenshtein';
import { quoteCommand } from '../terminal/shell-word.ts';
import {
  describeHaving,
  type Instance,
  listInstances,
  NoMatchError,
  namesOf,
  type Targets,
} from './choose.ts';
import { adviseWhere, type Connection, isOfLab } from './client.ts';
import { takeFirst } from './pages.ts';
import { listTagged } from './tagged.ts';

/** Limits: three pages of tags, four of managed instances. */
const MOST_TAGGED = 300;
const MOST_MANAGED = 200;
const SHOWN_TAGS = 5;

/**
 * Adds the hosts that call themselves so, or the nearest tags of managed instances, in at most seven calls.
 * `asked`: all that was named; one of those is never what was meant by another. Never throws; else returns the error unchanged.
 */
export async function explainNoMatch(
  failure: NoMatchError,
  client: SSMClient,
  connection: Connection,
  asked: Targets,
  signal?: AbortSignal,
): Promise<NoMatchError> {
  const { targets } = failure;
  const region = await client.config.region().catch(() => undefined);
  const where = region ? `Region ${region} of this account` : undefined;
  const others = namesOf(asked)?.length !== namesOf(targets)?.length;
  const known = {
    ...(others ? { what: `no instance matched ${namesOf(targets)?.join(' or ')}` } : {}),
    ...(isOfLab(client) ? { next: adviseWhere(client) } : {}),
  };
  failure = new NoMatchError(targets, known, where);
  if (targets.tags.length === 0) return failure;
  try {
    const managed = await takeFirst(listInstances(client, { tags: [], instanceIds: [] }), MOST_MANAGED);
    const claim = describeClaim(targets, managed);
    if (claim) return claim;
    if (isElsewhere(connection)) return failure;
    const found = await countTags(managed, connection, signal);
    if (found.size === 0) return failure;
    const ranked = rankTags(targets, found).slice(0, SHOWN_TAGS);
    const [best] = ranked;
    const areNames = namesOf(targets) !== undefined && best?.isSameKey === true;
    const spell = (tag: string) => (areNames ? tag.replace(/^Name=/, '') : tag);
    const shown = ranked
      .filter(({ isSameKey }) => isSameKey || !areNames)
      .map(({ tag, count }) => `${spell(tag)} (${count === 1 ? '1 instance' : `${count} instances`})`)
      .join(', ');
    const isAsked = asked.tags.some(({ key, values }) =>
      values.some((value) => `${key}=${value}` === best?.tag),
    );
    const isNear = best && !isAsked && best.steps <= Math.max(2, Math.floor(best.tag.length / 3));
    const meant = isNear && `${areNames ? '' : '--tag '}${quoteCommand`${spell(best.tag)}`}`;
    return new NoMatchError(targets, {
      ...known,
      why: `${failure.why}; nearest are ${shown}`,
      ...(meant ? { next: `did you mean ${meant}? If not, ${adviseWhere(client)}` } : {}),
    });
  } catch {
    return failure;
  }
}

/** A host name in place of the tag Name. Each host says its own, so it is shown and not taken. */
function describeClaim(targets: Targets, managed: readonly Instance[]): NoMatchError | undefined {
  const wanted = targets.tags.find(({ key }) => key === 'Name')?.values ?? [];
  const ids = managed
    .filter(({ name }) => wanted.includes(name) || wanted.includes(name.split('.', 1)[0] ?? ''))
    .map(({ instanceId }) => instanceId);
  const [first] = ids;
  if (first === undefined) return undefined;
  return new NoMatchError(targets, {
    why: `no managed instance has ${describeHaving(targets)}; as host name it is claimed by ${ids.slice(0, SHOWN_TAGS).join(', ')}`,
    next: quoteCommand`if you mean that host, name it by its id:  --instance-id ${first}`,
  });
}

/** True if only Systems Manager has its own address: the tagging service would then answer for another account. */
function isElsewhere({ endpointUrl, variables = {} }: Connection): boolean {
  const others = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API'];
  const isGiven = endpointUrl !== undefined || others.some((name) => variables[name]);
  return !isGiven && Boolean(variables['AWS_ENDPOINT_URL_SSM']);
}

/** How many managed instances have each `key=value`. */
async function countTags(
  managed: readonly Instance[],
  connection: Connection,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const tagged = await takeFirst(listTagged(connection, signal), MOST_TAGGED);
  const ids = new Set(managed.map(({ instanceId }) => instanceId));
  const counts = new Map<string, number>();
  for (const { tags } of tagged.filter(({ instanceId }) => ids.has(instanceId))) {
    for (const [key, value] of Object.entries(tags)) {
      // Tags that AWS itself sets are no targets.
      if (key.startsWith('aws:')) continue;
      const tag = `${key}=${value}`;
      counts.set(tag, (counts.get(tag) ?? 0) + 1);
    }
  }
  return counts;
}

/** Sorts tags: those with the wanted key first, then by the number of different letters. */
function rankTags(targets: Targets, found: ReadonlyMap<string, number>) {
  const wanted = targets.tags.flatMap(({ key, values }) => values.map((value) => `${key}=${value}`));
  const keys = new Set(targets.tags.map(({ key }) => key));
  return (
    [...found]
      .map(([tag, count]) => ({
        tag,
        count,
        isSameKey: keys.has(tag.slice(0, tag.indexOf('='))),
        steps: Math.min(...wanted.map((one) => distance(one, tag))),
      }))
      // This tag exists: another condition excluded its instances.
      .sort((a, b) => Number(b.isSameKey) - Number(a.isSameKey) || a.steps - b.steps || b.count - a.count)
  );
}
