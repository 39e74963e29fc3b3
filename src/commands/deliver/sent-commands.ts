/** `--command-id`: watches, cancels and reports commands that another process sent. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { AccountAtWork } from '../../accounts/account-work.ts';
import { UsageError, UserError } from '../../errors.ts';
import { blameAlarm } from '../../fleet/alarm.ts';
import { NAMED_AT_ONCE, nameInstances } from '../../fleet/instance-names.ts';
import { isGood, judgeInvocation, type Verdict } from '../../fleet/judge.ts';
import type { PushResult } from '../../fleet/push.ts';
import { cancelCommands } from '../../fleet/send.ts';
import type { PushEvent } from '../../fleet/sender.ts';
import { listAwaited } from '../../fleet/standstill.ts';
import { addUpCounters, awaitInvocations, type Counters } from '../../fleet/watch.ts';
import type { Interruption } from '../../interruption.ts';
import type { Settings } from '../../settings/settings.ts';
import { repeatConnection } from '../../settings/told-connection.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import { type Applied, makeDeliveryClient, type Outlook } from './apply.ts';
import type { Phase } from './ctrl-c.ts';
import { EXECUTION_TIMEOUT_SECONDS, type Verb } from './plan.ts';

/** The commands of `--command-id`: waits for all and merges their results. */
export class SentCommands {
  readonly phase: Phase = 'commands';
  readonly commandIds: readonly string[];
  outlook: Outlook = 'seen';
  readonly #settings: Settings;
  readonly #client: SSMClient;

  constructor(
    private readonly verb: Verb,
    { client, settings }: AccountAtWork,
    private readonly interruption: Interruption,
    private readonly onEvent: (event: PushEvent) => void,
  ) {
    this.commandIds = settings.delivery.commandIds;
    this.#settings = settings;
    this.#client = makeDeliveryClient(client, interruption, () => 'change');
  }

  /** @throws UserError, ServiceError */
  async run(): Promise<Applied> {
    const { commandIds } = this;
    const undo = this.interruption.onRequest(() => cancelCommands(this.#client, commandIds));
    try {
      const result = await this.#watchAll();
      return { commandIds, result };
    } finally {
      undo();
      if (this.interruption.leaveSignal.aborted) this.outlook = 'left';
    }
  }

  async #watchAll(): Promise<PushResult> {
    const { commandIds, interruption, verb } = this;
    const [client, settings] = [this.#client, this.#settings];
    const seen = new Map<string, Counters>();
    const watchOne = async (commandId: string) => {
      const { kept, counters } = await awaitInvocations(client, commandId, {
        keep: (invocation) => judgeInvocation(invocation, verb),
        deadlineSeconds: settings.delivery.timeoutSeconds + EXECUTION_TIMEOUT_SECONDS,
        signal: interruption.leaveSignal,
        hurry: interruption.requestSignal,
        // With several commands the verdicts must be merged first, so they are not final here.
        onFinal: (verdict) => {
          const { targetCount = 0 } = seen.get(commandId) ?? {};
          if (commandIds.length === 1 && targetCount > NAMED_AT_ONCE)
            this.onEvent({ kind: 'verdict', verdict });
        },
        onStandstill: async ({ targetCount, completedCount }) => {
          const awaited = await listAwaited(client, commandId, targetCount);
          this.onEvent({
            kind: 'standstill',
            awaited,
            count: targetCount - completedCount,
            seconds: undefined,
          });
        },
        onCounters: (found) => {
          refuseOtherVerb(verb, found.comment, commandId, settings);
          seen.set(commandId, found);
          this.onEvent({ kind: 'counters', stage: 'fleet', counters: addUpCounters([...seen.values()]) });
        },
      });
      return {
        kept: kept.map((verdict) => blameAlarm(verdict, counters.alarm)),
        missingCount: interruption.leaveSignal.aborted ? 0 : Math.max(0, counters.targetCount - kept.length),
      };
    };
    const found = await Promise.all(commandIds.map(watchOne));
    const verdicts = mergeVerdicts(found.flatMap(({ kept }) => kept));
    const missingCount = found.reduce((sum, one) => sum + one.missingCount, 0);
    if (verdicts.length === 0 && missingCount === 0 && !interruption.isRequested) {
      throw new UserError({
        code: 'no-match',
        what: `${commandIds.length === 1 ? `command ${commandIds[0]}` : `${commandIds.length} commands`} reached nobody`,
        why: 'no instance matched its targets',
        next: quoteCommand`look with  ssm-keepalive ${verb} --tag KEY=VALUE --dry-run`,
      });
    }
    return { verdicts: await nameInstances(client, verdicts), commandIds, missingCount };
  }
}

/** The command that takes all these commands up again. */
export function describeWatching(verb: Verb, commandIds: readonly string[], settings: Settings): string {
  return quoteCommand`ssm-keepalive ${verb} --command-id ${commandIds}` + repeatConnection(settings);
}

/** One verdict an instance: a failure first; `unchanged` last, because the canary gets the script twice. */
function mergeVerdicts(verdicts: readonly Verdict[]): Verdict[] {
  const weigh = (verdict: Verdict) => (isGood(verdict) ? (verdict.verdict === 'unchanged' ? 0 : 1) : 2);
  const merged = new Map<string, Verdict>();
  for (const verdict of verdicts) {
    const other = merged.get(verdict.instanceId);
    if (!other || weigh(verdict) > weigh(other)) merged.set(verdict.instanceId, verdict);
  }
  return [...merged.values()].sort((a, b) => a.instanceId.localeCompare(b.instanceId));
}

/** Refuses a command of another verb, which our comment names. @throws UsageError */
function refuseOtherVerb(verb: Verb, comment: string, commandId: string, settings: Settings): void {
  const sentAs = /^ssm-keepalive \S+ (install|uninstall|status)\b/.exec(comment)?.[1] as Verb | undefined;
  if (sentAs === undefined || sentAs === verb) return;
  throw new UsageError({
    what: `command ${commandId} is no ${verb}`,
    why: `it was sent as ${sentAs}`,
    next: `run  ${describeWatching(sentAs, [commandId], settings)}`,
  });
}
