/** What repairs a host, and what an install over another changed. */
import type { Verdict } from '../../fleet/judge.ts';
import { isInstalled } from '../../fleet/report-line.ts';
import { compareReported, readReported, tellInstall } from '../../settings/keeper-flags.ts';
import type { Settings } from '../../settings/settings.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import { repeatConnection } from '../repeat.ts';

/**
 * The verdict with the whole command that repairs the host, flags included: the host can only say that one is needed. Where
 * the flags are not known the host's own words stay.
 */
export function completeNext(verdict: Verdict, settings: Settings): Verdict {
  const { instanceId, report } = verdict;
  const own = report && readReported(report.settings);
  if (!own || report.busy) return verdict;
  const connection = repeatConnection(settings);
  // An install was told these, and the host does not report them; of status they are the defaults.
  const { idleTimeoutSeconds, overrideIdlePolicy, restart } = settings.keeper;
  const { documentName } = settings.delivery;
  const document = documentName === undefined ? '' : quoteCommand` --document ${documentName}`;
  const install = (changes: Partial<typeof own> = {}) =>
    tellInstall(instanceId, report.settings, document + connection, {
      idleTimeoutSeconds,
      overrideIdlePolicy,
      restart,
      ...changes,
    });
  if (verdict.class === 'entry left out' && isInstalled(report))
    return {
      ...verdict,
      next: `to insist, with the same settings as now:  ${install({ insistsOnEnv: true })} ; or  ssm-keepalive preferences set --shell-profile ours${connection}`,
    };
  if (verdict.verdict === 'drifted')
    return {
      ...verdict,
      next: `to put the files back, with the same settings as now (what was edited in them is lost):  ${install()}`,
    };
  if (verdict.verdict === 'partial')
    return { ...verdict, next: `to complete it, with the same settings as now:  ${install()}` };
  return verdict;
}

/** What an install over another changed. */
export function describeUpdate({ verdict, report }: Verdict): string[] {
  if (verdict !== 'updated' || !report?.before) return [];
  const versions = /(?:^| )version=([\w.-]+)/;
  const before = versions.exec(report.before)?.[1] ?? report.version;
  const changes = [
    ...(before === report.version ? [] : [`version ${before} → ${report.version}`]),
    ...compareReported(report.before, report.settings),
  ];
  return changes.length > 0 ? changes : ['repaired'];
}
