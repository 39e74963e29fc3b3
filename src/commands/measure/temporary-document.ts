import type { SSMClient } from '@aws-sdk/client-ssm';
import type { UserError } from '../../errors.ts';
import { endpointUrlOf, sessionDefaultsOf } from '../../fleet/client.ts';
import {
  createTemporaryDocument,
  deleteTemporaryDocument,
  TEMPORARY_IDLE_MINUTES,
} from '../../fleet/measure-account.ts';
import type { Settings } from '../../settings/settings.ts';
import { repeatForAws } from '../../settings/told-connection.ts';
import type { Io } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';

export const temporaryIdleSeconds = (client: SSMClient): number =>
  TEMPORARY_IDLE_MINUTES * sessionDefaultsOf(client).minuteSeconds;

/** Deletes the document in any case, or prints how to. `cleaner`: its calls work also after the user has left. */
export async function withTemporaryDocument(
  { client, cleaner }: { readonly client: SSMClient; readonly cleaner: SSMClient },
  settings: Settings,
  io: Io,
  run: (name: string) => Promise<number>,
): Promise<number> {
  const name = await createTemporaryDocument(client);
  const byHand =
    quoteCommand`aws ssm delete-document --name ${name}` + repeatForAws(settings, endpointUrlOf(client));
  let isDeleted = false;
  try {
    if (!settings.common.isQuiet)
      io.err(
        safe`ssm-keepalive: created the session document ${name} (idle timeout ${TEMPORARY_IDLE_MINUTES} min); deleted at the end\n`,
      );
    return await run(name);
  } finally {
    try {
      await deleteTemporaryDocument(cleaner, name);
      isDeleted = true;
    } catch (error) {
      const { why, message } = error as UserError;
      io.err(
        safe`ssm-keepalive: the temporary document ${name} was not deleted\n  why:  ${why ?? message}\n  next: ${byHand}\n`,
      );
    }
    if (isDeleted && !settings.common.isQuiet)
      io.err(safe`ssm-keepalive: deleted the session document ${name}\n`);
  }
}
