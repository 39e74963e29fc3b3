/** Groups ended sessions by user and instance, and counts those that ended at a limit. */
import { SERVICE_DEFAULTS } from '../fleet/account.ts';
import type { PastSession, SessionHistory } from '../fleet/session-history.ts';
import type { SessionLimits } from '../fleet/session-limits.ts';

export interface SessionGroup {
  readonly user: string;
  readonly instanceId: string;
  readonly sessions: number;
  /** Sessions as long as the idle timeout: nobody typed in them. */
  readonly atIdleTimeout: number;
  readonly atMaximum: number;
  readonly failed: number;
  readonly longestSeconds: number;
  readonly lastEndedAt: string;
}

/**
 * A session up to this much longer than a limit still ended at the limit: the service needs a moment [inferred]. Half of
 * a limit is too much: somebody may have typed.
 */
const SLACK_SECONDS = 60;
/** The reason of measure's sessions: they are meant to end, so they do not count. */
const MEASURED = 'ssm-keepalive measure';

/**
 * The groups, those with most ends at a limit first. `limits`: from the account's document; undefined: not
 * readable.
 */
export function groupSessions(history: SessionHistory, limits: SessionLimits | undefined): SessionGroup[] {
  const groups = new Map<string, SessionGroup>();
  for (const session of history.sessions.filter(({ reason }) => reason !== MEASURED)) {
    const user = userOf(session.owner);
    const key = JSON.stringify([user, session.instanceId]);
    const before = groups.get(key);
    const end = judgeEnd(session, limits, history.documents.get(session.documentName));
    const endedAt = session.endedAt.toISOString();
    groups.set(key, {
      user,
      instanceId: session.instanceId,
      sessions: (before?.sessions ?? 0) + 1,
      atIdleTimeout: (before?.atIdleTimeout ?? 0) + (end === 'idle timeout' ? 1 : 0),
      atMaximum: (before?.atMaximum ?? 0) + (end === 'maximum' ? 1 : 0),
      failed: (before?.failed ?? 0) + (end === 'failed' ? 1 : 0),
      longestSeconds: Math.max(before?.longestSeconds ?? 0, session.lengthSeconds),
      lastEndedAt: before && before.lastEndedAt > endedAt ? before.lastEndedAt : endedAt,
    });
  }
  const weigh = (group: SessionGroup) => group.atIdleTimeout + group.atMaximum;
  return [...groups.values()].sort(
    (one, other) => weigh(other) - weigh(one) || other.lastEndedAt.localeCompare(one.lastEndedAt),
  );
}

/**
 * What ended a session, as far as it can be told. Only a session without input is exactly as long as the idle timeout; with input it
 * lasts longer, and its length proves nothing. The maximum is the session's own; the idle timeout is the current one.
 */
function judgeEnd(
  { hasFailed, lengthSeconds, maximumSeconds }: PastSession,
  account: SessionLimits | undefined,
  own: SessionLimits | undefined,
): 'failed' | 'idle timeout' | 'maximum' | undefined {
  if (hasFailed) return 'failed';
  const isAt = (limitSeconds: number) =>
    lengthSeconds >= limitSeconds &&
    lengthSeconds <= limitSeconds + Math.min(SLACK_SECONDS, limitSeconds / 2);
  if (maximumSeconds !== undefined && isAt(maximumSeconds)) return 'maximum';
  const { idleSeconds } = (own?.idleMinutes ? own : account) ?? SERVICE_DEFAULTS;
  return isAt(idleSeconds) ? 'idle timeout' : undefined;
}

/** The last part of an ARN: a user’s name, or the name of a role’s session. */
export function userOf(owner: string): string {
  return owner.split('/').at(-1) || owner || 'unknown';
}
