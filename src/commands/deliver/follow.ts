/**
 * `--follow`: a State Manager association brings the installer to whoever matches, now and later. The first instance still gets it
 * alone, through SendCommand, and is looked at twice; the association is made only after that, and is the one run that the
 * others get. It cannot leave the first one out, which then says `unchanged`.
 */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { UsageError } from '../../errors.ts';
import { type AssociationPlan, planAssociation, saveAssociation } from '../../fleet/association.ts';
import { awaitRuns, listRuns, readResults } from '../../fleet/association-runs.ts';
import { mergeCanary } from '../../fleet/canary.ts';
import { describeTargets, listInstances, NoMatchError, type Targets } from '../../fleet/choose.ts';
import { nameInstances } from '../../fleet/instance-names.ts';
import type { Verdict } from '../../fleet/judge.ts';
import { confirmRestarts, type PushOptions, type PushResult, pushScript } from '../../fleet/push.ts';
import type { Delivery } from '../../fleet/send.ts';
import type { Settings } from '../../settings/settings.ts';
import { say } from '../../terminal/safe-text.ts';
import type { UnderWay } from '../ctrl-c.ts';
import { repeatConnection } from '../repeat.ts';
import { type AssociationFacts, describeFollow } from './follow-text.ts';
import type { Verb } from './verb.ts';

/** The association takes the script from where the commands do; ids of instances go into one request. */
const MOST_IDS = 50;

/** More ids than an association names. @throws UsageError */
export function refuseUnfollowable({ delivery, targets }: Settings): void {
  if (!delivery.isFollow || targets.instanceIds.length <= MOST_IDS) return;
  throw new UsageError({
    what: `--follow cannot take ${targets.instanceIds.length} instance ids`,
    why: `an association names at most ${MOST_IDS}`,
    next: 'choose them by tag, so that new instances are among them too',
  });
}

/** Undefined without --follow, and for a look. Looks what is there, changes nothing. @throws ServiceError */
export async function planFollow(
  client: SSMClient,
  verb: Verb,
  { delivery: { isFollow, every }, targets }: Settings,
  delivery: Delivery,
): Promise<AssociationPlan | undefined> {
  if (!isFollow || verb === 'status') return undefined;
  return planAssociation(client, targets, delivery, every);
}

export interface FollowOptions {
  readonly push: PushOptions;
  readonly settings: Settings;
  note(text: string): void;
  /** What Ctrl-C finds from here on. */
  enter(stage: UnderWay): void;
  /** How long the script may run on an instance. */
  readonly executionSeconds: number;
}

export interface Followed {
  readonly result: PushResult;
  /** Null where the first instance failed, and nothing was made. */
  readonly association: AssociationFacts | null;
}

/** The first instance, then the association for all, then what became of each. @throws ServiceError */
export async function runFollow(options: FollowOptions): Promise<Followed> {
  const { push, settings, note, enter } = options;
  const { client, interruption } = push;
  const canary = push.hasCanary ? await pushCanary(push) : undefined;
  if (canary?.stopped) return { result: canary, association: null };
  const { targets, delivery } = settings;
  const plan = await planAssociation(client, targets, push.delivery, delivery.every);
  const known = plan.associationId ? await listRuns(client, plan.associationId) : new Set<string>();
  if (interruption.isRequested) {
    const none = { verdicts: [], commandIds: [], missingCount: 0 };
    return { result: { ...(canary ?? none), stopped: 'you interrupted it' }, association: null };
  }
  enter('changing');
  const { associationId } = await saveAssociation(client, plan);
  const action = ({ create: 'created', update: 'updated', none: 'started' } as const)[plan.action];
  note(
    say`ssm-keepalive: association ${plan.name} (${associationId}) ${action === 'created' ? 'is new' : `was ${action}`}: ${describeFollow(plan, targets)}\n` +
      say`ssm-keepalive: to end it:  ssm-keepalive uninstall ${describeTargets(targets)} --follow${repeatConnection(settings)}\n`,
  );
  const facts = { id: associationId, name: plan.name, action, schedule: delivery.every ?? null };
  if (!delivery.shouldWait) {
    const result = { verdicts: [], commandIds: canary?.commandIds ?? [], missingCount: 0 };
    return { result, association: { ...facts, runs: [], offline: null } };
  }
  enter('association');
  const runs = await awaitRuns(client, {
    associationId,
    known,
    deadlineSeconds: delivery.timeoutSeconds + options.executionSeconds,
    lagSeconds: LAG_SECONDS,
    pollSeconds: push.pollSeconds,
    signal: interruption.requestSignal,
    onCounters: (counters) => push.onEvent?.({ kind: 'counters', stage: 'fleet', counters }),
  });
  const told = await readResults(client, runs);
  const looked = interruption.isRequested ? [] : await lookAt(push, told.untold);
  const others = await confirmRestarts(push, [...told.verdicts, ...looked]);
  const verdicts = mergeCanary(canary?.verdicts ?? [], others).sort((a, b) =>
    a.instanceId.localeCompare(b.instanceId),
  );
  return {
    result: {
      verdicts: await nameInstances(client, verdicts),
      commandIds: canary?.commandIds ?? [],
      missingCount: 0,
    },
    association: {
      ...facts,
      runs: runs.map(({ ExecutionId = '', Status = '', ResourceCountByStatus = '' }) => ({
        id: ExecutionId,
        status: Status,
        counts: ResourceCountByStatus,
      })),
      offline: await countOffline(client, push.delivery.targets),
    },
  };
}

/** A run is listed within seconds of its association; where it takes longer, nobody was there to run it. */
const LAG_SECONDS = 20;

/** Undefined where there is nobody yet to try it on, or one alone, who is the first of the association as well. */
async function pushCanary(push: PushOptions): Promise<PushResult | undefined> {
  try {
    const result = await pushScript({ ...push, isCanaryAlone: true });
    return result.verdicts.length > 0 ? result : undefined;
  } catch (error) {
    if (error instanceof NoMatchError) return undefined;
    throw error;
  }
}

/** Instances that the service calls successful and says no more of are asked what they have. */
async function lookAt(push: PushOptions, instanceIds: readonly string[]): Promise<Verdict[]> {
  const { lookCommands, lookDocument } = push;
  if (instanceIds.length === 0 || !lookCommands) return [];
  const isByTag = push.delivery.targets.instanceIds.length === 0 && instanceIds.length > MOST_IDS;
  const targets = isByTag ? push.delivery.targets : { tags: [], instanceIds };
  const { verdicts } = await pushScript({
    ...push,
    hasCanary: false,
    delivery: {
      ...push.delivery,
      targets,
      commands: lookCommands,
      document: lookDocument,
      maxConcurrency: '100%',
      maxErrors: '100%',
    },
  });
  const wanted = new Set(instanceIds);
  return verdicts.filter((verdict) => wanted.has(verdict.instanceId));
}

async function countOffline(client: SSMClient, targets: Targets): Promise<number | null> {
  if (targets.resourceGroup) return null;
  let offline = 0;
  try {
    for await (const { isOnline } of listInstances(client, targets)) if (!isOnline) offline += 1;
  } catch {
    return null;
  }
  return offline;
}
