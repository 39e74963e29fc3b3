/** Finds the one instance of a command by its id or its name. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { refuse, UserError } from '../errors.ts';
import { type Instance, listInstances, type Targets } from '../fleet/choose.ts';
import { adviseWhere } from '../fleet/client.ts';
import { takeFirst } from '../fleet/pages.ts';
import { nearestName } from '../nearest.ts';
import { describeSpoilt, isInstanceId, isName, type Settings } from '../settings/settings.ts';
import { quoteCommand } from '../terminal/shell-word.ts';

/** The service cannot filter by host name, so the list is read page by page: at most 40 calls. */
const MOST_LISTED = 2000;
const MOST_NAMED = 12;

/** Checks the word without a call. @throws UsageError with a valid word as `next` */
export function requireInstanceWord(command: string, word: string | undefined, { common }: Settings): void {
  refuse(word === undefined || !(isInstanceId(word) || isName(word)), {
    code: 'no-target',
    what: word === undefined ? `${command} needs an instance` : `${JSON.stringify(word)} is no instance id`,
    why: describeSpoilt(word ?? ''),
    next: common.isLab
      ? 'see the lab’s with  ssm-keepalive lab hosts'
      : quoteCommand`run  ssm-keepalive ${command} i-0123456789abcdef0`,
  });
}

/**
 * The id of the instance with this id or `Name` tag; on the lab also with this host name. Elsewhere an instance says its
 * host name itself, and may say that of another: such instances are named, and none is taken.
 * @throws UsageError with valid words as `next`
 */
export async function chooseOneInstance(
  client: SSMClient,
  command: string,
  word: string | undefined,
  settings: Settings,
): Promise<string> {
  requireInstanceWord(command, word, settings);
  if (word === undefined || isInstanceId(word)) return word ?? '';
  const line = quoteCommand`ssm-keepalive ${command}`;
  const list = (tags: Targets['tags'], most: number) =>
    takeFirst(listInstances(client, { tags, instanceIds: [] }), most);
  const tagged = await list([{ key: 'Name', values: [word] }], Number.POSITIVE_INFINITY);
  const listed = tagged.length > 0 ? [] : await list([], MOST_LISTED);
  const claiming = listed.filter(({ name }) => name === word || name.split('.', 1)[0] === word);
  if (claiming.length > 0 && !settings.common.isLab) throw describeClaim(word, claiming, line);
  const found = [...tagged, ...claiming];
  // Ended instances stay in the list for weeks, often with the same name as their successor.
  const online = found.filter(({ isOnline }) => isOnline);
  const [only, ...others] = online.length === 1 ? online : found;
  if (only && others.length === 0) return only.instanceId;
  if (only) throw describeSeveral(word, found, line);
  throw describeNone(client, word, listed, line);
}

function describeSeveral(word: string, found: readonly Instance[], line: string): UserError {
  return new UserError({
    code: 'many-match',
    what: `${found.length} instances have the name ${JSON.stringify(word)}`,
    why: listInstancesInWords(found),
    next: `run  ${nameFirst(found, line)}`,
  });
}

function describeClaim(word: string, found: readonly Instance[], line: string): UserError {
  return new UserError({
    code: 'no-match',
    what: `no instance has the tag Name=${word}`,
    why: `an instance says itself what its host is called, so no host name is taken: ${listInstancesInWords(found)}`,
    next: `if that is the one you mean, run  ${nameFirst(found, line)}`,
  });
}

/** The command with the first of them that is online. */
function nameFirst(found: readonly Instance[], line: string): string {
  const one = found.find(({ isOnline }) => isOnline) ?? found[0];
  return line + quoteCommand` ${one?.instanceId ?? ''}`;
}

function describeNone(client: SSMClient, word: string, listed: readonly Instance[], line: string): UserError {
  const nearest = nearestName(word, [...new Set(listed.map(({ name }) => name))].filter(Boolean));
  const isCut = listed.length === MOST_LISTED;
  return new UserError({
    code: 'no-match',
    what: `no instance has the name ${JSON.stringify(word)}`,
    why:
      listed.length === 0
        ? 'this account has no managed instance in this Region'
        : `${isCut ? `the first ${MOST_LISTED} managed instances are among them` : 'managed here'}: ${listInstancesInWords(listed)}`,
    next: listed.length === 0 ? adviseWhere(client) : adviseFor(nearest, listed, line),
  });
}

function adviseFor(nearest: string | undefined, listed: readonly Instance[], line: string): string {
  const named = listed.filter(({ name }) => name === nearest);
  if (named.length === 0) return `give its id, as in  ${nameFirst(listed, line)}`;
  return `did you mean ${nearest}:  ${nameFirst(named, line)}`;
}

function listInstancesInWords(instances: readonly Instance[]): string {
  const named = instances
    .slice(0, MOST_NAMED)
    .map(
      ({ instanceId, name, isOnline }) =>
        `${instanceId} (${[name, isOnline ? '' : 'offline'].filter(Boolean).join(', ')})`,
    );
  const rest = instances.length - named.length;
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join(', ').replaceAll(' ()', '');
}
