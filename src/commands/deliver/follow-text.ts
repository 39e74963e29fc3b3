/** Sentences about associations, for plans and reports. */

import type { AssociationPlan } from '../../fleet/association.ts';
import type { KnownAssociation } from '../../fleet/association-match.ts';
import { isRunOver } from '../../fleet/association-runs.ts';
import { describeTargets, type Targets } from '../../fleet/choose.ts';
import type { Settings } from '../../settings/settings.ts';
import { repeatConnection } from '../../settings/told-connection.ts';
import { safe } from '../../terminal/safe-text.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import type { Plan } from './plan.ts';

/** The association in a report; keys are stable and documented in docs/json.md. */
export interface AssociationFacts {
  readonly id: string;
  readonly name: string;
  readonly action: 'created' | 'updated' | 'started' | 'removed' | 'absent';
  readonly schedule: string | null;
  readonly runs: readonly { readonly id: string; readonly status: string; readonly counts: string }[];
  /** Matching instances that are offline now; they run it when they come online. Null: not known. */
  readonly offline: number | null;
}

/** One sentence: what the association does, or will do. */
export function describeFollow(plan: AssociationPlan, targets: Targets): string {
  const { ScheduleExpression: schedule, MaxConcurrency, MaxErrors } = plan.request;
  const who =
    targets.isAll || targets.instanceIds.length === 0
      ? `every instance of ${describeTargets(targets)}, now and when a new one comes online`
      : targets.instanceIds.length === 1
        ? 'this instance, now and when it comes online'
        : `${targets.instanceIds.length} instances by id, now and when one of them comes online`;
  const again = schedule ? `, and again every ${schedule.slice('rate('.length, -1)}` : ', once each';
  const errors = MaxErrors === '0' ? 'the first failure' : `more than ${MaxErrors} failures`;
  return safe`it installs on ${who}${again}; ${MaxConcurrency} at a time, stopping after ${errors}`;
}

/** The planned change of the association, for the dry run and the question. */
export function describeAction(plan: AssociationPlan): string {
  if (plan.action === 'create') return safe`association ${plan.name} would be made`;
  const what = safe`association ${plan.name} (${plan.associationId})`;
  return plan.action === 'none'
    ? `${what} is as asked for, and would be run once more on everybody`
    : `${what} would be changed, which runs it on everybody at once: ${plan.changes.join('; ')}`;
}

export function describeChange(association: AssociationFacts, plan: Plan, settings: Settings): string[] {
  const { action, id, name } = association;
  const { following, ending } = plan;
  const who = describeTargets(settings.targets);
  if (action === 'removed') return [safe`association ${name} (${ending?.ids.join(', ')}) was removed`];
  if (!following) return [safe`no association of ours is for ${who} as it stands here`];
  return [
    safe`association ${name} (${id}) ${action === 'created' ? 'is new' : `was ${action}`}: ${describeFollow(following, settings.targets)}`,
    safe`to end it:  ${sayUninstall(who, settings)}`,
  ];
}

/** Lines after the verdicts: no instance has run it yet, some were offline, or it was not made. */
export function describeFollowed(association: AssociationFacts | null | undefined, label = ''): string {
  if (association === null) return safe`ssm-keepalive: ${label}no association was made or changed\n`;
  if (!association || !['created', 'updated', 'started'].includes(association.action)) return '';
  const { runs, offline } = association;
  const lines = [
    runs.length === 0 ? 'no instance has run it yet; it runs when one comes online' : '',
    offline
      ? `${offline} matching ${offline === 1 ? 'instance is' : 'instances are'} offline: it runs there when they come online`
      : '',
    runs.some(({ status }) => !isRunOver({ Status: status }))
      ? 'its run is not over; status tells how it ended'
      : '',
  ];
  return lines
    .filter(Boolean)
    .map((line) => safe`ssm-keepalive: ${label}${line}\n`)
    .join('');
}

/** Warnings of `uninstall`: these associations may install again. Two lines each. */
export function warnOfAssociations(matching: readonly KnownAssociation[], settings: Settings): string[] {
  return matching.map(({ name, id, targets, schedule }) => {
    const again = schedule ? `, every ${schedule.slice(5, -1)}` : '';
    return (
      safe`association ${name} (${id}) still installs on some of these instances${again}: it may put back what is taken off now\n` +
      safe`  next: ${sayUninstall(describeTheirTargets(targets), settings)}`
    );
  });
}

/** Ends the association of these flags. */
const sayUninstall = (flags: string, settings: Settings) =>
  'ssm-keepalive uninstall ' + flags + ' --follow' + repeatConnection(settings);

/** The associations in `status`, two lines each; empty: none. */
export function describeAssociations(matching: readonly KnownAssociation[], label = ''): string {
  return matching
    .map(
      ({ name, id, targets, schedule, lastStatus }) =>
        safe`\n${label}association ${name} (${id})\n  installs on new instances of ${describeTheirTargets(targets)}${
          schedule ? `, and again every ${schedule.slice(5, -1)}` : ''
        }; last run: ${lastStatus}\n`,
    )
    .join('');
}

function describeTheirTargets(targets: KnownAssociation['targets']): string {
  return targets
    .map(({ key, values }) => {
      if (key.startsWith('tag:')) return quoteCommand`--tag ${`${key.slice(4)}=${values.join(',')}`}`;
      if (key === 'resource-groups:Name') return quoteCommand`--resource-group ${values.join(',')}`;
      return values.includes('*') ? '--all' : quoteCommand`--instance-id ${values}`;
    })
    .join(' ');
}
