import type { SSMClient } from '@aws-sdk/client-ssm';
import { UserError } from '../../errors.ts';
import { describeTargets, listInstances, type Targets } from '../../fleet/choose.ts';
import { isAccessDenied } from '../../fleet/service-errors.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { say } from '../../terminal/safe-text.ts';

/** How many instances of one account a command would change; undefined where the service will not say. */
export interface Reach {
  readonly targets: Targets;
  readonly count: number | undefined;
  /** What an edit of an association that is there changes, in words: it runs everywhere at once, also where nobody asked. */
  readonly edit?: string | undefined;
}

/** Counts no further than it takes to know that somebody has to be asked. @throws ServiceError */
export async function countReach(client: SSMClient, targets: Targets, settings: Settings): Promise<Reach> {
  const { isConfirmed, confirmAbove } = settings.delivery;
  return { targets, count: isConfirmed ? undefined : await countUpTo(client, targets, confirmAbove + 1) };
}

/**
 * Asks once before a command changes many instances, in all accounts together, all there are, or those of a config file that
 * nobody named: an install in the wrong folder reaches nobody. --yes answers beforehand. No terminal to ask on: refused.
 * @throws UserError when nobody can be asked, or the answer was no.
 */
export async function confirmReach(
  verb: string,
  reaches: readonly Reach[],
  settings: Settings,
  io: Io,
): Promise<void> {
  const { isConfirmed, confirmAbove } = settings.delivery;
  if (isConfirmed || reaches.length === 0) return;
  const count = addUp(reaches, settings);
  const isMany = count === undefined || count > confirmAbove;
  const { isAll, foundIn } = settings.targets;
  if (!isAll && !isMany && (foundIn === undefined || count === 0)) return;
  const reach = `${describeReach(settings, count)}${reaches.length > 1 ? ` in ${reaches.length} accounts and Regions` : ''}`;
  if (!io.ask) {
    throw new UserError(
      {
        code: 'not-confirmed',
        what: `${verb} would change ${reach}`,
        why: settings.targets.isAll
          ? '--all has to be confirmed, and there is no terminal to ask on'
          : foundIn !== undefined
            ? `${foundIn} of this folder says who is meant, you did not, and there is no terminal to ask on`
            : count === undefined
              ? 'how many it is only the service knows, and there is no terminal to ask on'
              : `more than --confirm-above ${confirmAbove}, and there is no terminal to ask on`,
        next:
          foundIn === undefined
            ? 'look with --dry-run, then add --yes'
            : `look with --dry-run, then name the file: --config ${foundIn}`,
      },
      { exitStatus: 2 },
    );
  }
  const answer = await io.ask(say`ssm-keepalive: ${verb} will change ${reach}. Type yes to go on: `);
  if (answer.trim().toLowerCase() === 'yes') return;
  throw new UserError({
    code: 'not-confirmed',
    what: 'nothing was sent',
    why: 'the answer was not yes',
    next: 'look with --dry-run first',
  });
}

/** An edit of an association needs a yes of its own; asked once for all accounts. @throws UserError */
export async function confirmEdits(reaches: readonly Reach[], settings: Settings, io: Io): Promise<void> {
  const edits = reaches.flatMap(({ edit }) => edit ?? []);
  if (edits.length === 0 || settings.delivery.isConfirmed) return;
  for (const edit of edits) io.err(say`ssm-keepalive: ${edit}\n`);
  const answer = await io.ask?.(
    say`ssm-keepalive: Type yes to change ${edits.length === 1 ? 'it' : 'them'}: `,
  );
  if (answer?.trim().toLowerCase() === 'yes') return;
  throw new UserError(
    {
      code: 'not-confirmed',
      what: 'nothing was changed',
      why: answer === undefined ? 'there is no terminal to ask on' : 'the answer was not yes',
      next: answer === undefined ? 'look with --dry-run, then add --yes' : 'look with --dry-run first',
    },
    { exitStatus: answer === undefined ? 2 : 1 },
  );
}

/** How many match, but no further than `most`; undefined where the service will not say. */
async function countUpTo(client: SSMClient, targets: Targets, most: number): Promise<number | undefined> {
  if (targets.resourceGroup) return undefined;
  if (targets.instanceIds.length > 0) return targets.instanceIds.length;
  let count = 0;
  try {
    for await (const _ of listInstances(client, targets)) {
      count += 1;
      if (count >= most) break;
    }
  } catch (error) {
    if (isAccessDenied((error as Error).cause)) return undefined;
    throw error;
  }
  return count;
}

function addUp(reaches: readonly Reach[], { targets }: Settings): number | undefined {
  // Every account was asked for the same ids, and one instance is in one account.
  if (targets.instanceIds.length > 0) return targets.instanceIds.length;
  if (reaches.some(({ count }) => count === undefined)) return undefined;
  return reaches.reduce((sum, { count = 0 }) => sum + count, 0);
}

function describeReach(settings: Settings, count: number | undefined): string {
  const { configFile } = settings.common;
  const { foundIn } = settings.targets;
  // Whose account and which instances, in the question itself, where the person who answers did not say them.
  const found = foundIn === undefined ? '' : `; ${foundIn} says ${configFile?.reach.join(' ')}`;
  return `${countInWords(settings, count)}${found}`;
}

function countInWords({ targets, delivery }: Settings, count: number | undefined): string {
  if (count === undefined) return `an unknown number of instances (${describeTargets(targets)})`;
  if (targets.isAll) return `all ${count} managed Linux instances`;
  const { confirmAbove } = delivery;
  const isExact = targets.instanceIds.length > 0 || count <= confirmAbove;
  return isExact
    ? count === 1
      ? '1 instance'
      : `${count} instances`
    : `more than ${confirmAbove} instances`;
}
