import type { SSMClient } from '@aws-sdk/client-ssm';
import { distance } from 'fastest-levenshtein';
import { quoteCommand } from '../terminal/shell-word.ts';
import { describeTargets, listInstances, NoMatchError, type Targets } from './choose.ts';
import type { Connection } from './client.ts';
import { takeFirst } from './pages.ts';
import { listTagged } from './tagged.ts';

/** Limits: three pages of tags, four of managed instances. */
const MOST_TAGGED = 300;
const MOST_MANAGED = 200;
const SHOWN_TAGS = 5;

/** Adds the nearest tags of managed instances, in at most seven calls. Never throws; else returns the error unchanged. */
export async function explainNoMatch(
  failure: NoMatchError,
  client: SSMClient,
  connection: Connection,
  targets: Targets,
  signal?: AbortSignal,
): Promise<NoMatchError> {
  if (targets.tags.length === 0 || isElsewhere(connection)) return failure;
  try {
    const found = await countTags(client, connection, signal);
    if (found.size === 0) return failure;
    const ranked = rankTags(targets, found).slice(0, SHOWN_TAGS);
    const [best] = ranked;
    const shown = ranked.map(({ tag, count }) => `${tag} (${count})`).join(', ');
    return new NoMatchError(targets, {
      why: `no managed instance in this account and Region has ${describeTargets(targets)}; nearest are ${shown}`,
      ...(best && best.steps <= Math.max(2, Math.floor(best.tag.length / 3))
        ? { next: quoteCommand`did you mean --tag ${best.tag}? If not, check --region and --profile` }
        : {}),
    });
  } catch {
    return failure;
  }
}

/** True if only Systems Manager has its own address: the tagging service would then answer for another account. */
function isElsewhere({ endpointUrl, variables = {} }: Connection): boolean {
  const others = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API'];
  const isGiven = endpointUrl !== undefined || others.some((name) => variables[name]);
  return !isGiven && Boolean(variables['AWS_ENDPOINT_URL_SSM']);
}

/** How many managed instances have each `key=value`. */
async function countTags(
  client: SSMClient,
  connection: Connection,
  signal: AbortSignal | undefined,
): Promise<Map<string, number>> {
  const [managed, tagged] = await Promise.all([
    takeFirst(listInstances(client, { tags: [], instanceIds: [] }), MOST_MANAGED),
    takeFirst(listTagged(connection, signal), MOST_TAGGED),
  ]);
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
