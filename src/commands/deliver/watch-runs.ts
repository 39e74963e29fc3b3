/** What the run of an association did on each instance. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { awaitRuns, readResults } from '../../fleet/association-runs.ts';
import { mergeCanary } from '../../fleet/canary.ts';
import { listInstances, type Targets } from '../../fleet/choose.ts';
import { nameInstances } from '../../fleet/instance-names.ts';
import type { Verdict } from '../../fleet/judge.ts';
import { pushScript } from '../../fleet/push.ts';
import { lookAgain } from '../../fleet/second-look.ts';
import { Sender } from '../../fleet/sender.ts';

/** A run is listed within seconds of its association; where it takes longer, nobody was there to run it. */
const LAG_SECONDS = 20;

/** Waits for the runs that are not `known`; `first` are the verdicts on the instance that was tried before. @throws ServiceError */
export async function watchRuns(
  sender: Sender,
  associationId: string,
  known: ReadonlySet<string>,
  first: readonly Verdict[],
) {
  const { client, delivery, interruption, pollSeconds } = sender.options;
  const runs = await awaitRuns(client, {
    associationId,
    known,
    deadlineSeconds: delivery.timeoutSeconds + delivery.executionTimeoutSeconds,
    lagSeconds: LAG_SECONDS,
    pollSeconds,
    signal: interruption.requestSignal,
    onCounters: (counters) => sender.tell({ kind: 'counters', stage: 'fleet', counters }),
  });
  const results = await readResults(client, runs);
  const looked = interruption.isRequested ? [] : await lookAt(sender, results.unreported);
  const others = await lookAgain(sender, [...results.verdicts, ...looked]);
  const verdicts = mergeCanary(first, others).sort((a, b) => a.instanceId.localeCompare(b.instanceId));
  return {
    verdicts: await nameInstances(client, verdicts),
    runs: runs.map(({ ExecutionId = '', Status = '', ResourceCountByStatus = '' }) => ({
      id: ExecutionId,
      status: Status,
      counts: ResourceCountByStatus,
    })),
    offline: await countOffline(client, delivery.targets),
  };
}

/** One request takes so many ids. */
const MOST_IDS = 50;
/** The service's shortest delivery, three times an agent's restart. */
const FIRST_LOOK_SECONDS = 30;

/**
 * Instances that the service calls successful and says no more of are asked what they have. Their agents restart meanwhile and
 * drop what comes then, so whoever did not take the question is asked once more.
 */
async function lookAt(sender: Sender, instanceIds: readonly string[]): Promise<Verdict[]> {
  const { timeoutSeconds } = sender.options.delivery;
  const first = await askAll(sender, instanceIds, FIRST_LOOK_SECONDS);
  const lost = first.filter(({ class: kind }) => kind === 'delivery timed out');
  if (lost.length === 0 || sender.options.interruption.isRequested) return first;
  const lostIds = lost.map(({ instanceId }) => instanceId);
  return [
    ...first.filter((verdict) => !lost.includes(verdict)),
    ...(await askAll(sender, lostIds, timeoutSeconds)),
  ];
}

async function askAll(
  { options }: Sender,
  instanceIds: readonly string[],
  timeoutSeconds: number,
): Promise<Verdict[]> {
  const { delivery, lookCommands, lookDocument } = options;
  if (instanceIds.length === 0 || !lookCommands) return [];
  const isByTag = delivery.targets.instanceIds.length === 0 && instanceIds.length > MOST_IDS;
  const look = new Sender({
    ...options,
    delivery: {
      ...delivery,
      targets: isByTag ? delivery.targets : { tags: [], instanceIds },
      commands: lookCommands,
      script: 'status',
      document: lookDocument,
      timeoutSeconds,
      maxConcurrency: '100%',
      maxErrors: '100%',
    },
  });
  const { verdicts } = await pushScript(look, false);
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
