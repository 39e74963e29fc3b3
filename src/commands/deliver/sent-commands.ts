/** `--command-id`: commands that another process sent are watched, cancelled and reported as if this one had. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { UsageError, UserError } from '../../errors.ts';
import { blameAlarm } from '../../fleet/alarm.ts';
import { NAMED_AT_ONCE, nameInstances } from '../../fleet/instance-names.ts';
import { isGood, judgeInvocation, type Verdict } from '../../fleet/judge.ts';
import type { PushResult } from '../../fleet/push.ts';
import { cancelCommands } from '../../fleet/send.ts';
import { awaitInvocations, type Counters } from '../../fleet/watch.ts';
import type { Interruption } from '../../interruption.ts';
import type { Settings } from '../../settings/settings.ts';
import { say, showLine } from '../../terminal/safe-text.ts';
import { repeatConnection } from '../repeat.ts';
import type { Progress } from './progress.ts';
import type { Verb } from './verb.ts';

export interface TakeUpOptions {
  readonly client: SSMClient;
  readonly verb: Verb;
  readonly settings: Settings;
  readonly progress: Progress;
  readonly interruption: Interruption;
  /** How long the script may run, on top of what the service tries to deliver. */
  readonly executionSeconds: number;
  note(text: string): void;
}

/** Waits for every command named and puts their results together. @throws UserError, ServiceError */
export async function takeUp(options: TakeUpOptions): Promise<PushResult> {
  const { client, verb, settings, progress, interruption, note } = options;
  const { commandIds } = settings.delivery;
  if (!settings.common.isQuiet) note(say`looking for ${describeIds(commandIds)}\n`);
  const undo = interruption.onRequest(() => void cancelCommands(client, commandIds));
  const seen = new Map<string, Counters>();
  const watchOne = async (commandId: string) => {
    const { kept, counters } = await awaitInvocations(client, commandId, {
      keep: judgeInvocation,
      deadlineSeconds: settings.delivery.timeoutSeconds + options.executionSeconds,
      signal: interruption.leaveSignal,
      hurry: interruption.requestSignal,
      // Of one command the last word on an instance; several have to be put together first.
      onFinal: (verdict) => {
        const { targetCount = 0 } = seen.get(commandId) ?? {};
        if (commandIds.length === 1 && targetCount > NAMED_AT_ONCE)
          progress.onEvent({ kind: 'verdict', verdict });
      },
      onCounters: (found) => {
        refuseOtherVerb(verb, found.comment, commandId, settings);
        seen.set(commandId, found);
        progress.onEvent({ kind: 'counters', stage: 'fleet', counters: addUp([...seen.values()]) });
      },
    });
    return {
      kept: kept.map((verdict) => blameAlarm(verdict, counters.alarm)),
      missingCount: interruption.leaveSignal.aborted ? 0 : Math.max(0, counters.targetCount - kept.length),
    };
  };
  const found = await Promise.all(commandIds.map(watchOne)).finally(() => {
    undo();
    if (interruption.leaveSignal.aborted)
      note(
        'ssm-keepalive: left early. To take it up again:  ' +
          describeTakeUp(verb, commandIds, settings) +
          '\n',
      );
  });
  const verdicts = mergeVerdicts(found.flatMap(({ kept }) => kept));
  const missingCount = found.reduce((sum, one) => sum + one.missingCount, 0);
  if (verdicts.length === 0 && missingCount === 0 && !interruption.isRequested) {
    throw new UserError({
      code: 'no-match',
      what: `${describeIds(commandIds)} reached nobody`,
      why: 'no instance matched its targets',
      next: `look with  ssm-keepalive ${verb} --tag KEY=VALUE --dry-run${repeatConnection(settings)}`,
    });
  }
  return { verdicts: await nameInstances(client, verdicts), commandIds, missingCount };
}

/** What to type to take commands up again; all of them, since a run may have sent several. */
export function describeTakeUp(verb: Verb, commandIds: readonly string[], settings: Settings): string {
  return `ssm-keepalive ${verb} --command-id ${commandIds.map(showLine).join(' ')}${repeatConnection(settings)}`;
}

/**
 * One verdict an instance, whatever the order: a failure outweighs all, and `unchanged` is what the first instance of a run
 * says when it gets the script a second time with the others.
 */
function mergeVerdicts(verdicts: readonly Verdict[]): Verdict[] {
  const weigh = (verdict: Verdict) => (isGood(verdict) ? (verdict.verdict === 'unchanged' ? 0 : 1) : 2);
  const merged = new Map<string, Verdict>();
  for (const verdict of verdicts) {
    const other = merged.get(verdict.instanceId);
    if (!other || weigh(verdict) > weigh(other)) merged.set(verdict.instanceId, verdict);
  }
  return [...merged.values()].sort((a, b) => a.instanceId.localeCompare(b.instanceId));
}

/** Our commands say in their comment what they are; an install's results are no verdict on an uninstall. */
function refuseOtherVerb(verb: Verb, comment: string, commandId: string, settings: Settings): void {
  const sentAs = /^ssm-keepalive \S+ (install|uninstall|status)\b/.exec(comment)?.[1] as Verb | undefined;
  if (sentAs === undefined || sentAs === verb) return;
  throw new UsageError({
    what: `command ${commandId} is no ${verb}`,
    why: `it was sent as ${sentAs}`,
    next: `run  ${describeTakeUp(sentAs, [commandId], settings)}`,
  });
}

function addUp(all: readonly Counters[]): Counters {
  const sum = (read: (counters: Counters) => number) => all.reduce((total, one) => total + read(one), 0);
  return {
    targetCount: sum(({ targetCount }) => targetCount),
    completedCount: sum(({ completedCount }) => completedCount),
    errorCount: sum(({ errorCount }) => errorCount),
    status: 'InProgress',
    isFinal: false,
    comment: all[0]?.comment ?? '',
  };
}

const describeIds = (ids: readonly string[]) =>
  ids.length === 1 ? `command ${ids[0]}` : `${ids.length} commands`;
