/** A host without a machine: answers as its spec says. For rare verdicts and for large fleets. */
import { EventEmitter } from 'node:events';
import type { Clock } from '../clock.ts';
import type { Host, Job, Run, WorkerLink } from './host.ts';
import type { ExecResult } from './machine/exec.ts';
import type { HostSpec } from './options.ts';
import { endedAs, type RunDetails, type RunResult } from './run-result.ts';

export class SyntheticHost extends EventEmitter implements Host {
  readonly kind = 'synthetic';
  readonly notFaithful = [];
  readonly lastPingAt: number;

  constructor(
    readonly spec: HostSpec,
    private readonly clock: Clock,
  ) {
    super();
    this.lastPingAt = clock.now();
  }

  get isOnline(): boolean {
    return this.spec.synthetic?.outcome !== 'Offline';
  }

  get isConnected(): boolean {
    return this.isOnline;
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  run({ script }: Job, began: () => void): Run {
    const isDropped = this.spec.synthetic?.drops?.(script) === true;
    if (!isDropped) began();
    const {
      outcome = 'Success',
      exitCode,
      stdout: said = '',
      stderr = '',
      latencySeconds = 0,
    } = this.spec.synthetic ?? {};
    const stdout = typeof said === 'string' ? said : said(script);
    const details = outcome as RunDetails;
    const hasRun = details === 'Success' || details === 'Failed';
    const code = exitCode ?? (details === 'Success' ? 0 : hasRun ? 1 : -1);
    let finish: (result: RunResult) => void = () => {};
    const result = new Promise<RunResult>((resolve) => {
      finish = resolve;
    });
    const stop = isDropped
      ? () => {}
      : this.clock.after(latencySeconds * 1000, () => finish({ details, code, stdout, stderr }));
    const cancel = (): void => {
      stop();
      finish(endedAs('Cancelled'));
    };
    return { result, cancel };
  }

  async openWorker(): Promise<WorkerLink> {
    throw new Error(`${this.spec.id} is synthetic: it has no shell`);
  }

  async exec(): Promise<ExecResult> {
    throw new Error(`${this.spec.id} is synthetic: it runs nothing`);
  }

  failNext(): void {}
}
