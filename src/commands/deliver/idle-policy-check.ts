import type { SSMClient } from '@aws-sdk/client-ssm';
import { formatDuration } from '../../duration.ts';
import { UserError } from '../../errors.ts';
import { DEFAULT_IDLE_TIMEOUT_SECONDS, PREFERENCES_DOCUMENT } from '../../fleet/account.ts';
import { isOfLab } from '../../fleet/client.ts';
import { readIdlePolicy } from '../../fleet/idle-policy.ts';
import { fittingIntervalSeconds, longestIntervalSeconds, type Settings } from '../../settings/settings.ts';
import { safe } from '../../terminal/safe-text.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';

/**
 * Refuses an install if somebody shortened the idle timeout, or if it cannot be read: it may be a policy.
 * `--idle-timeout` gives a value that cannot be read; `--override-idle-policy` installs anyway.
 * Returns warnings about settings that could not be read. @throws UserError
 */
export async function findIdlePolicyWarnings(client: SSMClient, settings: Settings): Promise<string[]> {
  const { shortest, unreadable, isJustInTime, unseen } = await readIdlePolicy(client);
  const { overrideIdlePolicy, intervalSeconds, idleTimeoutSeconds: said } = settings.keeper;
  if (unreadable !== undefined && said === undefined && !overrideIdlePolicy) throw unknownPolicy(unreadable);
  const given =
    unreadable !== undefined && said !== undefined ? { seconds: said, documentName: '' } : undefined;
  const timeout = [shortest, given].reduce((one, other) =>
    one && other && one.seconds <= other.seconds ? one : (other ?? one),
  );
  if (timeout) {
    const { seconds, documentName } = timeout;
    if (documentName !== undefined && seconds < DEFAULT_IDLE_TIMEOUT_SECONDS && !overrideIdlePolicy)
      throw shortenedPolicy(seconds, documentName);
    if (intervalSeconds > longestIntervalSeconds(seconds))
      throw new UserError({
        code: 'bad-setting',
        what: 'nothing was installed',
        why: `a heartbeat every ${formatDuration(intervalSeconds)} comes too late for ${isOfLab(client) ? 'the lab' : 'this account'}’s idle timeout of ${formatDuration(seconds)}`,
        next: quoteCommand`run the same command with  --interval ${fittingIntervalSeconds(seconds)}s  or a shorter one`,
      });
  }
  const unsure = overrideIdlePolicy
    ? []
    : unseen.map(
        (what) => safe`warning: ${what}; if its idle timeout was shortened on purpose, the keeper defeats it`,
      );
  return isJustInTime ? [...unsure, JUST_IN_TIME] : unsure;
}

/** The service does not end a session when its approval ends [guide: “Update … session preferences” names both limits]. */
const JUST_IN_TIME =
  'warning: people open sessions by just-in-time node access here; the service does not end one when its approval ends, and a kept one does not idle out: set a maximum duration in the document of those sessions';

function unknownPolicy(why: string): UserError {
  return new UserError({
    code: 'idle-policy-unknown',
    what: 'nothing was installed',
    why: `whether this account’s idle timeout was shortened is not known: ${why}`,
    next: `let these credentials read it (ssm:GetDocument on document/${PREFERENCES_DOCUMENT}), or say it with --idle-timeout MINUTES, or insist with --override-idle-policy`,
  });
}

function shortenedPolicy(seconds: number, documentName: string): UserError {
  const whose =
    documentName === '' || documentName === PREFERENCES_DOCUMENT
      ? 'this account ends idle sessions'
      : `sessions of the document ${documentName} end`;
  return new UserError({
    code: 'idle-policy',
    what: 'nothing was installed',
    why: `${whose} after ${formatDuration(seconds)} instead of the default 20m, which somebody chose`,
    next: 'ask whether that is a policy; if sessions may be kept all the same, add --override-idle-policy',
  });
}
