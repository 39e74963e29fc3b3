/** Finds out whether somebody shortened the idle timeout of this account's sessions. */
import { DescribeSessionsCommand, type Session, type SSMClient } from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import { PREFERENCES_DOCUMENT } from './account.ts';
import { explainServiceError } from './service-errors.ts';
import { listOwnDocuments, readSessionLimits, UnreadableDocumentError } from './session-limits.ts';

export interface IdlePolicy {
  /** The shortest idle timeout that was seen. Undefined: no document could be read. */
  readonly shortest: SeenTimeout | undefined;
  /** Why the account's preferences could not be read; undefined: they were read. */
  readonly unreadable: string | undefined;
  /** Some of the newest sessions were opened by just-in-time node access. */
  readonly isJustInTime: boolean;
  /** Other things that could not be read, one sentence each. */
  readonly unseen: readonly string[];
}

interface SeenTimeout {
  readonly seconds: number;
  /** The document that says it; undefined: nobody chose it. */
  readonly documentName: string | undefined;
}

/** One page of each state, the largest that the service gives [model]. Older sessions are not read. */
const NEWEST_SESSIONS = 200;
const MOST_DOCUMENTS = 10;
/** Only an install asks. */
const NOTHING_DONE = 'nothing was installed';

/**
 * Reads the account's preferences, then the documents of the newest 200 open and 200 ended sessions: two pages, and one call a
 * document. Sessions of just-in-time node access name their own document there. Refused calls are reported in the result.
 * @throws ServiceError if the service does not accept the credentials or does not answer, or after Ctrl-C
 */
export async function readIdlePolicy(client: SSMClient): Promise<IdlePolicy> {
  const found: SeenTimeout[] = [];
  const unseen: string[] = [];
  /** Reads one document. @returns why it could not be read, or undefined */
  const look = async (documentName: string): Promise<string | undefined> => {
    try {
      const { idleSeconds, idleMinutes, idleText } = await readSessionLimits(
        client,
        documentName,
        NOTHING_DONE,
      );
      if (idleText === '')
        found.push({
          seconds: idleSeconds,
          documentName: idleMinutes === undefined ? undefined : documentName,
        });
      return idleText === '' ? undefined : `it says ${JSON.stringify(idleText)}, which is no idle timeout`;
    } catch (error) {
      if (error instanceof UnreadableDocumentError) return error.why;
      if (!(error instanceof UserError) || !isRefusal(error.cause)) throw error;
      return error.why;
    }
  };
  const unreadable = await look(PREFERENCES_DOCUMENT);
  const { sessions: newest, areAll } = await listNewestSessions(client).catch((error: Error) => {
    if (!isRefusal(error)) throw explainServiceError(error, NOTHING_DONE);
    unseen.push(`the documents that sessions use could not be listed (${error.name})`);
    return { sessions: [], areAll: true };
  });
  if (!areAll) unseen.push('the documents that sessions use could not be listed (it is no list of sessions)');
  const names = listOwnDocuments(newest.map(({ DocumentName = '' }) => DocumentName));
  const rest = names.length - MOST_DOCUMENTS;
  if (rest > 0) unseen.push(`${rest} more documents that sessions use were not read`);
  for (const name of names.slice(0, MOST_DOCUMENTS)) {
    const why = await look(name);
    if (why !== undefined) unseen.push(`the session document ${name} could not be read: ${why}`);
  }
  const [shortest] = found.sort((one, other) => one.seconds - other.seconds);
  const isJustInTime = newest.some(({ AccessType }) => AccessType === 'JustInTime');
  return { shortest, unreadable, isJustInTime, unseen };
}

/** True if the service accepts the credentials but refuses this call. */
export function isRefusal(error: unknown): boolean {
  const { name = '', $metadata } = (error ?? {}) as Error & { $metadata?: { httpStatusCode?: number } };
  return (
    $metadata?.httpStatusCode !== undefined &&
    !/^(Expired|Unrecognized|Invalid(Signature|ClientToken))/.test(name)
  );
}

/** The open ones first: the history has a session only after its end. */
async function listNewestSessions(client: SSMClient): Promise<{ sessions: Session[]; areAll: boolean }> {
  const pages = await Promise.all(
    (['Active', 'History'] as const).map((State) =>
      client.send(new DescribeSessionsCommand({ State, MaxResults: NEWEST_SESSIONS })),
    ),
  );
  // Without a list, nothing is known of that state: an empty list is an answer, no list is none.
  const areAll = pages.every(({ Sessions }) => Sessions !== undefined);
  return { sessions: pages.flatMap(({ Sessions = [] }) => Sessions), areAll };
}
