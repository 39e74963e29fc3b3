/** What a dry run says of the association. */

import { type AccountName, labelAccount } from '../../accounts/names.ts';
import type { AssociationPlan } from '../../fleet/association.ts';
import type { Settings } from '../../settings/settings.ts';
import { say } from '../../terminal/safe-text.ts';
import { describeAction, describeFollow } from './follow-text.ts';
import type { Verb } from './verb.ts';

/** What would become of one account's association; keys are stable and documented in docs/json.md. */
export interface PlannedAssociation {
  readonly action: 'create' | 'update' | 'none' | 'remove';
  readonly name: string;
  readonly id: string | null;
  readonly changes: readonly string[];
  readonly schedule: string | null;
  readonly says: string;
}

/** An account's plan, as far as associations go; the name is undefined where there is only one account. */
export interface FollowedAccount {
  readonly name: AccountName | undefined;
  readonly plan: { readonly following: AssociationPlan | undefined };
}

/** In words, an account after the other; empty without `--follow`. */
export function sayFollowPlans(
  plans: readonly FollowedAccount[],
  verb: Verb,
  settings: Settings,
): readonly string[] {
  return plans.flatMap(({ name, plan: { following } }) => {
    if (!following) return [];
    const { says } = describeFollowPlan(verb, settings, following);
    return [name ? `${labelAccount(name)}: ${says}` : says];
  });
}

/** An uninstall only ends it. */
export function describeFollowPlan(
  verb: Verb,
  settings: Settings,
  plan: AssociationPlan,
): PlannedAssociation {
  const { action, name, associationId = null, changes, request } = plan;
  const schedule = request.ScheduleExpression ?? null;
  if (verb === 'install') {
    const says = say`${describeAction(plan)};\n${describeFollow(plan, settings.targets)}`;
    return { action, name, id: associationId, changes, schedule, says };
  }
  const says =
    associationId === null
      ? 'no association of ours is for these targets'
      : `association ${name} (${associationId}) would be removed first`;
  return {
    action: associationId === null ? 'none' : 'remove',
    name,
    id: associationId,
    changes: [],
    schedule,
    says,
  };
}
