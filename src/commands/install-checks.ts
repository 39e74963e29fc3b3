/** What an install must not do without being told to, though every flag alone is right. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import { readIdleTimeout } from '../fleet/account.ts';
import { DEFAULT_IDLE_TIMEOUT_SECONDS, longestIntervalSeconds, type Settings } from '../settings.ts';
import type { Verb } from './deliver.ts';

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

/** An idle timeout below the default was set by somebody: keeping sessions alive past it needs their say. */
export async function checkIdlePolicy(client: SSMClient, settings: Settings): Promise<void> {
  const idleTimeout = await readIdleTimeout(client);
  if (idleTimeout === undefined) return;
  const minutes = idleTimeout / 60;
  if (idleTimeout < DEFAULT_IDLE_TIMEOUT_SECONDS && !settings.keeper.overrideIdlePolicy) {
    throw new UserError({
      code: 'idle-policy',
      what: 'nothing was installed',
      why: `this account ends idle sessions after ${minutes} min instead of the default 20, which somebody chose`,
      next: 'ask whether that is a policy; if sessions may be kept all the same, add --override-idle-policy',
    });
  }
  if (settings.keeper.intervalSeconds > longestIntervalSeconds(idleTimeout)) {
    throw new UserError({
      code: 'bad-setting',
      what: 'nothing was installed',
      why: `a heartbeat every ${settings.keeper.intervalSeconds} s comes too late for this account’s idle timeout of ${minutes} min`,
      next: `give --interval ${Math.min(45, longestIntervalSeconds(idleTimeout))} or less`,
    });
  }
}
