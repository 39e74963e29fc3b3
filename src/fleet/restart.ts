/** Verdicts of an install whose agent still had to restart. */
import { isEntryLive, isGood, type Verdict } from './judge.ts';

const hasInstalled = (verdict: Verdict) => isGood(verdict) || verdict.verdict === 'limited';

/** True if the agent's restart is still to come. */
export function isRestartAwaited(verdict: Verdict): boolean {
  return hasInstalled(verdict) && verdict.report?.restart === 'scheduled' && !isEntryLive(verdict);
}

/** True if the instance did not restart its agent: another document ran too long, or systemctl did not answer. */
export function isRestartOpen(verdict: Verdict): boolean {
  const restart = verdict.report?.restart;
  return hasInstalled(verdict) && (restart === 'pending' || restart === 'unknown') && !isEntryLive(verdict);
}

/** Updates a verdict with the entries and the restart that a later look saw. */
export function confirmRestart(before: Verdict, look: Verdict): Verdict {
  const { report } = look;
  if (!report || !before.report) return before;
  const updated = {
    ...before,
    report: { ...before.report, entries: report.entries, restart: report.restart || before.report.restart },
  };
  if ((report.restart === 'pending' || report.restart === 'unknown') && isGood(before))
    return { ...updated, why: report.why, report: { ...updated.report, why: report.why } };
  if (report.entries['env'] === 'live')
    return { ...updated, report: { ...updated.report, restart: 'confirmed' } };
  if (report.restart === 'failed' || report.restart === 'refused') {
    return {
      ...updated,
      verdict: 'failed',
      class: 'restart failed',
      why: report.why || 'the agent did not come back with the entry, so the entry was taken out again',
      next: report.next || 'read the agent’s log on the instance; the instance itself is reachable',
    };
  }
  return updated;
}
