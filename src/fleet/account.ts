import { GetDocumentCommand, type SSMClient } from '@aws-sdk/client-ssm';

/** The document that holds an account's Session Manager preferences in one Region [AWS user guide]. */
export const PREFERENCES_DOCUMENT = 'SSM-SessionManagerRunShell';

/**
 * The account's idle timeout in seconds, or undefined where it cannot be read or was never set. Never throws: whoever may
 * not read it can still install.
 */
export async function readIdleTimeout(client: SSMClient): Promise<number | undefined> {
  const answer = await client
    .send(new GetDocumentCommand({ Name: PREFERENCES_DOCUMENT, DocumentFormat: 'JSON' }))
    .catch(() => undefined);
  if (!answer?.Content) return undefined;
  try {
    const minutes = Number(JSON.parse(answer.Content)?.inputs?.idleSessionTimeout);
    return Number.isInteger(minutes) && minutes >= 1 && minutes <= 60 ? minutes * 60 : undefined;
  } catch {
    return undefined;
  }
}
