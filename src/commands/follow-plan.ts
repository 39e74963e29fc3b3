/** What a dry run says of the association. */
import type { AssociationPlan } from '../fleet/association.ts';
import type { Settings } from '../settings.ts';
import { type AccountName, labelAccount } from './accounts.ts';
import type { Verb } from './deliver.ts';
import { describeAction, describeFollow } from './follow-text.ts';

/** What would become of one account's association; keys are stable and documented in the README. */
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

/** The keys of a dry run's JSON: `association` of one account, or one with each of `accounts`. */
export function describeFollowPlans(
  plans: readonly FollowedAccount[],
  verb: Verb,
  settings: Settings,
): Record<string, unknown> {
  const describe = ({ plan: { following } }: FollowedAccount) =>
    following ? describePlanned(verb, settings, following) : null;
  const [first] = plans;
  if (plans.length <= 1) return { association: first ? describe(first) : null };
  if (!settings.delivery.isFollow) return {};
  const accounts = plans.map((one) => ({
    profile: one.name?.profile ?? null,
    region: one.name?.region ?? null,
    association: describe(one),
  }));
  return { accounts };
}

/** The same in words, an account after the other; empty without `--follow`. */
export function sayFollowPlans(
  plans: readonly FollowedAccount[],
  verb: Verb,
  settings: Settings,
): readonly string[] {
  return plans.flatMap(({ name, plan: { following } }) => {
    if (!following) return [];
    const { says } = describePlanned(verb, settings, following);
    return [name ? `${labelAccount(name)}: ${says}` : says];
  });
}

/** An uninstall only ends it. */
function describePlanned(verb: Verb, settings: Settings, plan: AssociationPlan): PlannedAssociation {
  const { action, name, associationId = null, changes, request } = plan;
  const schedule = request.ScheduleExpression ?? null;
  if (verb === 'install') {
    const says = `${describeAction(plan)};\n${describeFollow(plan, settings.targets)}`;
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
