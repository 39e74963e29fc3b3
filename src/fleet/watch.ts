import {
  type CommandInvocation,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import { readTriggered, type TriggeredAlarm } from './alarm.ts';
import { clockOf } from './client.ts';
import { type Invocation, isFinal, normalizeStatus, UNFINISHED } from './invocation.ts';
import { failing, LoopingListError, readPages } from './pages.ts';
import { makePollPause } from './poll-pause.ts';
import { hasRest } from './report-line.ts';

/** What one poll saw. `targetCount` is 0 at first for tag targets [service behaviour]. */
export interface Counters {
  readonly targetCount: number;
  readonly completedCount: number;
  readonly errorCount: number;
  readonly status: string;
  readonly isFinal: boolean;
  /** What the sender wrote beside the command. */
  readonly comment: string;
  /** What the service stopped it for. */
  readonly alarm?: TriggeredAlarm | undefined;
}

export interface WatchOptions<T> {
  /** What to keep of an invocation; its output is let go, since ten thousand of them would fill the memory. */
  readonly keep: (invocation: Invocation) => T;
  /** Least time between two polls; it grows while nothing changes. Default 2: below that the service throttles. */
  readonly pollSeconds?: number;
  /** When to stop waiting, in seconds from now; what is not final by then is reported as it stands. */
  readonly deadlineSeconds: number;
  readonly onCounters?: (counters: Counters) => void;
  /** What was kept of an instance that has ended, once each, as its page is read. */
  readonly onFinal?: (kept: T) => void;
  /** Aborted: leave at once, with nothing kept. */
  readonly signal?: AbortSignal;
  /** Aborted: something has happened that the next poll will show, so it comes now. */
  readonly hurry?: AbortSignal;
}

/** The lists follow the counters within seconds [observed by users of the service]; after this long a missing host is missing. */
const LONGEST_LAG_SECONDS = 30;

/** A command id that this account and Region do not know. */
export class UnknownCommandError extends UserError {
  constructor(commandId: string) {
    super({
      code: 'no-match',
      what: `nothing is known of command ${commandId}`,
      why: 'it was sent in another account or Region, or more than 30 days ago',
      next: 'check --region and --profile',
    });
  }
}

/** ListCommandInvocations cuts output here [service model]; a longer first line has to be fetched on its own. */
export const LISTED_OUTPUT_LIMIT = 2500;

/**
 * Waits until a command has finished on every instance, then reads every invocation once and returns what `keep` made of each.
 * One ListCommands a poll; ⌈N/50⌉ pages at the end. The parent's status only says when to look: it can be Success over
 * hosts that never got the command. Who leaves gets nothing: reading ten thousand results takes its time.
 * @throws ServiceError
 */
export async function awaitInvocations<T>(
  client: SSMClient,
  commandId: string,
  options: WatchOptions<T>,
): Promise<{ kept: T[]; counters: Counters }> {
  const { signal, hurry, pollSeconds: leastSeconds } = options;
  const clock = clockOf(client);
  const pause = makePollPause({ clock, leastSeconds, signal, hurry });
  const startedAt = clock.now();
  const endsAt = startedAt + options.deadlineSeconds * 1000;
  let lagEndsAt = Number.POSITIVE_INFINITY;
  const told = new Set<string>();
  const tell = (instanceId: string, kept: T) => {
    if (!told.has(instanceId)) options.onFinal?.(kept);
    told.add(instanceId);
  };
  let counters: Counters = {
    targetCount: 0,
    completedCount: 0,
    errorCount: 0,
    status: 'Pending',
    isFinal: false,
    comment: '',
  };
  const isLeft = () => signal?.aborted === true;
  const unlessLeft = <R>(work: Promise<R>): Promise<R | undefined> =>
    work.catch((error: unknown) => {
      if (isLeft()) return undefined;
      throw error;
    });
  while (true) {
    const seen = await unlessLeft(readCounters(client, commandId));
    if (isLeft()) return { kept: [], counters };
    if (seen) {
      counters = seen;
      options.onCounters?.(counters);
    }
    if (counters.isFinal) lagEndsAt = Math.min(lagEndsAt, clock.now() + LONGEST_LAG_SECONDS * 1000);
    // Nothing is listed for so long after sending only when nothing was sent, or somewhere else.
    if (!seen && clock.now() - startedAt > LONGEST_LAG_SECONDS * 1000)
      throw new UnknownCommandError(commandId);
    const isOver = clock.now() >= Math.min(endsAt, lagEndsAt);
    if (counters.isFinal || isOver) {
      const listed = await unlessLeft(listInvocations(client, commandId, options.keep, tell));
      if (listed === undefined) return { kept: [], counters };
      const { kept, areFinal } = listed;
      // Right after the end the lists may still lag behind the counters: look again rather than lose a host.
      const isComplete = kept.length >= counters.targetCount && areFinal;
      if (isComplete || isOver) return { kept, counters };
    }
    await pause(`${counters.status} ${counters.completedCount}`, endsAt - clock.now());
  }
}

async function readCounters(client: SSMClient, commandId: string): Promise<Counters | undefined> {
  const { Commands } = await client
    .send(new ListCommandsCommand({ CommandId: commandId }))
    .catch(failing(`command ${commandId} could not be looked up`));
  const command = Commands?.[0];
  // Right after SendCommand the list may be empty: not an error, just early.
  if (!command) return undefined;
  return {
    targetCount: command.TargetCount ?? 0,
    completedCount: command.CompletedCount ?? 0,
    errorCount: (command.ErrorCount ?? 0) + (command.DeliveryTimedOutCount ?? 0),
    status: command.StatusDetails ?? command.Status ?? 'Pending',
    isFinal: isFinal(command.Status, command.StatusDetails),
    comment: command.Comment ?? '',
    alarm: readTriggered(command.TriggeredAlarms),
  };
}

/** Every invocation of a command, a page at a time; where the listing cut what a host has to tell, the whole text is fetched. */
async function listInvocations<T>(
  client: SSMClient,
  commandId: string,
  keep: (invocation: Invocation) => T,
  tell: (instanceId: string, kept: T) => void,
): Promise<{ kept: T[]; areFinal: boolean }> {
  const kept = new Map<string, T>();
  const unfinished = new Set<string>();
  const pages = readPages(`the results of command ${commandId} could not be read`, (token) =>
    client.send(
      new ListCommandInvocationsCommand({ CommandId: commandId, Details: true, MaxResults: 50, ...token }),
    ),
  );
  try {
    for await (const { CommandInvocations = [] } of pages) {
      const listed = CommandInvocations.map((item) => toInvocation(commandId, item));
      for (const invocation of await completeOutputs(client, listed)) {
        // An instance that is listed twice counts as it was seen last.
        const what = keep(invocation);
        kept.set(invocation.instanceId, what);
        if (invocation.isFinal) {
          unfinished.delete(invocation.instanceId);
          tell(invocation.instanceId, what);
        } else if (UNFINISHED.has(normalizeStatus(invocation.statusDetails)))
          unfinished.add(invocation.instanceId);
      }
    }
  } catch (error) {
    // Who was not listed is missing, and is looked for again.
    if (!(error instanceof LoopingListError)) throw error;
  }
  return { kept: [...kept.values()], areFinal: unfinished.size === 0 };
}

function toInvocation(commandId: string, item: CommandInvocation): Invocation {
  const plugin = item.CommandPlugins?.[0];
  return {
    commandId,
    instanceId: item.InstanceId ?? '',
    name: item.InstanceName ?? '',
    statusDetails: item.StatusDetails ?? item.Status ?? 'unknown',
    isFinal: isFinal(item.Status, item.StatusDetails),
    exitCode: plugin?.ResponseCode,
    output: plugin?.Output ?? '',
  };
}

/** So many outputs are fetched whole at the same time; the service throttles more. */
const WHOLE_OUTPUTS_AT_ONCE = 8;

async function completeOutputs(client: SSMClient, listed: readonly Invocation[]): Promise<Invocation[]> {
  const completed: Invocation[] = [];
  for (let at = 0; at < listed.length; at += WHOLE_OUTPUTS_AT_ONCE) {
    const some = listed.slice(at, at + WHOLE_OUTPUTS_AT_ONCE);
    completed.push(...(await Promise.all(some.map((invocation) => completeOutput(client, invocation)))));
  }
  return completed;
}

async function completeOutput(client: SSMClient, invocation: Invocation): Promise<Invocation> {
  // The service may end what it cut with a line of its own, so a newline alone proves nothing.
  const isCut =
    invocation.output.length >= LISTED_OUTPUT_LIMIT - 100 && /^\{.*[^}\n](\n|$)/.test(invocation.output);
  if (!isCut && !hasRest(invocation.output)) return invocation;
  const whole = await client
    .send(
      new GetCommandInvocationCommand({ CommandId: invocation.commandId, InstanceId: invocation.instanceId }),
    )
    .catch(() => undefined);
  return whole?.StandardOutputContent ? { ...invocation, output: whole.StandardOutputContent } : invocation;
}
