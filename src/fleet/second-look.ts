import { sleep } from '../clock.ts';
import type { UserError } from '../errors.ts';
import { clockOf } from './client.ts';
import type { Verdict } from './judge.ts';
import { confirmRestart, isRestartAwaited } from './restart.ts';
import { LOOK_AT_ALL_LIMIT, type Sender } from './sender.ts';

/**
 * Asks the instances whose agent was about to restart, again and again until each said that the entry is live, or that it was
 * taken out again, or time is up; then their verdicts tell the truth of now. Of more than a page of results nobody is asked.
 */
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
    // While its agent restarts an instance may count as unusable: that is an answer of "not yet", no failure.
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
