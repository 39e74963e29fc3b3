/** What repairs a host, and what an install over another changed. */
import { firstThere, type Verdict } from '../../fleet/judge.ts';
import { hasEdits, isInstalled } from '../../fleet/report-line.ts';
import { compareReported, readReported, tellInstall } from '../../settings/keeper-flags.ts';
import type { Settings } from '../../settings/settings.ts';
import { completeAdvice, repeatConnection } from '../../settings/told-connection.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';

/**
 * The verdict with the whole command that repairs the host, flags included: the host can only say that one is needed. Where
 * the flags are not known the host's own words stay.
 */
export function completeNext(verdict: Verdict, settings: Settings): Verdict {
  // The host's own words are not our advice.
  const said = verdict.report ? firstThere(verdict.report) : '';
  const ours = verdict.next === verdict.report?.next ? undefined : verdict.next.slice(said.length);
  const next = describeRepair(verdict, settings) ?? ours;
  return next === undefined
    ? verdict
    : { ...verdict, next: said + completeAdvice(next, repeatConnection(settings)) };
}

function describeRepair(verdict: Verdict, settings: Settings): string | undefined {
  const { instanceId, report } = verdict;
  if (verdict.class === 'files left')
    return quoteCommand`to be rid of what is left, look at it there and delete it; to keep sessions here instead, move away what was edited, then with your flags:  ssm-keepalive install --instance-id ${instanceId}`;
  const own = report && readReported(report.settings);
  if (!report || report.busy) return undefined;
  if (!own)
    return report.settings === '' && verdict.verdict === 'drifted'
      ? quoteCommand`its settings are not known any more; with yours as flags:  ssm-keepalive install --instance-id ${instanceId}`
      : undefined;
  // An install was told these, and the host does not report them; of status they are the defaults.
  const { idleTimeoutSeconds, overrideIdlePolicy, restart } = settings.keeper;
  const { documentName } = settings.delivery;
  const document = documentName === undefined ? '' : quoteCommand` --document ${documentName}`;
  const install = (changes: Partial<typeof own> = {}) =>
    tellInstall(instanceId, report.settings, {
      idleTimeoutSeconds,
      overrideIdlePolicy,
      restart,
      ...changes,
    }) + document;
  if (verdict.class === 'entry left out' && isInstalled(report))
    return `to insist, with the same settings as now:  ${install({ insistsOnEnv: true })} ; or  ssm-keepalive preferences set --shell-profile ours`;
  if (verdict.verdict === 'drifted')
    return `to put the files back, with the same settings as now${hasEdits(report) ? ' (what was edited in them is lost)' : ''}:  ${install()}`;
  if (verdict.verdict === 'partial') return `to complete it, with the settings in force there:  ${install()}`;
  return undefined;
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
