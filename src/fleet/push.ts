import type { SSMClient } from '@aws-sdk/client-ssm';
import { sleep } from '../clock.ts';
import type { UserError } from '../errors.ts';
import type { Interruption } from '../interruption.ts';
import { blameAlarm } from './alarm.ts';
import { deliverInBatches } from './batches.ts';
import { chooseCanary, judgeUnreachable, type Known, mergeCanary } from './canary.ts';
import { IDS_PER_COMMAND, type Instance, listInstances, NoMatchError, type Targets } from './choose.ts';
import { clockOf } from './client.ts';
import type { PinnedDocument } from './command-document.ts';
import { nameInstances } from './instance-names.ts';
import { normalizeStatus } from './invocation.ts';
import { isGood, judgeInvocation, type Verdict } from './judge.ts';
import { confirmRestart, isRestartAwaited, isRestartOpen } from './restart.ts';
import { cancelCommands, type Delivery, sendScript } from './send.ts';
import { isAccessDenied } from './service-errors.ts';
import { awaitInvocations, type Counters } from './watch.ts';

/** What a push tells while it goes on, for progress. */
export type PushEvent =
  | { readonly kind: 'sent'; readonly commandId: string; readonly stage: Stage }
  | { readonly kind: 'counters'; readonly stage: Stage; readonly counters: Counters }
  /** The last word on an instance, as soon as it is known; the results hold it once more. */
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'stage'; readonly stage: Stage; readonly instanceIds: readonly string[] };

/** canary: the first instance alone; fleet: all of them; look: asking whether the agent came back with the entry live. */
export type Stage = 'canary' | 'fleet' | 'look';

export interface PushOptions {
  readonly client: SSMClient;
  readonly delivery: Delivery;
  /** The read-only script that tells whether an entry is live; absent: nobody looks a second time. */
  readonly lookCommands?: readonly string[];
  /** Holds the look commands, where the delivery has a document too. */
  readonly lookDocument?: PinnedDocument | undefined;
  readonly hasCanary: boolean;
  /** Somebody else brings it to the others: ends after the first instance, with nothing where there is no other. */
  readonly isCanaryAlone?: boolean;
  readonly interruption: Interruption;
  readonly onEvent?: (event: PushEvent) => void;
  /** Something is about to be sent: from here on Ctrl-C has something to cancel. */
  readonly onSending?: () => void;
  readonly pollSeconds?: number;
  /** How long an agent may take to come back: 120 s for the instance's own check, and as much again for what runs there and two deliveries. */
  readonly lookSeconds?: number;
}

export interface PushResult {
  readonly verdicts: readonly Verdict[];
  readonly commandIds: readonly string[];
  /** Set when only the canary was reached: why the others were left alone. */
  readonly stopped?: string;
  /** Instances the service counted but never listed. */
  readonly missingCount: number;
}

/** Up to this many instances everyone gets the second look, not only the canary: one page of results. */
const LOOK_AT_ALL_LIMIT = 50;
/** A look is short and asked again: the service's least delivery time, and a script that only reads. */
const LOOK_TIMES = { timeoutSeconds: 30, executionTimeoutSeconds: 60, maxConcurrency: '50', maxErrors: '50' };

/**
 * Sends one script to every target, the canary first where asked, and judges each instance from its own invocation.
 * Instances named by id that the service cannot reach get their verdict without being sent anything, since one of them
 * would make the service refuse the whole call.
 * @throws NoMatchError, ServiceError
 */
export async function pushScript(options: PushOptions): Promise<PushResult> {
  const push = new Push(options);
  const undo = options.interruption.onRequest(() => void cancelCommands(options.client, push.commandIds));
  try {
    return await push.run();
  } finally {
    undo();
  }
}

/** The second look of an install, for verdicts that came another way; of more than a page's worth, nobody is asked. */
export async function confirmRestarts(
  options: PushOptions,
  verdicts: readonly Verdict[],
): Promise<readonly Verdict[]> {
  return verdicts.length <= LOOK_AT_ALL_LIMIT ? new Push(options).look([...verdicts]) : verdicts;
}

class Push {
  readonly commandIds: string[] = [];
  readonly #options: PushOptions;
  /** Instances whose last word was told before the others. */
  readonly #toldIds = new Set<string>();
  #missingCount = 0;

  constructor(options: PushOptions) {
    this.#options = options;
  }

  async run(): Promise<PushResult> {
    const { hasCanary, delivery } = this.#options;
    const isById = delivery.targets.instanceIds.length > 0;
    const known = hasCanary || isById ? await this.#listFirst() : undefined;
    const unreachable = isById && known ? judgeUnreachable(delivery.targets.instanceIds, known) : [];
    const excluded = new Set(unreachable.map((verdict) => verdict.instanceId));
    const instanceIds = delivery.targets.instanceIds.filter((id) => !excluded.has(id));
    if (isById && instanceIds.length === 0) return this.#result(unreachable);

    const targets = { ...delivery.targets, instanceIds };
    const canary = hasCanary && known && known.length > 1 ? chooseCanary(known, excluded) : undefined;
    if (!canary && this.#options.isCanaryAlone) return this.#result([]);
    if (!canary) return this.#result([...(await this.#pushAndLook(targets)), ...unreachable]);

    const [first, stopped] = await this.#pushCanary(canary);
    if (stopped || this.#options.interruption.isRequested) {
      const isOurs = this.#options.interruption.isRequested;
      return this.#result([...first, ...unreachable], isOurs ? 'you interrupted it' : stopped);
    }
    if (this.#options.isCanaryAlone) return this.#result(first);
    const rest = { ...targets, instanceIds: instanceIds.filter((id) => id !== canary.instanceId) };
    const others = isById && rest.instanceIds.length === 0 ? [] : await this.#pushAndLook(rest);
    return this.#result([...mergeCanary(first, others), ...unreachable]);
  }

  /** The first page's worth of matching instances; by id, all of them. Without permission to list, undefined. */
  async #listFirst(): Promise<Known[] | undefined> {
    const { client, delivery, hasCanary, lookCommands } = this.#options;
    if (delivery.targets.resourceGroup)
      return lookCommands && hasCanary ? this.#findMembers(lookCommands) : undefined;
    const found: Instance[] = [];
    try {
      for await (const instance of listInstances(client, delivery.targets)) {
        found.push(instance);
        const isEnough = delivery.targets.instanceIds.length === 0 && found.length >= 50;
        if (isEnough && found.some((candidate) => candidate.isOnline)) break;
      }
    } catch (error) {
      if (!isAccessDenied((error as Error).cause) || hasCanary) throw error;
      return undefined;
    }
    if (found.length === 0) throw new NoMatchError(delivery.targets);
    return found;
  }

  /** Who is in a resource group is known to the service alone, so its members are asked what they have, which changes nothing. */
  async #findMembers(lookCommands: readonly string[]): Promise<Known[]> {
    const looks = await this.#deliver(this.#options.delivery.targets, lookCommands, 'look');
    return looks.map(({ instanceId, name, report }) => ({
      instanceId,
      name,
      isOnline: report !== undefined,
      pingStatus: 'unknown',
    }));
  }

  async #pushCanary(canary: Known): Promise<[Verdict[], string | undefined]> {
    const targets: Targets = { tags: [], instanceIds: [canary.instanceId] };
    this.#tell({ kind: 'stage', stage: 'canary', instanceIds: [canary.instanceId] });
    const [verdict] = await this.#deliver(targets, this.#options.delivery.commands, 'canary');
    if (!verdict) return [[], `the first instance, ${canary.instanceId}, is missing from the results`];
    if (!isGood(verdict)) return [[verdict], `the first instance, ${canary.instanceId}, failed`];
    const [looked = verdict] = await this.look([{ ...verdict, name: verdict.name || canary.name }]);
    this.#tell({ kind: 'verdict', verdict: looked });
    this.#toldIds.add(looked.instanceId);
    const isConfirmed = !isRestartAwaited(looked) && !isRestartOpen(looked);
    return [
      [looked],
      isConfirmed ? undefined : `the agent of the first instance, ${canary.instanceId}, was not confirmed`,
    ];
  }

  async #pushAndLook(targets: Targets): Promise<Verdict[]> {
    // Interrupted while instances were still being looked up: what was not sent stays so.
    if (this.#options.interruption.isRequested) return [];
    this.#tell({ kind: 'stage', stage: 'fleet', instanceIds: targets.instanceIds });
    const verdicts = await this.#deliver(targets, this.#options.delivery.commands, 'fleet');
    return verdicts.length <= LOOK_AT_ALL_LIMIT ? this.look(verdicts) : verdicts;
  }

  async #deliver(targets: Targets, commands: readonly string[], stage: Stage): Promise<Verdict[]> {
    const { delivery, interruption, lookDocument } = this.#options;
    // A look only reads: no alarm has to stop it.
    const look = { ...LOOK_TIMES, document: lookDocument, alarm: undefined };
    const whole = { ...delivery, ...(stage === 'look' ? look : {}), targets, commands };
    if (stage === 'look' || targets.instanceIds.length <= IDS_PER_COMMAND) {
      return this.#deliverOne(whole, stage, (counters) => this.#tell({ kind: 'counters', stage, counters }));
    }
    return deliverInBatches(whole, {
      deliver: (batch, onCounters) => this.#deliverOne(batch, stage, onCounters),
      onCounters: (counters) => this.#tell({ kind: 'counters', stage, counters }),
      isInterrupted: () => interruption.isRequested,
    });
  }

  async #deliverOne(
    delivery: Delivery,
    stage: Stage,
    onCounters: (counters: Counters) => void,
  ): Promise<Verdict[]> {
    const { client, interruption, pollSeconds } = this.#options;
    this.#options.onSending?.();
    const sent = await sendScript(client, delivery, (commandId) => {
      if (stage !== 'look') this.commandIds.push(commandId);
      // Interrupted while it was being sent: nobody else knows its id yet.
      if (interruption.isRequested) void cancelCommands(client, [commandId]);
      this.#tell({ kind: 'sent', commandId, stage });
    });
    const verdicts: Verdict[] = [];
    let reached = 0;
    for (const commandId of sent) {
      const { kept, counters } = await awaitInvocations(client, commandId, {
        keep: judgeInvocation,
        deadlineSeconds: delivery.timeoutSeconds + delivery.executionTimeoutSeconds + 60,
        signal: interruption.leaveSignal,
        hurry: interruption.requestSignal,
        onCounters: (seen) => {
          reached = Math.max(seen.targetCount, this.#options.delivery.targets.instanceIds.length);
          onCounters(seen);
        },
        // Few instances may be looked at once more, and get their names at the end.
        onFinal: (verdict) => {
          if (stage !== 'fleet' || reached <= LOOK_AT_ALL_LIMIT) return;
          if (!this.#toldIds.has(verdict.instanceId)) this.#tell({ kind: 'verdict', verdict });
        },
        ...(pollSeconds === undefined ? {} : { pollSeconds }),
      });
      if (normalizeStatus(counters.status) === 'noinstancesintag') throw new NoMatchError(delivery.targets);
      if (!interruption.leaveSignal.aborted)
        this.#missingCount += Math.max(0, counters.targetCount - kept.length);
      for (const verdict of kept) verdicts.push(blameAlarm(verdict, counters.alarm));
    }
    return verdicts;
  }

  /**
   * Asks the instances whose agent was about to restart, again and again until each said that the entry is live, or that it
   * was taken out again, or time is up; then their verdicts tell the truth of now.
   */
  async look(verdicts: Verdict[]): Promise<Verdict[]> {
    const { lookCommands, lookSeconds = 240, interruption } = this.#options;
    let waiting = verdicts.filter(isRestartAwaited);
    if (!lookCommands || waiting.length === 0) return verdicts;
    const latest = new Map(verdicts.map((verdict) => [verdict.instanceId, verdict]));
    const clock = clockOf(this.#options.client);
    const endsAt = clock.now() + lookSeconds * 1000;
    this.#tell({ kind: 'stage', stage: 'look', instanceIds: waiting.map((verdict) => verdict.instanceId) });
    while (waiting.length > 0 && clock.now() < endsAt && !interruption.isRequested) {
      await sleep(clock, Math.max(1, this.#options.pollSeconds ?? 2) * 1000, interruption.leaveSignal);
      const targets: Targets = { tags: [], instanceIds: waiting.map((verdict) => verdict.instanceId) };
      // While its agent restarts an instance may count as unusable: that is an answer of "not yet", no failure.
      const looks = await this.#deliver(targets, lookCommands, 'look').catch((error: unknown) => {
        if ((error as UserError).code === 'InvalidInstanceId') return [];
        throw error;
      });
      for (const look of looks) {
        const before = latest.get(look.instanceId);
        if (before && look.report?.verdict === 'status')
          latest.set(look.instanceId, confirmRestart(before, look));
      }
      waiting = [...latest.values()].filter(isRestartAwaited);
    }
    return [...latest.values()];
  }

  async #result(verdicts: readonly Verdict[], stopped?: string): Promise<PushResult> {
    const sorted = [...verdicts].sort((a, b) => a.instanceId.localeCompare(b.instanceId));
    return {
      verdicts: await nameInstances(this.#options.client, sorted),
      commandIds: this.commandIds,
      missingCount: this.#missingCount,
      ...(stopped ? { stopped } : {}),
    };
  }

  #tell(event: PushEvent): void {
    this.#options.onEvent?.(event);
  }
}
