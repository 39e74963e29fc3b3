/** The calls of `measure`: end a session, read the account's number, make and delete a temporary session document. */
import { randomBytes } from 'node:crypto';
import {
  CreateDocumentCommand,
  DeleteDocumentCommand,
  DescribeSessionsCommand,
  GetDocumentCommand,
  type SSMClient,
  TerminateSessionCommand,
} from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import { PREFERENCES_DOCUMENT } from './account.ts';
import { findInstances } from './choose.ts';
import { isOutcomeUnknown } from './retries.ts';
import { explainServiceError } from './service-errors.ts';
import { sessionDocument } from './session-document.ts';

/** Ends a session. A session that is already over is no error. @throws ServiceError */
export async function endSession(client: SSMClient, sessionId: string): Promise<void> {
  await client.send(new TerminateSessionCommand({ SessionId: sessionId })).catch((error: unknown) => {
    if ((error as Error).name === 'DoesNotExistException') return;
    throw explainServiceError(error, 'the session could not be ended');
  });
}

/** The account's number, read from the ARN of a session's owner; undefined without permission. */
export async function readAccountId(client: SSMClient, sessionId: string): Promise<string | undefined> {
  const filter = { key: 'SessionId', value: sessionId } as const;
  const answer = await client
    .send(new DescribeSessionsCommand({ State: 'Active', Filters: [filter] }))
    .catch(() => undefined);
  return /^arn:[\w-]+:\w+::(\d{12}):/.exec(answer?.Sessions?.[0]?.Owner ?? '')?.[1];
}

/** The host name that the agent reports; undefined without permission. */
export async function readHostName(client: SSMClient, instanceId: string): Promise<string | undefined> {
  return (await findInstances(client, [instanceId])).get(instanceId)?.name || undefined;
}

/** The shortest idle timeout that a session document takes [user guide: 1 to 60 minutes]. */
export const TEMPORARY_IDLE_MINUTES = 1;

/**
 * Creates a session document with the shortest idle timeout and returns its name. All other fields, such as logging
 * and encryption, are those of the account's preferences.
 * @throws ServiceError
 */
export async function createTemporaryDocument(client: SSMClient): Promise<string> {
  const name = `ssm-keepalive-measure-${randomBytes(4).toString('hex')}`;
  const content = sessionDocument(
    'Temporary document of ssm-keepalive measure; safe to delete when no measurement runs',
    {
      ...(await readInputs(client)),
      idleSessionTimeout: String(TEMPORARY_IDLE_MINUTES),
      maxSessionDuration: '',
    },
  );
  await client
    .send(
      new CreateDocumentCommand({
        Name: name,
        Content: content,
        DocumentType: 'Session',
        DocumentFormat: 'JSON',
      }),
    )
    .catch(async (error: unknown) => {
      // It may have been created all the same.
      if (isOutcomeUnknown(error)) await deleteTemporaryDocument(client, name).catch(() => {});
      throw explainServiceError(error, `the temporary document ${name} could not be created`);
    });
  return name;
}

/** @throws ServiceError */
export async function deleteTemporaryDocument(client: SSMClient, name: string): Promise<void> {
  await client.send(new DeleteDocumentCommand({ Name: name })).catch((error: unknown) => {
    if ((error as Error).name === 'InvalidDocument') return;
    throw explainServiceError(error, `the temporary document ${name} could not be deleted`);
  });
}

async function readInputs(client: SSMClient): Promise<Record<string, unknown>> {
  const answer = await client
    .send(new GetDocumentCommand({ Name: PREFERENCES_DOCUMENT, DocumentFormat: 'JSON' }))
    .catch((error: unknown) => {
      // No preferences were ever saved. Any other error must be thrown, or the account's logging would be lost.
      if ((error as Error).name === 'InvalidDocument') return undefined;
      throw explainServiceError(error, 'the account’s session preferences could not be read');
    });
  if (!answer?.Content) return {};
  try {
    return (JSON.parse(answer.Content) as { inputs?: Record<string, unknown> }).inputs ?? {};
  } catch {
    throw new UserError({
      code: 'preferences',
      what: `the document ${PREFERENCES_DOCUMENT} could not be read`,
      why: 'its content is not JSON',
      next: 'measure without --temporary-document',
    });
  }
}
