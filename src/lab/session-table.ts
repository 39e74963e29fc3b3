import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Guard } from './guard.ts';
import type { Host } from './host.ts';
import type { RecordStore, SessionRecord } from './records.ts';
import { Session } from './session.ts';
import type { SessionSettings } from './session-settings.ts';

export class SessionTable {
  /** ws://127.0.0.1:PORT; empty until the endpoint listens. */
  baseUrl = '';
  private readonly live = new Map<string, Session>();

  constructor(
    private readonly store: RecordStore,
    private readonly clock: Clock,
    private readonly guard: Pick<Guard, 'principal'>,
  ) {}

  start(host: Host, reason: string, documentName: string, settings: SessionSettings): Session {
    const { arn, userId, sessionName } = this.guard.principal;
    const sessionId = `${sessionName}-${randomBytes(9).toString('hex').slice(0, 17)}`;
    const record: SessionRecord = {
      sessionId,
      target: host.spec.id,
      owner: arn,
      ownerId: userId,
      reason,
      documentName,
      startedAt: this.clock.now(),
      endedAt: undefined,
      status: 'Connecting',
      details: '',
      maxSessionDuration: settings.maxMinutes,
    };
    this.store.records.sessions.unshift(record);
    const session = new Session(record, host, settings, this.clock, () => {
      this.live.delete(sessionId);
      this.store.touch();
    });
    this.live.set(sessionId, session);
    this.store.touch();
    return session;
  }

  find(sessionId: string): Session | undefined {
    return this.live.get(sessionId);
  }

  streamUrl(session: Session): string {
    return `${this.baseUrl}/v1/data-channel/${session.record.sessionId}?role=publish_subscribe`;
  }

  stop(): void {
    for (const session of [...this.live.values()]) session.end('The lab was stopped.', 'Terminated');
  }
}
