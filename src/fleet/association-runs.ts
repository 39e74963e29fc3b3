/** The runs of an association, and the result on each instance. */
import {
  type AssociationExecution,
  type AssociationExecutionTarget,
  DescribeAssociationExecutionsCommand,
  DescribeAssociationExecutionTargetsCommand,
  GetCommandInvocationCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { blameAlarm, readTriggered } from './alarm.ts';
import { clockOf } from './client.ts';
import { isFinal, normalizeStatus } from './invocation.ts';
import { judgeInvocation, type Verdict } from './judge.ts';
import { failing, readPages } from './pages.ts';
import { makePollPause } from './poll-pace.ts';
import { type Counters, NO_COUNTERS } from './watch.ts';

export interface RunWatch {
  readonly associationId: string;
  /** Ids of earlier runs; their results are left out. */
  readonly known: ReadonlySet<string>;
  readonly deadlineSeconds: number;
  /** How long to wait until a run is listed. If no instance is online, there is none. */
  readonly lagSeconds: number;
  readonly pollSeconds?: number | undefined;
  /** When aborted, the wait ends at once. */
  readonly signal: AbortSignal;
  readonly onCounters: (counters: Counters) => void;
}

/** Ids of the runs on the newest page. */
export async function listRuns(client: SSMClient, associationId: string): Promise<Set<string>> {
  return new Set((await readRuns(client, associationId)).map(({ ExecutionId = '' }) => ExecutionId));
}

async function readRuns(client: SSMClient, AssociationId: string): Promise<AssociationExecution[]> {
  const { AssociationExecutions = [] } = await client
    .send(new DescribeAssociationExecutionsCommand({ AssociationId, MaxResults: 50 }))
    .catch(failing(`the runs of association ${AssociationId} could not be read`));
  return AssociationExecutions;
}

/** One call a poll. At the deadline or `signal`, returns the runs as they are. Empty: no instance was online. */
export async function awaitRuns(client: SSMClient, watch: RunWatch): Promise<AssociationExecution[]> {
  const clock = clockOf(client);
  const startedAt = clock.now();
  const since = () => (clock.now() - startedAt) / 1000;
  const { signal, pollSeconds: leastSeconds } = watch;
  const pause = makePollPause({ clock, leastSeconds, signal, hurry: undefined });
  while (true) {
    const runs = (await readRuns(client, watch.associationId)).filter(
      ({ ExecutionId = '' }) => !watch.known.has(ExecutionId),
    );
    const counters = addUp(runs);
    if (counters.targetCount > 0) watch.onCounters(counters);
    const isOver = runs.length > 0 ? runs.every(isRunOver) : since() > watch.lagSeconds;
    if (isOver || since() > watch.deadlineSeconds || signal.aborted) return runs;
    const state = runs.map(({ ResourceCountByStatus = '' }) => ResourceCountByStatus).join();
    await pause(state, (watch.deadlineSeconds - since()) * 1000);
  }
}

/** Final statuses of a run that a command does not have. */
const ENDED = ['skipped', 'rejected', 'notapplicable'];

export function isRunOver({ Status, DetailedStatus }: AssociationExecution): boolean {
  return isFinal(Status, DetailedStatus) || ENDED.includes(normalizeStatus(Status ?? ''));
}

/** Adds up texts as `{Success=3, Pending=1}`: a run says no more about its instances. */
function addUp(runs: readonly AssociationExecution[]): Counters {
  let [targetCount, completedCount] = [0, 0];
  for (const { ResourceCountByStatus = '' } of runs)
    for (const [, status = '', count] of ResourceCountByStatus.matchAll(/([\w ]+)=(\d+)/g)) {
      targetCount += Number(count);
      if (isFinal(status, undefined)) completedCount += Number(count);
    }
  return { ...NO_COUNTERS, targetCount, completedCount };
}

/** Up to this many instances, reads every script's output; above, only the output of those that failed. */
const ASKED_INSTANCES = 50;
const ASKED_AT_ONCE = 8;

export interface RunResults {
  readonly verdicts: readonly Verdict[];
  /** Instances with the status Success whose output was not read. */
  readonly unreported: readonly string[];
}

/** Reads and judges every instance of the runs; ⌈N/50⌉ calls a run. @throws ServiceError */
export async function readResults(
  client: SSMClient,
  runs: readonly AssociationExecution[],
): Promise<RunResults> {
  const verdicts = new Map<string, Verdict>();
  const unreported = new Set<string>();
  const all: { run: AssociationExecution; target: AssociationExecutionTarget }[] = [];
  for (const run of runs) for await (const target of listTargets(client, run)) all.push({ run, target });
  const isSuccess = ({ Status, DetailedStatus }: AssociationExecutionTarget) =>
    normalizeStatus(DetailedStatus ?? Status ?? '') === 'success';
  const asked = all.length <= ASKED_INSTANCES ? all : all.filter(({ target }) => !isSuccess(target));
  const outputs = await readOutputs(
    client,
    asked.slice(0, ASKED_INSTANCES).map(({ target }) => target),
  );
  for (const { run, target } of all) {
    const { ResourceId: instanceId = '', Status = 'unknown', DetailedStatus = Status } = target;
    const said = outputs.get(instanceId);
    if (isSuccess(target) && !said?.output.startsWith('{')) {
      unreported.add(instanceId);
      continue;
    }
    const ran = {
      commandId: target.OutputSource?.OutputSourceId ?? '',
      instanceId,
      name: '',
      statusDetails: DetailedStatus,
      isFinal: isFinal(Status, DetailedStatus),
      exitCode: said?.exitCode,
      output: said?.output ?? '',
    };
    const verdict = judgeInvocation(ran, 'install');
    // A run cannot be taken up again with --command-id.
    const shown =
      verdict.verdict === 'unfinished'
        ? { ...verdict, next: 'it goes on by itself; status tells how it ended' }
        : verdict;
    verdicts.set(instanceId, blameAlarm(shown, readTriggered(run.TriggeredAlarms)));
  }
  return { verdicts: [...verdicts.values()], unreported: [...unreported].filter((id) => !verdicts.has(id)) };
}

async function* listTargets(
  client: SSMClient,
  { AssociationId = '', ExecutionId = '' }: AssociationExecution,
) {
  const pages = readPages(`the results of association ${AssociationId} could not be read`, (token) =>
    client.send(
      new DescribeAssociationExecutionTargetsCommand({
        AssociationId,
        ExecutionId,
        MaxResults: 50,
        ...token,
      }),
    ),
  );
  for await (const { AssociationExecutionTargets = [] } of pages) yield* AssociationExecutionTargets;
}

interface ScriptOutput {
  readonly output: string;
  readonly exitCode: number | undefined;
}

/** A run's result names a command as the source of its output. That the command has the output is inferred. */
async function readOutputs(
  client: SSMClient,
  targets: readonly AssociationExecutionTarget[],
): Promise<Map<string, ScriptOutput>> {
  const outputs = new Map<string, ScriptOutput>();
  for (let at = 0; at < targets.length; at += ASKED_AT_ONCE) {
    const some = await Promise.all(
      targets.slice(at, at + ASKED_AT_ONCE).map(async ({ ResourceId = '', OutputSource }) => {
        const CommandId = OutputSource?.OutputSourceId ?? '';
        const answer = await client
          .send(new GetCommandInvocationCommand({ CommandId, InstanceId: ResourceId }))
          .catch(() => undefined);
        return answer && ([ResourceId, answer] as const);
      }),
    );
    // No output for the first eight: the service will not have the others.
    if (some.every((one) => one === undefined)) break;
    for (const [id, answer] of some.filter((one) => one !== undefined))
      outputs.set(id, { output: answer.StandardOutputContent ?? '', exitCode: answer.ResponseCode });
  }
  return outputs;
}
