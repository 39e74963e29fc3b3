import { chooseCanary, judgeUnreachable, type ListedInstance, mayRunScripts, mergeCanary } from './canary.ts';
import { type Instance, listInstances, NoMatchError, type Targets } from './choose.ts';
import { adviseNode } from './client.ts';
import { nameInstances } from './instance-names.ts';
import { isGood, type Verdict } from './judge.ts';
import { isRestartAwaited, isRestartOpen } from './restart.ts';
import { lookAgain } from './second-look.ts';
import type { Sender } from './sender.ts';
import { isAccessDenied } from './service-errors.ts';

export interface PushResult {
  readonly verdicts: readonly Verdict[];
  readonly commandIds: readonly string[];
  /** Why only the canary was reached; absent: all were. */
  readonly stopped?: string;
  /** How many instances the service counted but never listed. */
  readonly missingCount: number;
}

/**
 * Sends one script to every target, with `hasCanary` to the canary first, and judges each instance by its own invocation.
 * Ids that the service cannot reach get a verdict and are left out: with one of them the service refuses the whole call.
 * @throws NoMatchError, ServiceError
 */
export async function pushScript(sender: Sender, hasCanary: boolean): Promise<PushResult> {
  const { canary, targets, unreachable, isNobody } = await arrange(sender, hasCanary);
  if (isNobody) return conclude(sender, unreachable);
  if (!canary) return conclude(sender, [...(await pushAndLook(sender, targets)), ...unreachable]);
  const { first, stopped } = await pushCanary(sender, canary);
  if (stopped) return conclude(sender, [...first, ...unreachable], stopped);
  const rest = { ...targets, instanceIds: targets.instanceIds.filter((id) => id !== canary.instanceId) };
  const isAlone = targets.instanceIds.length > 0 && rest.instanceIds.length === 0;
  const others = isAlone ? [] : await pushAndLook(sender, rest);
  return conclude(sender, [...mergeCanary(first, others), ...unreachable]);
}

/** The canary alone; an association brings the script to the others. Undefined: at most one instance matches, so no canary. */
export async function pushFirst(sender: Sender): Promise<PushResult | undefined> {
  const found = await arrange(sender, true).catch((error: unknown) => {
    if (error instanceof NoMatchError) return undefined;
    throw error;
  });
  if (found?.isNobody) return conclude(sender, found.unreachable);
  if (!found?.canary) return undefined;
  const { first, stopped } = await pushCanary(sender, found.canary);
  return conclude(sender, stopped ? [...first, ...found.unreachable] : first, stopped);
}

/** The canary, the targets without the ids that cannot be reached, and whether none of the named ids can be reached. */
async function arrange(sender: Sender, hasCanary: boolean) {
  const { targets } = sender.options.delivery;
  const isById = targets.instanceIds.length > 0;
  const known = hasCanary || isById ? await listFirst(sender, hasCanary) : undefined;
  const unreachable =
    isById && known ? judgeUnreachable(targets.instanceIds, known, adviseNode(sender.options.client)) : [];
  const excluded = new Set(unreachable.map((verdict) => verdict.instanceId));
  const instanceIds = targets.instanceIds.filter((id) => !excluded.has(id));
  const isNobody = isById && instanceIds.length === 0;
  const canary =
    hasCanary && !isNobody && known && known.length > 1 ? chooseCanary(known, excluded) : undefined;
  return { canary, targets: { ...targets, instanceIds }, unreachable, isNobody };
}

/** The first 50, or more until one is online; by id all of them. Undefined without permission to list. */
async function listFirst(sender: Sender, hasCanary: boolean): Promise<readonly ListedInstance[] | undefined> {
  const { client, delivery, lookCommands } = sender.options;
  const { targets } = delivery;
  if (targets.resourceGroup)
    return lookCommands && hasCanary ? findMembers(sender, targets, lookCommands) : undefined;
  const found: Instance[] = [];
  try {
    for await (const instance of listInstances(client, targets)) {
      found.push(instance);
      const isEnough = targets.instanceIds.length === 0 && found.length >= 50;
      if (isEnough && found.some((candidate) => candidate.isOnline && mayRunScripts(candidate))) break;
    }
  } catch (error) {
    if (!isAccessDenied((error as Error).cause) || hasCanary) throw error;
    return undefined;
  }
  if (found.length === 0) throw new NoMatchError(targets);
  return found;
}

/** Finds a resource group's members by sending them the read-only status script: no call lists them. */
async function findMembers(
  sender: Sender,
  group: Targets,
  lookCommands: readonly string[],
): Promise<readonly ListedInstance[]> {
  const looks = await sender.send(group, lookCommands, 'look');
  return looks.map(({ instanceId, name, report }) => ({
    instanceId,
    name,
    isOnline: report !== undefined,
    pingStatus: 'unknown',
    platformType: '',
  }));
}

interface Tried {
  readonly first: readonly Verdict[];
  /** Why the others must not get the script. */
  readonly stopped?: string;
}

async function pushCanary(sender: Sender, { instanceId, name }: ListedInstance): Promise<Tried> {
  const { delivery, interruption } = sender.options;
  sender.tell({ kind: 'stage', stage: 'canary', instanceIds: [instanceId] });
  const [verdict, ...others] = await sender.send(
    { tags: [], instanceIds: [instanceId] },
    delivery.commands,
    'canary',
  );
  const { first, ...tried } = await judgeCanary(
    sender,
    instanceId,
    verdict && { ...verdict, name: verdict.name || name },
  );
  const stopped = interruption.isRequested ? { stopped: 'you interrupted it' } : {};
  return { ...tried, first: [...first, ...others], ...stopped };
}

/** Limits that root of that one host wrote there: they say nothing about the others. */
const ROOTS_CHOICES: readonly string[] = ['switched off', 'capped'];

async function judgeCanary(sender: Sender, instanceId: string, verdict: Verdict | undefined): Promise<Tried> {
  const who = `the first instance, ${instanceId},`;
  if (!verdict) return { first: [], stopped: `${who} is missing from the results` };
  const isLimited = verdict.verdict === 'limited';
  if (!isGood(verdict) && !isLimited) return { first: [verdict], stopped: `${who} failed` };
  const [looked = verdict] = await lookAgain(sender, [verdict]);
  sender.tell({ kind: 'verdict', verdict: looked });
  if (isLimited && !ROOTS_CHOICES.includes(verdict.class))
    return { first: [looked], stopped: `${who} is limited` };
  if (!isRestartAwaited(looked) && !isRestartOpen(looked)) return { first: [looked] };
  return { first: [looked], stopped: `the agent of ${who} was not confirmed` };
}

async function pushAndLook(sender: Sender, targets: Targets): Promise<Verdict[]> {
  const { delivery, interruption } = sender.options;
  // Ctrl-C came before the sending: send nothing.
  if (interruption.isRequested) return [];
  sender.tell({ kind: 'stage', stage: 'fleet', instanceIds: targets.instanceIds });
  return lookAgain(sender, await sender.send(targets, delivery.commands, 'fleet'));
}

async function conclude(sender: Sender, verdicts: readonly Verdict[], stopped?: string): Promise<PushResult> {
  const sorted = [...verdicts].sort((a, b) => a.instanceId.localeCompare(b.instanceId));
  return {
    verdicts: await nameInstances(sender.options.client, sorted),
    commandIds: sender.commandIds,
    missingCount: sender.missingCount,
    ...(stopped ? { stopped } : {}),
  };
}
