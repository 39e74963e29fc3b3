import { answerPage, type Operation, toSeconds } from '../account.ts';
import { PREFERENCES } from '../documents.ts';
import type { SessionRecord } from '../records.ts';
import { ServiceError } from '../service-error.ts';
import { readSettings } from '../session-settings.ts';

/** The service remembers ended sessions for 30 days [user guide]. */
const HISTORY_MS = 30 * 86_400_000;

export const startSession: Operation<'StartSession'> = (account, input) => {
  const settings = readSettings(account, input.DocumentName, input.Parameters);
  const host = account.hosts.find(({ spec }) => spec.id === input.Target);
  if (host === undefined || !host.isConnected)
    throw new ServiceError('TargetNotConnected', `${input.Target} is not connected.`);
  const session = account.sessions.start(
    host,
    input.Reason ?? '',
    input.DocumentName ?? PREFERENCES,
    settings,
  );
  return {
    SessionId: session.record.sessionId,
    TokenValue: session.newToken(),
    StreamUrl: account.sessions.streamUrl(session),
  };
};

export const resumeSession: Operation<'ResumeSession'> = (account, { SessionId }) => {
  const session = account.sessions.find(SessionId);
  if (session === undefined)
    throw new ServiceError('DoesNotExistException', `Session ${SessionId} does not exist or has ended.`);
  return { SessionId, TokenValue: session.resume(), StreamUrl: account.sessions.streamUrl(session) };
};

export const terminateSession: Operation<'TerminateSession'> = (account, { SessionId }) => {
  // The model has no error for an unknown id; an ended one gets the same answer.
  account.sessions.find(SessionId)?.end('', 'Terminated');
  return { SessionId };
};

export const describeSessions: Operation<'DescribeSessions'> = (account, input) => {
  const matching = account.store.records.sessions
    .filter(({ endedAt }) => (endedAt === undefined) === (input.State === 'Active'))
    .filter(({ endedAt }) => endedAt === undefined || endedAt > account.clock.now() - HISTORY_MS)
    .filter((session) => (input.Filters ?? []).every(({ key, value }) => passes(session, key, value)));
  const { minuteSeconds } = account.sessionDefaults;
  return answerPage(account, 'Sessions', matching, { MaxResults: 200, ...input }, (session) =>
    describe(session, minuteSeconds, account.clock.now()),
  );
};

function passes(session: SessionRecord, key: string, value: string): boolean {
  if (key === 'InvokedAfter') return session.startedAt >= Date.parse(value);
  if (key === 'InvokedBefore') return session.startedAt < Date.parse(value);
  const own: Record<string, string> = {
    Target: session.target,
    Owner: session.owner,
    Status: session.status,
    SessionId: session.sessionId,
    AccessType: session.accessType ?? 'Standard',
  };
  return own[key] === value;
}

/** With short minutes the start is put back, so that a session at a limit has the length that its document names. */
function describe(session: SessionRecord, minuteSeconds: number, now: number): Record<string, unknown> {
  const until = session.endedAt ?? now;
  const startedAt = until - (until - session.startedAt) * (60 / minuteSeconds);
  return {
    SessionId: session.sessionId,
    Target: session.target,
    Status: session.status,
    StartDate: toSeconds(startedAt),
    EndDate: toSeconds(session.endedAt),
    DocumentName: session.documentName,
    Owner: session.owner,
    // Must not be empty on the wire [model].
    Reason: session.reason || undefined,
    Details: session.details || undefined,
    OutputUrl: {},
    MaxSessionDuration: session.maxSessionDuration,
    AccessType: session.accessType ?? 'Standard',
  };
}
