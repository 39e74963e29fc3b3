import { sleep } from '../clock.ts';
import type { UserError } from '../errors.ts';
import { clockOf } from './client.ts';
import type { Verdict } from './judge.ts';
import { confirmRestart, isRestartAwaited } from './restart.ts';
import { LOOK_AT_ALL_LIMIT, type Sender } from './sender.ts';

/** Polls instances whose agent had to restart, until the entry is live or removed, or time is up. Too many: asks nobody. */
export async function lookAgain(sender: Sender, verdicts: Verdict[]): Promise<Verdict[]> {
  const { client, lookCommands, lookSeconds = 240, interruption, pollSeconds = 2 } = sender.options;
  let waiting = verdicts.filter(isRestartAwaited);
  if (!lookCommands || waiting.length === 0 || verdicts.length > LOOK_AT_ALL_LIMIT) return verdicts;
  const latest = new Map(verdicts.map((verdict) => [verdict.instanceId, verdict]));
  const clock = clockOf(client);
  const endsAt = clock.now() + lookSeconds * 1000;
  const idsOf = (of: readonly Verdict[]) => of.map(({ instanceId }) => instanceId);
  sender.tell({ kind: 'stage', stage: 'look', instanceIds: idsOf(waiting) });
  while (waiting.length > 0 && clock.now() < endsAt && !interruption.isRequested) {
    await sleep(clock, Math.max(1, pollSeconds) * 1000, interruption.leaveSignal);
    const targets = { tags: [], instanceIds: idsOf(waiting) };
    // During the restart the service may refuse the instance: that means "not yet", not a failure.
    const looks = await sender.send(targets, lookCommands, 'look').catch((error: unknown) => {
      if ((error as UserError).code === 'InvalidInstanceId') return [];
      throw error;
    });
    for (const look of looks) {
      const before = latest.get(look.instanceId);
      if (before && look.report?.verdict === 'status')
        latest.set(look.instanceId, confirmRestart(before, look));
    }
    waiting = [...latest.values()].filter(isRestartAwaited);
  }
  return [...latest.values()];
}
