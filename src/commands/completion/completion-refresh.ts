import type { Clock } from '../../clock.ts';
import type { Connection } from '../../fleet/client.ts';
import type { AccountContents } from './account-cache.ts';
import { cachePath, type Place, writeCache } from './account-cache.ts';

/** Nobody scrolls through more. */
const MOST_INSTANCES = 1000;
const MOST_VALUES = 200;

/** Saves the account's answer for the next TAB. Without an answer the old cache stays: the command itself prints the reason. */
export async function refreshContents(
  place: Place,
  variables: NodeJS.ProcessEnv,
  clock: Clock,
): Promise<void> {
  writeCache(cachePath(place, variables), await askPlace(place, variables), clock.now());
}

async function askPlace(
  { isLab, region, profile, endpointUrl, allowsUnencrypted }: Place,
  variables: NodeJS.ProcessEnv,
): Promise<AccountContents> {
  if (!isLab) {
    const { requireEncrypted } = await import('../../fleet/configured-addresses.ts');
    if (!allowsUnencrypted) await requireEncrypted(profile ? [profile] : [], variables, endpointUrl);
    return askAccount({ region, profile, endpointUrl, variables }, false);
  }
  const { defaultLabDir, labStatus, readInventory } = await import('../../lab/index.ts');
  const dir = defaultLabDir(variables);
  const lab = await labStatus(dir);
  if (lab === undefined) {
    // The lab is down, and a TAB must not start it: read the hosts from its folder.
    const { hosts } = readInventory(dir);
    const instances = hosts.map(({ id, name, tags }) => ({ instanceId: id, name, tags }));
    return toContents(instances, instances, true);
  }
  return askAccount(
    { region: region ?? 'us-east-1', endpointUrl: lab.endpoint, credentials: lab.credentials, variables },
    true,
  );
}

async function askAccount(connection: Connection, isLab: boolean): Promise<AccountContents> {
  const [{ makeClient }, { listInstances }, { takeFirst }, { listTagged }] = await Promise.all([
    import('../../fleet/client.ts'),
    import('../../fleet/choose.ts'),
    import('../../fleet/pages.ts'),
    import('../../fleet/tagged.ts'),
  ]);
  const client = makeClient(connection);
  try {
    const [managed, tagged] = await Promise.allSettled([
      takeFirst(listInstances(client, { tags: [], instanceIds: [] }), MOST_INSTANCES),
      takeFirst(listTagged(connection), MOST_INSTANCES),
    ]);
    if (managed.status === 'rejected') throw managed.reason;
    return toContents(managed.value, tagged.status === 'fulfilled' ? tagged.value : [], isLab);
  } finally {
    client.destroy();
  }
}

/** Only managed instances: no command reaches the others. */
function toContents(
  managed: readonly { readonly instanceId: string; readonly name: string }[],
  tagged: readonly { readonly instanceId: string; readonly tags: Readonly<Record<string, string>> }[],
  isLab: boolean,
): AccountContents {
  const tagsOf = new Map(tagged.map(({ instanceId, tags }) => [instanceId, tags]));
  const values = new Map<string, Set<string>>();
  for (const { instanceId } of managed) {
    for (const [key, value] of Object.entries(tagsOf.get(instanceId) ?? {})) {
      const known = values.get(key) ?? new Set();
      values.set(key, known);
      if (known.size < MOST_VALUES) known.add(value);
    }
  }
  return {
    instances: managed.map(({ instanceId, name }) => ({
      id: instanceId,
      name,
      // As in commands/instance-word.ts.
      tag: tagsOf.get(instanceId)?.['Name'] || (isLab ? name : ''),
    })),
    tags: Object.fromEntries([...values].map(([key, known]) => [key, [...known].sort()])),
  };
}
