import type { SSMClient } from '@aws-sdk/client-ssm';
import { UsageError } from '../errors.ts';

/** An id as it is; on the lab a name too. @throws UsageError that says what would do */
export async function chooseOneInstance(
  client: SSMClient,
  command: string,
  word: string | undefined,
  isLab: boolean,
): Promise<string> {
  const { isInstanceId } = await import('../settings/settings.ts');
  if (word !== undefined && isInstanceId(word)) return word;
  if (!isLab) return requireInstanceId(command, word);
  const { listInstances } = await import('../fleet/choose.ts');
  const hosts = [];
  for await (const host of listInstances(client, { tags: [], instanceIds: [] })) hosts.push(host);
  const named = hosts.find(({ name }) => name === word);
  if (named !== undefined) return named.instanceId;
  throw new UsageError({
    code: 'no-target',
    what: word === undefined ? `${command} needs an instance` : `the lab has no host ${JSON.stringify(word)}`,
    why: `the lab has ${hosts.map(({ name, instanceId }) => `${name} (${instanceId})`).join(', ')}`,
    next: `run  ssm-keepalive ${command} --lab ${hosts[0]?.name ?? 'NAME'}`,
  });
}

/** @throws UsageError that says what would do */
export async function requireInstanceId(command: string, word: string | undefined): Promise<string> {
  const { isInstanceId } = await import('../settings/settings.ts');
  if (word !== undefined && isInstanceId(word)) return word;
  throw new UsageError({
    code: 'no-target',
    what: word === undefined ? `${command} needs an instance` : `${JSON.stringify(word)} is no instance id`,
    why: 'expected one instance id, i- and 8 or 17 characters or mi- and 17',
    next: `run  ssm-keepalive ${command} i-0123456789abcdef0`,
  });
}
