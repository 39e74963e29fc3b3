import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Interruption } from '../interruption.ts';
import { blameAlarm } from './alarm.ts';
import { deliverInBatches } from './batches.ts';
import { IDS_PER_COMMAND, NoMatchError, type Targets } from './choose.ts';
import { clockOf } from './client.ts';
import type { PinnedDocument } from './command-document.ts';
import { normalizeStatus } from './invocation.ts';
import { failed, judgeInvocation, type Verdict } from './judge.ts';
import { cancelCommands, type Delivery, sendScript } from './send.ts';
import { type Awaited, blameOffline, listAwaited } from './standstill.ts';
import { awaitInvocations, type Counters } from './watch.ts';

export type PushEvent =
  | { readonly kind: 'sent'; readonly commandId: string; readonly stage: Stage }
  | { readonly kind: 'counters'; readonly stage: Stage; readonly counters: Counters }
  /** Nothing has changed for a while. Some that have not answered, and how many there are; `seconds`: until delivery ends. */
  | {
      readonly kind: 'standstill';
      readonly awaited: readonly Awaited[];
      readonly count: number;
      readonly seconds: number | undefined;
    }
  /** A final verdict, as soon as it is known. The results contain it too. */
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'stage'; readonly stage: Stage; readonly instanceIds: readonly string[] };

/** canary: the first instance alone; fleet: all; look: whether the agent came back with the entry live. */
export type Stage = 'canary' | 'fleet' | 'look';

export interface SenderOptions {
  readonly client: SSMClient;
  readonly delivery: Delivery;
  /** The read-only script that reports whether the entry is live; absent: no second look. */
  readonly lookCommands?: readonly string[] | undefined;
  /** Contains the look commands, if the delivery has a document too. */
  readonly lookDocument?: PinnedDocument | undefined;
  readonly interruption: Interruption;
  readonly onEvent?: (event: PushEvent) => void;
  readonly pollSeconds?: number;
  /** How long an agent may take: 120 s for the instance's own check, 120 s for other documents and two deliveries. */
  readonly lookSeconds?: number;
}

/** One page of results. Up to this many instances get names and a second look. */
export const LOOK_AT_ALL_LIMIT = 50;
/** A look is short and is repeated, so it has the service's shortest delivery time. */
const LOOK_TIMES = { timeoutSeconds: 30, executionTimeoutSeconds: 60, maxConcurrency: '50', maxErrors: '50' };

/** Sends the scripts of one run in one account, waits for each command, and cancels them at Ctrl-C. */
export class Sender {
  /** Ids of all commands sent so far, without looks. */
  readonly commandIds: string[] = [];
  /** A command was sent or is being sent. */
  hasBegun = false;
  /** How many instances the service counted but never listed. */
  missingCount = 0;
  /** Instances whose final verdict was reported. */
  readonly #reportedIds = new Set<string>();

  constructor(readonly options: SenderOptions) {}

  tell(event: PushEvent): void {
    if (event.kind === 'verdict') {
      if (this.#reportedIds.has(event.verdict.instanceId)) return;
      this.#reportedIds.add(event.verdict.instanceId);
    }
    this.options.onEvent?.(event);
  }

  /** Sends several commands if there are more than 50 ids. @throws NoMatchError, ServiceError */
  async send(targets: Targets, commands: readonly string[], stage: Stage): Promise<Verdict[]> {
    const { delivery, interruption, lookDocument } = this.options;
    // A look only reads, so no alarm needs to stop it.
    const look = { ...LOOK_TIMES, script: 'status' as const, document: lookDocument, alarm: undefined };
    const whole = { ...delivery, ...(stage === 'look' ? look : {}), targets, commands };
    const onCounters = (counters: Counters) => this.tell({ kind: 'counters', stage, counters });
    if (stage === 'look' || targets.instanceIds.length <= IDS_PER_COMMAND)
      return this.#sendOne(whole, stage, onCounters);
    return deliverInBatches(whole, {
      deliver: (batch, onBatch) => this.#sendOne(batch, stage, onBatch),
      onCounters,
      isInterrupted: () => interruption.isRequested,
    });
  }

  async #sendOne(
    delivery: Delivery,
    stage: Stage,
    onCounters: (counters: Counters) => void,
  ): Promise<Verdict[]> {
    const { client, interruption } = this.options;
    const sent: string[] = [];
    const undo = interruption.onRequest(() => cancelCommands(client, sent));
    this.hasBegun = true;
    try {
      await sendScript(client, delivery, (commandId) => {
        sent.push(commandId);
        if (stage !== 'look') this.commandIds.push(commandId);
        // Ctrl-C came during the call, before the id was known.
        if (interruption.isRequested) cancelCommands(client, [commandId]);
        this.tell({ kind: 'sent', commandId, stage });
      });
      const verdicts: Verdict[] = [];
      for (const commandId of sent)
        for (const verdict of await this.#watch(commandId, delivery, stage, onCounters))
          verdicts.push(verdict);
      return verdicts;
    } finally {
      undo();
    }
  }

  async #watch(
    commandId: string,
    delivery: Delivery,
    stage: Stage,
    onCounters: (counters: Counters) => void,
  ): Promise<Verdict[]> {
    const { client, interruption, pollSeconds } = this.options;
    const named = delivery.targets.instanceIds;
    let reached = 0;
    const clock = clockOf(client);
    const endsAt = clock.now() + delivery.timeoutSeconds * 1000;
    const offline = new Map<string, string>();
    const { kept, counters } = await awaitInvocations(client, commandId, {
      keep: (invocation) => judgeInvocation(invocation, delivery.script),
      deadlineSeconds: delivery.timeoutSeconds + delivery.executionTimeoutSeconds + 60,
      signal: interruption.leaveSignal,
      hurry: interruption.requestSignal,
      onCounters: (seen) => {
        reached = Math.max(seen.targetCount, this.options.delivery.targets.instanceIds.length);
        onCounters(seen);
      },
      onStandstill: async ({ targetCount, completedCount }) => {
        if (stage === 'look') return;
        const awaited = await listAwaited(client, commandId, targetCount);
        for (const one of awaited) offline.set(one.instanceId, one.offline);
        const seconds = Math.max(0, (endsAt - clock.now()) / 1000);
        this.tell({ kind: 'standstill', awaited, count: targetCount - completedCount, seconds });
      },
      // With few instances the verdict is not final: names and a second look follow.
      onFinal: (verdict) => {
        const isMeant = named.length === 0 ? verdict.instanceId !== '' : named.includes(verdict.instanceId);
        if (isMeant && stage === 'fleet' && reached > LOOK_AT_ALL_LIMIT)
          this.tell({ kind: 'verdict', verdict });
      },
      ...(pollSeconds === undefined ? {} : { pollSeconds }),
    });
    if (normalizeStatus(counters.status) === 'noinstancesintag') throw new NoMatchError(delivery.targets);
    // A look is asked again and again, and whoever left has read nothing.
    const isWhole = stage !== 'look' && !interruption.leaveSignal.aborted;
    const matched = isWhole ? matchNamed(kept, named) : kept;
    if (!interruption.leaveSignal.aborted)
      this.missingCount += Math.max(0, counters.targetCount - matched.length, kept.length - matched.length);
    return matched.map((verdict) =>
      blameAlarm(blameOffline(verdict, offline.get(verdict.instanceId)), counters.alarm),
    );
  }
}

/** Something else ran under this command's id, or the list is not of this command. */
const NOT_NAMED = failed(
  'not named',
  'the service lists it for this command, which did not name it, so its report does not count',
  'run status for it, and look who else sends commands in this account',
);

const NO_INVOCATION = failed(
  'no result',
  'the service lists nothing of it for the command that named it, so what happened there is not known',
  'run status for this instance',
);

/**
 * One verdict for each named instance, then those of instances that nobody named, as failures. Without names, all that have an id:
 * a tag may match anything.
 */
function matchNamed(verdicts: readonly Verdict[], named: readonly string[]): Verdict[] {
  const listed = verdicts.filter(({ instanceId }) => instanceId !== '');
  if (named.length === 0) return listed;
  const byId = new Map(listed.map((verdict) => [verdict.instanceId, verdict]));
  const own = [...new Set(named)].map(
    (instanceId) => byId.get(instanceId) ?? { instanceId, name: '', report: undefined, ...NO_INVOCATION },
  );
  const others = listed.filter(({ instanceId }) => !named.includes(instanceId));
  return [...own, ...others.map((verdict) => ({ ...verdict, report: undefined, ...NOT_NAMED }))];
}
