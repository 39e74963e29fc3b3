/** What an install must not do without being told to, though every flag alone is right. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { UserError } from '../../errors.ts';
import { PREFERENCES_DOCUMENT } from '../../fleet/account.ts';
import { readIdlePolicy } from '../../fleet/idle-policy.ts';
import {
  DEFAULT_IDLE_TIMEOUT_SECONDS,
  longestIntervalSeconds,
  type Settings,
} from '../../settings/settings.ts';
import { say } from '../../terminal/safe-text.ts';
import type { Verb } from './verb.ts';

export const needsCanary = (verb: Verb, settings: Settings) =>
  verb === 'install' && settings.keeper.restart && settings.delivery.hasCanary;

/** A canary has to be watched; without waiting there is none, and that has to be said. */
export function refuseUnwatchedCanary(verb: Verb, settings: Settings): void {
  const isOne = settings.targets.instanceIds.length === 1;
  if (
    settings.delivery.shouldWait ||
    !needsCanary(verb, settings) ||
    isOne ||
    settings.delivery.commandIds.length > 0
  )
    return;
  throw new UserError(
    {
      code: 'bad-usage',
      what: '--no-wait cannot try one instance first',
      why: 'the first instance’s agent has to be seen coming back before the others get anything',
      next: 'leave --no-wait out, or say --no-canary or --no-restart as well',
    },
    { exitStatus: 2 },
  );
}

/**
 * An idle timeout below the default was set by somebody, and one that cannot be read may have been: keeping sessions alive past it
 * needs a say. `--idle-timeout` says what cannot be read; `--override-idle-policy` insists. A dry run asks the same.
 * @throws UserError
 */
export async function checkIdlePolicy(
  client: SSMClient,
  settings: Settings,
  note: (text: string) => void,
): Promise<void> {
  const { shortest, unreadable, unseen } = await readIdlePolicy(client);
  const { idleTimeoutSeconds: said } = settings.delivery;
  const { overrideIdlePolicy, intervalSeconds } = settings.keeper;
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
      next: `give --interval ${Math.min(45, longestIntervalSeconds(minutes * 60))} or less`,
    });
  }
  if (overrideIdlePolicy) return;
  for (const what of unseen)
    note(
      say`ssm-keepalive: warning: ${what}; if its idle timeout was shortened on purpose, the keeper defeats it\n`,
    );
}

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
