import {
  type CommandInvocation,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { workThrough } from '../bounded.ts';
import { UserError } from '../errors.ts';
import { readTriggered, type TriggeredAlarm } from './alarm.ts';
import { clockOf, isOfLab } from './client.ts';
import { type Invocation, isFinal, normalizeStatus, UNFINISHED } from './invocation.ts';
import { failing, LoopingListError, readPages } from './pages.ts';
import { makePollPause } from './poll-pace.ts';
import { hasRest } from './report-line.ts';
import { STANDSTILL_SECONDS } from './standstill.ts';

/** The counters of one poll. For tag targets `targetCount` starts at 0 [service behaviour]. */
export interface Counters {
  readonly targetCount: number;
  readonly completedCount: number;
  readonly status: string;
  readonly isFinal: boolean;
  /** The sender's comment. */
  readonly comment: string;
  /** The alarm that stopped it. */
  readonly alarm?: TriggeredAlarm | undefined;
}

export const NO_COUNTERS: Counters = {
  targetCount: 0,
  completedCount: 0,
  status: 'InProgress',
  isFinal: false,
  comment: '',
};

/** The counters of several commands that are watched together. */
export function addUpCounters(all: readonly Counters[]): Counters {
  const sum = (read: (counters: Counters) => number) => all.reduce((total, one) => total + read(one), 0);
  return {
    ...NO_COUNTERS,
    targetCount: sum(({ targetCount }) => targetCount),
    completedCount: sum(({ completedCount }) => completedCount),
    comment: all[0]?.comment ?? '',
  };
}

export interface WatchOptions<T> {
  /** Reduces an invocation to what is kept: ten thousand outputs would fill the memory. */
  readonly keep: (invocation: Invocation) => T;
  /** Shortest time between two polls; it grows while nothing changes. Default 2: below that the service throttles. */
  readonly pollSeconds?: number;
  /** When to stop waiting, in seconds from now. Invocations that are not final then are returned as they are. */
  readonly deadlineSeconds: number;
  readonly onCounters?: (counters: Counters) => void;
  /** Called once, when nothing has changed for a while; the next poll waits for it. */
  readonly onStandstill?: (counters: Counters) => Promise<void>;
  /** Called once for each final invocation, when its page is read. */
  readonly onFinal?: (kept: T) => void;
  /** When aborted, returns at once and without results. */
  readonly signal?: AbortSignal;
  /** When aborted, the next poll comes at once, because it will show a change. */
  readonly hurry?: AbortSignal;
}

/** The lists follow the counters within seconds [observed by users]; after this an unlisted host is missing. */
const LONGEST_LAG_SECONDS = 30;

/** This account and Region do not know the command id. */
function unknownCommand(commandId: string, isOnLab: boolean): UserError {
  return new UserError({
    code: 'no-match',
    what: `nothing is known of command ${commandId}`,
    why: isOnLab
      ? 'this lab was sent no such command'
      : 'it was sent in another account or Region, or more than 30 days ago',
    next: isOnLab ? 'check the id' : 'check the id, --region and --profile',
  });
}

/** ListCommandInvocations cuts output at this length [service model]. A longer output needs a call of its own. */
const LISTED_OUTPUT_LIMIT = 2500;

/**
 * Waits until a command has finished on every instance, then reads every invocation and returns the results of `keep`.
 * One ListCommands call a poll, ⌈N/50⌉ pages at the end. The command's own status only says when to read: it can be
 * Success although some hosts never got the command.
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
  const reported = new Set<string>();
  const report = (instanceId: string, kept: T) => {
    if (!reported.has(instanceId)) options.onFinal?.(kept);
    reported.add(instanceId);
  };
  let counters: Counters = { ...NO_COUNTERS, status: 'Pending' };
  let change = { to: '', at: startedAt };
  let stoodStill = false;
  const isLeft = () => signal?.aborted === true;
  const unlessLeft = <R>(work: Promise<R>): Promise<R | undefined> =>
    work.catch((error: unknown) => {
      if (isLeft()) return undefined;
      throw error;
    });
  while (true) {
    const askedAt = clock.now();
    const seen = await unlessLeft(readCounters(client, commandId));
    if (isLeft()) return { kept: [], counters };
    if (seen) {
      counters = seen;
      options.onCounters?.(counters);
    }
    if (counters.isFinal) lagEndsAt = Math.min(lagEndsAt, clock.now() + LONGEST_LAG_SECONDS * 1000);
    // Not listed for so long: the command does not exist here. A laptop may have slept since it asked.
    if (!seen && askedAt - startedAt > LONGEST_LAG_SECONDS * 1000)
      throw unknownCommand(commandId, isOfLab(client));
    const isOver = clock.now() >= Math.min(endsAt, lagEndsAt);
    if (counters.isFinal || isOver) {
      const listed = await unlessLeft(listInvocations(client, commandId, options.keep, report));
      if (listed === undefined) return { kept: [], counters };
      const { kept, areFinal } = listed;
      // The lists may lag behind the counters: read again until every host is there.
      const isComplete = kept.length >= counters.targetCount && areFinal;
      if (isComplete || isOver) return { kept, counters };
    }
    const state = `${counters.status} ${counters.completedCount}`;
    if (state !== change.to) change = { to: state, at: clock.now() };
    const isStill = clock.now() - change.at >= STANDSTILL_SECONDS * 1000;
    if (isStill && !stoodStill && counters.targetCount > 0 && !counters.isFinal && !hurry?.aborted) {
      stoodStill = true;
      await options.onStandstill?.(counters);
    }
    await pause(state, endsAt - clock.now());
  }
}

async function readCounters(client: SSMClient, commandId: string): Promise<Counters | undefined> {
  const { Commands } = await client
    .send(new ListCommandsCommand({ CommandId: commandId }))
    .catch(failing(`command ${commandId} could not be looked up`));
  const command = Commands?.[0];
  // Right after SendCommand the list may still be empty.
  if (!command) return undefined;
  return {
    targetCount: command.TargetCount ?? 0,
    completedCount: command.CompletedCount ?? 0,
    status: command.StatusDetails ?? command.Status ?? 'Pending',
    isFinal: isFinal(command.Status, command.StatusDetails),
    comment: command.Comment ?? '',
    alarm: readTriggered(command.TriggeredAlarms),
  };
}

/** Reads every invocation of a command, page by page. Fetches the whole output if the listing cut it. */
async function listInvocations<T>(
  client: SSMClient,
  commandId: string,
  keep: (invocation: Invocation) => T,
  report: (instanceId: string, kept: T) => void,
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
      for (const invocation of await workThrough(listed, WHOLE_OUTPUTS_AT_ONCE, (one) =>
        completeOutput(client, one),
      )) {
        // If an instance is listed twice, the later one counts.
        const what = keep(invocation);
        kept.set(invocation.instanceId, what);
        if (invocation.isFinal) {
          unfinished.delete(invocation.instanceId);
          report(invocation.instanceId, what);
        } else if (UNFINISHED.has(normalizeStatus(invocation.statusDetails)))
          unfinished.add(invocation.instanceId);
      }
    }
  } catch (error) {
    // Unlisted hosts count as missing; the caller reads again.
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

/** How many whole outputs are fetched at once; the service throttles more. */
const WHOLE_OUTPUTS_AT_ONCE = 8;

async function completeOutput(client: SSMClient, invocation: Invocation): Promise<Invocation> {
  // The service may add a line of its own after the cut, so a newline does not prove that nothing was cut.
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
