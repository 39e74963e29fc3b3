/** Runs associations as State Manager does: at once on all matching nodes, on new nodes when they come online, and by rate. */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Host } from './host.ts';
import { type AssociationRecord, newCommand, type RecordStore } from './records.ts';
import { ServiceError } from './service-error.ts';
import { findByTargets } from './targets.ts';

/** How long a node may take to be reached; the command's own execution timeout is added. */
const DELIVERY_SECONDS = 3600;
const MOST_EXECUTIONS = 100;

export class AssociationRunner {
  private readonly timers = new Map<string, () => void>();

  constructor(
    private readonly hosts: readonly Host[],
    private readonly store: RecordStore,
    private readonly dispatcher: Dispatcher,
    private readonly minuteSeconds: number,
    private readonly clock: Clock,
  ) {}

  /** Call it when the hosts are up. Runs on nodes that are new, and listens for more. */
  start(): void {
    for (const host of this.hosts) host.on('online', () => this.meet(host));
    for (const association of this.store.records.associations) {
      this.schedule(association);
      this.run(association, this.unseen(association, this.hosts));
    }
  }

  /** Runs it on every matching node that is online. */
  runEverywhere(association: AssociationRecord): void {
    this.run(association, this.matching(association));
  }

  /** Replaces the association's timer. @throws ServiceError InvalidSchedule */
  schedule(association: AssociationRecord): void {
    this.forget(association.associationId);
    const { scheduleExpression } = association;
    if (scheduleExpression === undefined) return;
    const periodMs = readRateMinutes(scheduleExpression) * this.minuteSeconds * 1000;
    const tick = (): void => {
      this.arm(association.associationId, periodMs, tick);
      this.runEverywhere(association);
    };
    this.arm(association.associationId, periodMs, tick);
  }

  /** Starts no further runs; current runs go on [inferred]. */
  drop(association: AssociationRecord): void {
    this.forget(association.associationId);
    for (const { command } of association.executions) {
      const waiting = command.invocations.filter(({ startedAt, endedAt }) => !startedAt && !endedAt);
      if (waiting.length > 0)
        this.dispatcher.cancel(
          command,
          waiting.map(({ instanceId }) => instanceId),
        );
    }
  }

  forget(associationId: string): void {
    this.timers.get(associationId)?.();
    this.timers.delete(associationId);
  }

  stop(): void {
    for (const id of [...this.timers.keys()]) this.forget(id);
    for (const host of this.hosts) host.removeAllListeners('online');
  }

  private arm(id: string, ms: number, tick: () => void): void {
    this.timers.set(id, this.clock.after(ms, tick));
  }

  private meet(host: Host): void {
    for (const association of this.store.records.associations)
      this.run(association, this.unseen(association, [host]));
  }

  private matching({ targets }: AssociationRecord): Host[] {
    const isAll = targets.some(({ Key, Values }) => Key === 'InstanceIds' && Values.includes('*'));
    const all = isAll ? [...this.hosts] : findByTargets({ hosts: this.hosts }, targets);
    return all.filter((host) => host.isOnline);
  }

  /** Hosts on which this version has never been started. */
  private unseen(association: AssociationRecord, among: readonly Host[]): Host[] {
    const seen = association.executions
      .filter(({ version }) => version === association.version)
      .flatMap(({ command }) => command.invocations.map(({ instanceId }) => instanceId));
    return this.matching(association).filter((host) => among.includes(host) && !seen.includes(host.spec.id));
  }

  private run(association: AssociationRecord, hosts: readonly Host[]): void {
    if (hosts.length === 0) return;
    const command = newCommand(this.clock.now(), {
      documentName: association.documentName,
      documentVersion: association.documentVersion,
      parameters: association.parameters,
      targets: association.targets,
      maxConcurrency: association.maxConcurrency ?? '50',
      maxErrors: association.maxErrors ?? '100%',
      timeoutSeconds: DELIVERY_SECONDS,
      alarm: association.alarm,
    });
    association.executions.unshift({ executionId: randomUUID(), version: association.version, command });
    association.executions.splice(MOST_EXECUTIONS);
    this.dispatcher.dispatch(command, hosts);
    this.store.touch();
  }
}

/** Minutes of `rate(1 day)`: 30 minutes to under 31 days, singular for one. @throws ServiceError InvalidSchedule */
export function readRateMinutes(text: string): number {
  const [, digits = '', unit = ''] = /^rate\(([1-9][0-9]*) (minutes?|hours?|days?)\)$/.exec(text) ?? [];
  const minutes = Number(digits) * ({ minute: 1, hour: 60, day: 1440 }[unit.replace(/s$/, '')] ?? 0);
  if (digits === '' || (digits === '1') === unit.endsWith('s') || minutes < 30 || minutes >= 31 * 1440)
    throw new ServiceError(
      'InvalidSchedule',
      /^(cron|at)\(/.test(text)
        ? 'This lab runs rate(…) schedules only.'
        : `The schedule ${text} is not valid.`,
    );
  return minutes;
}
