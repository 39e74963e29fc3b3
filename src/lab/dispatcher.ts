/** Brings commands to hosts with SendCommand's limits: concurrency, errors, delivery timeout, cancelling. */
import type { Clock } from '../clock.ts';
import type { AlarmBook } from './alarms.ts';
import type { Script } from './command-document.ts';
import { scriptOf } from './documents.ts';
import type { Host, Run } from './host.ts';
import type { CommandRecord, InvocationRecord, RecordStore } from './records.ts';
import { endedAs, OUTCOMES, type RunDetails, type RunResult } from './run-result.ts';

const ALARM_POLL_MS = 100;

interface Progress {
  readonly command: CommandRecord;
  readonly script: Script;
  readonly queue: { invocation: InvocationRecord; host: Host }[];
  readonly live: Map<InvocationRecord, () => void>;
  readonly maxConcurrency: number;
  readonly maxErrors: number;
}

/** One script that started on one host. */
export interface RunLog {
  readonly commandId: string;
  readonly instanceId: string;
}

/** How often to look for a lost host whose script is over its time. */
const OVERDUE_MS = 250;

export class Dispatcher {
  private readonly active = new Map<string, Progress>();

  constructor(
    private readonly store: RecordStore,
    private readonly timeoutScale: number,
    private readonly alarms: AlarmBook,
    private readonly clock: Clock,
    private readonly onRun: (run: RunLog) => void,
  ) {}

  /** Hosts that the sender may not reach end as AccessDenied: tags are resolved after the call [time of the decision inferred]. */
  dispatch(
    command: CommandRecord,
    hosts: readonly Host[],
    mayReach: (host: Host) => boolean = () => true,
  ): void {
    command.targetCount = hosts.length;
    if (hosts.length === 0) {
      // A command without hosts ends by itself; it is no exception [facts/ssm.md].
      this.setStatus(command, 'Success', 'NoInstancesInTag');
      return;
    }
    const queue = hosts.map((host) => ({ host, invocation: newInvocation(host, command.requestedAt) }));
    command.invocations = queue.map(({ invocation }) => invocation);
    for (const { host, invocation } of queue) {
      if (!mayReach(host)) this.finish(invocation, endedAs('AccessDenied'));
      else if (host.spec.platform === 'Windows') this.finish(invocation, endedAs('InvalidPlatform'));
    }
    const progress: Progress = {
      command,
      script: scriptOf({ store: this.store }, command),
      queue: queue.filter(({ invocation }) => invocation.endedAt === undefined),
      live: new Map(),
      maxConcurrency: Math.max(1, resolveCount(command.maxConcurrency, hosts.length)),
      maxErrors: resolveCount(command.maxErrors, hosts.length),
    };
    this.active.set(command.commandId, progress);
    this.watchAlarm(command);
    // It was cancelled while its targets were being looked up.
    if (command.isCancelling && command.triggeredAlarm === undefined) this.cancel(command, []);
    else if (!command.isCancelling) this.pump(progress);
  }

  /** Tells running scripts to stop; they may still end before. */
  cancel(command: CommandRecord, instanceIds: readonly string[]): void {
    const progress = this.active.get(command.commandId);
    if (progress === undefined) {
      if (command.status === 'Pending' && instanceIds.length === 0) command.isCancelling = true;
      return;
    }
    const isMeant = (invocation: InvocationRecord) =>
      instanceIds.length === 0 || instanceIds.includes(invocation.instanceId);
    if (instanceIds.length === 0) {
      command.isCancelling = true;
      command.status = 'Cancelling';
      command.statusDetails = 'Cancelling';
    }
    for (const entry of [...progress.queue].filter(({ invocation }) => isMeant(invocation))) {
      progress.queue.splice(progress.queue.indexOf(entry), 1);
      this.finish(entry.invocation, endedAs('Cancelled'));
    }
    for (const [invocation, stop] of progress.live) if (isMeant(invocation)) stop();
    this.pump(progress);
  }

  /** Polls the command's alarm until the command is over. How often the service does is not documented. */
  private watchAlarm(command: CommandRecord): void {
    if (command.alarm === undefined || !this.active.has(command.commandId)) return;
    command.triggeredAlarm = this.alarms.findTriggered(command.alarm);
    if (command.triggeredAlarm === undefined) this.clock.after(ALARM_POLL_MS, () => this.watchAlarm(command));
    // An alarm cancels as a person does [inferred from "stops"].
    else this.cancel(command, []);
  }

  private pump(progress: Progress): void {
    const { command, queue, live } = progress;
    const errors = countErrors(command);
    if (errors > progress.maxErrors) {
      for (const { invocation } of queue.splice(0)) this.finish(invocation, endedAs('Terminated'));
    }
    while (queue.length > 0 && live.size < progress.maxConcurrency) {
      const next = queue.shift();
      if (next !== undefined) this.startOne(progress, next.host, next.invocation);
    }
    if (live.size > 0) {
      if (!command.isCancelling)
        Object.assign(command, { status: 'InProgress', statusDetails: 'InProgress' });
    } else {
      this.active.delete(command.commandId);
      const [status, details] = judgeCommand(command, progress.maxErrors);
      this.setStatus(command, status, details);
    }
    this.store.touch();
  }

  private startOne(progress: Progress, host: Host, invocation: InvocationRecord): void {
    const { command, script, live } = progress;
    let stopOverdue = (): void => {};
    const done = (result: RunResult): void => {
      stopOverdue();
      if (!live.delete(invocation)) return;
      this.finish(invocation, result);
      this.pump(progress);
    };
    const { commandId } = command;
    const timeoutMs = script.timeoutSeconds * 1000 * this.timeoutScale;
    let run: Run | undefined;
    const begin = (): void => {
      stopExpiry();
      const status = 'InProgress';
      Object.assign(invocation, { status, statusDetails: status, startedAt: this.clock.now() });
      // A host keeps this time itself. A host that died never reports, so the service ends the script [inferred].
      const endOverdue = (): void => {
        if (!host.isOnline) done(endedAs('ExecutionTimedOut'));
        else stopOverdue = this.clock.after(OVERDUE_MS, endOverdue);
      };
      stopOverdue = this.clock.after(timeoutMs, endOverdue);
      this.onRun({ commandId, instanceId: invocation.instanceId });
      live.set(invocation, () => {
        invocation.statusDetails = 'Cancelling';
        run?.cancel();
      });
    };
    const deliver = (): void => {
      const { text, workingDirectory } = script;
      run = host.run({ commandId, script: text, workingDirectory, executionTimeoutMs: timeoutMs }, begin);
      void run.result.then(done);
    };
    const giveUp = (details: RunDetails): void => {
      stopExpiry();
      host.off('online', deliver);
      done(endedAs(details));
      run?.cancel();
    };
    // An offline host under Targets stays Pending until the delivery timeout, and is served if it comes back.
    const stopExpiry = this.clock.after(command.timeoutSeconds * 1000 * this.timeoutScale, () =>
      giveUp('DeliveryTimedOut'),
    );
    live.set(invocation, () => giveUp('Cancelled'));
    if (host.isOnline) deliver();
    else host.once('online', deliver);
  }

  private finish(invocation: InvocationRecord, { details, code, stdout, stderr }: RunResult): void {
    const endedAt = this.clock.now();
    const { status } = OUTCOMES[details];
    Object.assign(invocation, { status, statusDetails: details, code, stdout, stderr, endedAt });
  }

  private setStatus(command: CommandRecord, status: string, details: string): void {
    command.status = status;
    command.statusDetails = details;
    this.store.touch();
  }

  stop(): void {
    for (const { live, queue } of this.active.values()) {
      queue.splice(0);
      for (const stop of [...live.values()]) stop();
    }
  }
}

/** `50` or `10%` of a count. Rounds down, so that the limit holds. */
export function resolveCount(text: string, total: number): number {
  return text.endsWith('%') ? Math.floor((Number(text.slice(0, -1)) * total) / 100) : Number(text);
}

export function countErrors(command: CommandRecord): number {
  return command.invocations.filter(
    ({ statusDetails }) => OUTCOMES[statusDetails as RunDetails]?.isError === true,
  ).length;
}

/** Success can hide hosts that ran nothing: only invocations show that. */
function judgeCommand(command: CommandRecord, maxErrors: number): [status: string, details: string] {
  const has = (details: string) => command.invocations.some(({ statusDetails }) => statusDetails === details);
  if (command.isCancelling) return ['Cancelled', 'Cancelled'];
  if (countErrors(command) > maxErrors)
    return has('Failed') ? ['Failed', 'Failed'] : ['TimedOut', 'ExecutionTimedOut'];
  if (has('DeliveryTimedOut')) return ['TimedOut', 'DeliveryTimedOut'];
  if (countErrors(command) > 0 || has('Cancelled')) return ['Failed', 'Incomplete'];
  return ['Success', 'Success'];
}

function newInvocation(host: Host, requestedAt: number): InvocationRecord {
  return {
    instanceId: host.spec.id,
    requestedAt,
    startedAt: undefined,
    endedAt: undefined,
    status: 'Pending',
    statusDetails: 'Pending',
    code: -1,
    stdout: '',
    stderr: '',
  };
}
