import type { SSMClient } from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import { resumeSession } from '../fleet/sessions.ts';
import { type Resume, ResumeRefusedError } from '../session/index.ts';

/** An error that another attempt cannot help becomes a ResumeRefusedError. */
export function makeResume(client: SSMClient): Resume {
  return (sessionId, signal) =>
    resumeSession(client, sessionId, signal).catch((error: unknown) => {
      throw error instanceof UserError ? new ResumeRefusedError(error.why) : error;
    });
}
