/** A host, with or without a machine behind it. */
import type { EventEmitter } from 'node:events';
import type { FrameSocket } from './frames.ts';
import type { HostFault } from './machine/config.ts';
import type { ExecResult } from './machine/exec.ts';
import type { HostSpec } from './options.ts';
import type { RunResult } from './run-result.ts';

export interface Job {
  readonly commandId: string;
  readonly script: string;
  readonly workingDirectory: string;
  readonly executionTimeoutMs: number;
}

/** `result` settles when the script ends or is cancelled: never, if the agent dropped the job. */
export interface Run {
  readonly result: Promise<RunResult>;
  cancel(): void;
}

export interface WorkerLink {
  readonly peer: FrameSocket;
  onJson: (message: Record<string, unknown>) => void;
  onData: (bytes: Buffer) => void;
  onClosed: () => void;
}

/** Emits `online` when its agent takes jobs. */
export interface Host extends EventEmitter {
  readonly spec: HostSpec;
  /** `sandbox`, `rooted` or `synthetic`. */
  readonly kind: string;
  /** As the service says it, so also for a while after the agent went away. */
  readonly isOnline: boolean;
  /** Its agent has a control channel. */
  readonly isConnected: boolean;
  /** What this machine cannot reproduce on this host, e.g. `user`; empty: nothing. */
  readonly notFaithful: readonly string[];
  readonly lastPingAt: number;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** `began` is called when the script starts; an agent that starts or stops drops the job. */
  run(job: Job, began: () => void): Run;
  openWorker(sessionId: string): Promise<WorkerLink>;
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  failNext(fault: HostFault, times?: number): void;
}

export interface ExecOptions {
  /** `root` (default) or the session's user. */
  readonly user?: string;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly input?: string;
}
