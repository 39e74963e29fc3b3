/** What an install's second look makes of a verdict whose agent was about to restart. */
import { isEntryLive, isGood, type Verdict } from './judge.ts';

/** An instance whose report says that the agent's restart is still to come. */
export function isRestartAwaited(verdict: Verdict): boolean {
  return isGood(verdict) && verdict.report?.restart === 'scheduled' && !isEntryLive(verdict);
}

/** The instance gave up for now: another document ran for too long, or its systemctl did not answer. Nobody looks again. */
export function isRestartOpen(verdict: Verdict): boolean {
  const restart = verdict.report?.restart;
  return isGood(verdict) && (restart === 'pending' || restart === 'unknown') && !isEntryLive(verdict);
}

/** The first verdict, brought up to date by a later look: entries and restart as they are now. */
export function confirmRestart(before: Verdict, look: Verdict): Verdict {
  const { report } = look;
  if (!report || !before.report) return before;
  const updated = {
    ...before,
    report: { ...before.report, entries: report.entries, restart: report.restart || before.report.restart },
  };
  if (report.restart === 'pending' || report.restart === 'unknown')
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
