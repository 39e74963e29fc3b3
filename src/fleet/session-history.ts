/** Ended sessions. The service remembers them for 30 days [user guide]. */
import {
  DescribeSessionsCommand,
  type Session,
  type SessionFilter,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import type { SessionDefaults } from './account.ts';
import { sessionDefaultsOf } from './client.ts';
import { readPages } from './pages.ts';
import { listOwnDocuments, readSessionLimits, type SessionLimits } from './session-limits.ts';

export interface PastSession {
  readonly sessionId: string;
  /** The caller's ARN. */
  readonly owner: string;
  readonly instanceId: string;
  readonly documentName: string;
  readonly reason: string;
  readonly endedAt: Date;
  readonly lengthSeconds: number;
  /** The service says that it failed. */
  readonly hasFailed: boolean;
  /** The maximum duration of this session; undefined: none. */
  readonly maximumSeconds: number | undefined;
  /** It was opened by just-in-time node access. */
  readonly isJustInTime: boolean;
}

export interface SessionHistory {
  readonly sessions: readonly PastSession[];
  /** Only the newest were read; there are more. */
  readonly isCut: boolean;
  /** Limits by document, for the readable documents that sessions named; without the account's own document. */
  readonly documents: ReadonlyMap<string, SessionLimits>;
}

export interface HistoryQuestion {
  readonly instanceId?: string | undefined;
  readonly since: Date;
}

/** Ten calls of the service's largest page [model: MaxResults 1 to 200]. */
const MOST_SESSIONS = 2000;
const PAGE_SIZE = 200;
const MOST_DOCUMENTS = 10;

/** The newest ended sessions and the limits in their documents. @throws ServiceError */
export async function readSessionHistory(
  client: SSMClient,
  { instanceId, since }: HistoryQuestion,
): Promise<SessionHistory> {
  const filters: SessionFilter[] = [
    { key: 'InvokedAfter', value: since.toISOString().replace(/\.\d+Z$/, 'Z') },
    ...(instanceId ? [{ key: 'Target', value: instanceId } as const] : []),
  ];
  const sessions: PastSession[] = [];
  const pages = readPages('the session history could not be read', (token) =>
    client.send(
      new DescribeSessionsCommand({ State: 'History', MaxResults: PAGE_SIZE, Filters: filters, ...token }),
    ),
  );
  let isCut = false;
  for await (const { Sessions = [], NextToken } of pages) {
    sessions.push(...Sessions.flatMap((session) => describeSession(session, sessionDefaultsOf(client))));
    isCut = NextToken !== undefined && sessions.length >= MOST_SESSIONS;
    if (isCut) break;
  }
  return { sessions, isCut, documents: await readDocuments(client, sessions) };
}

function describeSession(session: Session, { maxSeconds, minuteSeconds }: SessionDefaults): PastSession[] {
  const { SessionId = '', Owner = '', Target = '', Reason = '', StartDate, EndDate } = session;
  // A session that is just ending has no EndDate yet; a date out of range is none.
  if (!StartDate || !EndDate || [StartDate, EndDate].some((date) => Number.isNaN(date.getTime()))) return [];
  const maximum = Number(session.MaxSessionDuration || Number.NaN);
  return [
    {
      sessionId: SessionId,
      owner: Owner,
      instanceId: Target,
      documentName: session.DocumentName ?? '',
      reason: Reason,
      endedAt: EndDate,
      lengthSeconds: ((EndDate.getTime() - StartDate.getTime()) / 60_000) * minuteSeconds,
      hasFailed: session.Status === 'Failed',
      maximumSeconds: maximum > 0 ? maximum * minuteSeconds : maxSeconds,
      isJustInTime: session.AccessType === 'JustInTime',
    },
  ];
}

async function readDocuments(
  client: SSMClient,
  sessions: readonly PastSession[],
): Promise<Map<string, SessionLimits>> {
  const names = listOwnDocuments(sessions.map(({ documentName }) => documentName)).slice(0, MOST_DOCUMENTS);
  const found = new Map<string, SessionLimits>();
  for (const name of names) {
    const limits = await readSessionLimits(client, name).catch(() => undefined);
    if (limits?.exists) found.set(name, limits);
  }
  return found;
}
