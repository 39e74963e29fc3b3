import type { SSMClient } from '@aws-sdk/client-ssm';
import { UserError } from '../../errors.ts';
import { PREFERENCES_DOCUMENT } from '../../fleet/account.ts';
import { readIdlePolicy } from '../../fleet/idle-policy.ts';
import {
  DEFAULT_IDLE_TIMEOUT_SECONDS,
  longestIntervalSeconds,
  type Settings,
} from '../../settings/settings.ts';
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
  const saidMinutes = unreadable !== undefined && said !== undefined ? said / 60 : undefined;
  const minutes = Math.min(shortest?.minutes ?? 60, saidMinutes ?? 60);
  const isKnown = shortest !== undefined || saidMinutes !== undefined;
  if (isKnown && minutes * 60 < DEFAULT_IDLE_TIMEOUT_SECONDS && !overrideIdlePolicy)
    throw shortenedPolicy(minutes, shortest?.minutes === minutes ? shortest.documentName : undefined);
  if (isKnown && intervalSeconds > longestIntervalSeconds(minutes * 60)) {
    throw new UserError({
      code: 'bad-setting',
      what: 'nothing was installed',
      why: `a heartbeat every ${intervalSeconds} s comes too late for this account’s idle timeout of ${minutes} min`,
      next: quoteCommand`give --interval ${Math.min(45, longestIntervalSeconds(minutes * 60))} or less`,
    });
  }
  const unsure = overrideIdlePolicy
    ? []
    : unseen.map(
        (what) => safe`warning: ${what}; if its idle timeout was shortened on purpose, the keeper defeats it`,
      );
  return isJustInTime ? [...unsure, JUST_IN_TIME] : unsure;
}

/**
 * The service does not end a session when its approval ends; the guide names both limits for that [“Update …
 * session preferences”].
 */
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

function shortenedPolicy(minutes: number, documentName: string | undefined): UserError {
  const whose =
    documentName === undefined || documentName === PREFERENCES_DOCUMENT
      ? 'this account ends idle sessions'
      : `sessions of the document ${documentName} end`;
  return new UserError({
    code: 'idle-policy',
    what: 'nothing was installed',
    why: `${whose} after ${minutes} min instead of the default 20, which somebody chose`,
    next: 'ask whether that is a policy; if sessions may be kept all the same, add --override-idle-policy',
  });
}
