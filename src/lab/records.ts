/** The account's records: commands, invocations, sessions and documents. They are on disk, so a restarted lab has them. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../clock.ts';
import type { AlarmConfiguration, AlarmStateInformation } from './alarms.ts';
import type { RunDetails } from './run-result.ts';

/** Times are epoch milliseconds; the wire has seconds. */
export interface CommandRecord {
  commandId: string;
  documentName: string;
  documentVersion: string;
  comment: string;
  parameters: Record<string, string[]>;
  instanceIds: string[];
  targets: { Key: string; Values: string[] }[];
  maxConcurrency: string;
  maxErrors: string;
  timeoutSeconds: number;
  requestedAt: number;
  expiresAt: number;
  /** Lists and reads know the command from then on. */
  visibleAt: number;
  targetCount: number;
  status: string;
  statusDetails: string;
  isCancelling: boolean;
  alarm?: AlarmConfiguration | undefined;
  triggeredAlarm?: AlarmStateInformation | undefined;
  invocations: InvocationRecord[];
}

type CommandFields = 'documentName' | 'documentVersion' | 'parameters' | 'targets' | 'alarm';
type CommandLimits = 'maxConcurrency' | 'maxErrors' | 'timeoutSeconds';

export function newCommand(
  now: number,
  fields: Pick<CommandRecord, CommandFields | CommandLimits> & Partial<CommandRecord>,
): CommandRecord {
  return {
    commandId: randomUUID(),
    comment: '',
    instanceIds: [],
    requestedAt: now,
    expiresAt: now + fields.timeoutSeconds * 1000,
    visibleAt: now,
    targetCount: 0,
    status: 'Pending',
    statusDetails: 'Pending',
    isCancelling: false,
    invocations: [],
    ...fields,
  };
}

export interface InvocationRecord {
  instanceId: string;
  requestedAt: number;
  startedAt: number | undefined;
  endedAt: number | undefined;
  status: string;
  statusDetails: RunDetails | 'Pending' | 'InProgress' | 'Delayed' | 'Cancelling';
  code: number;
  stdout: string;
  stderr: string;
}

export interface SessionRecord {
  sessionId: string;
  target: string;
  owner: string;
  /** The starter's `aws:userid`; the service makes it a tag of the session. */
  ownerId?: string;
  reason: string;
  documentName: string;
  startedAt: number;
  endedAt: number | undefined;
  status: 'Connected' | 'Connecting' | 'Disconnected' | 'Terminated' | 'Terminating' | 'Failed';
  details: string;
  /** Minutes, from the session's document. */
  maxSessionDuration?: string | undefined;
  /** Absent: Standard. */
  accessType?: 'Standard' | 'JustInTime';
}

export interface DocumentRecord {
  name: string;
  type: 'Command' | 'Session';
  defaultVersion: number;
  /** Oldest first. */
  versions: DocumentVersion[];
}

export interface DocumentVersion {
  version: number;
  versionName?: string | undefined;
  content: string;
  createdAt: number;
}

export interface AssociationRecord {
  associationId: string;
  associationName: string | undefined;
  documentName: string;
  documentVersion: string;
  parameters: Record<string, string[]>;
  targets: { Key: string; Values: string[] }[];
  scheduleExpression: string | undefined;
  maxConcurrency: string | undefined;
  maxErrors: string | undefined;
  complianceSeverity: string | undefined;
  alarm?: AlarmConfiguration | undefined;
  createdAt: number;
  updatedAt: number;
  version: number;
  /** Newest first. */
  executions: ExecutionRecord[];
}

/** A run of an association is a command that ListCommands does not show. */
export interface ExecutionRecord {
  executionId: string;
  version: number;
  command: CommandRecord;
}

export interface Records {
  associations: AssociationRecord[];
  commands: CommandRecord[];
  sessions: SessionRecord[];
  documents: DocumentRecord[];
}

const SAVE_DELAY_MS = 250;
/** After a failed save. */
const RETRY_MS = 2000;

/**
 * A save is one rename: a killed lab leaves the old file or the new one.
 * The endpoint saves before it answers a change; everything else is saved a moment later.
 */
export class RecordStore {
  readonly records: Records;
  /** True between a touch and its save. */
  isDirty = false;
  private cancel = (): void => {};

  constructor(
    private readonly path: string,
    private readonly clock: Clock,
  ) {
    this.records = load(path, clock.now());
  }

  touch(): void {
    if (this.isDirty) return;
    this.isDirty = true;
    this.cancel = this.clock.after(SAVE_DELAY_MS, () => this.saveOrRetry());
  }

  save(): void {
    this.cancel();
    this.isDirty = false;
    mkdirSync(dirname(this.path), { recursive: true });
    const draft = `${this.path}.new`;
    try {
      writeFileSync(draft, JSON.stringify(this.records), { mode: 0o600 });
      renameSync(draft, this.path);
    } catch (error) {
      // On a full disk, half a draft would take space.
      rmSync(draft, { force: true });
      throw error;
    }
  }

  /** A full disk must not end the lab, so it tries again. The endpoint tells its caller. */
  private saveOrRetry(): void {
    try {
      this.save();
    } catch {
      this.isDirty = true;
      this.cancel = this.clock.after(RETRY_MS, () => this.saveOrRetry());
    }
  }
}

const EMPTY = (): Records => ({ commands: [], sessions: [], documents: [], associations: [] });

function load(path: string, now: number): Records {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return EMPTY();
  }
  // An older lab did not write every list.
  const records: Records = { ...EMPTY(), ...(JSON.parse(text) as Partial<Records>) };
  // What was running when the lab ended does not report any more.
  const executions = records.associations.flatMap((one) => one.executions.map(({ command }) => command));
  for (const command of [...records.commands, ...executions]) {
    for (const invocation of command.invocations.filter((one) =>
      ['Pending', 'InProgress', 'Delayed'].includes(one.status),
    )) {
      Object.assign(invocation, {
        status: 'TimedOut',
        statusDetails: invocation.startedAt ? 'ExecutionTimedOut' : 'DeliveryTimedOut',
        endedAt: now,
      });
    }
    if (['Pending', 'InProgress', 'Cancelling'].includes(command.status))
      Object.assign(command, { status: 'TimedOut', statusDetails: 'ExecutionTimedOut' });
  }
  for (const session of records.sessions.filter((one) => one.endedAt === undefined)) {
    Object.assign(session, { status: 'Terminated', endedAt: now, details: 'the lab was stopped' });
  }
  return records;
}
