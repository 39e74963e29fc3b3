import { describePlaces, inAccount, labelAccount } from '../../accounts/names.ts';
import { describeTargets } from '../../fleet/choose.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import { requireYes } from '../question.ts';
import { describeAction } from './follow-text.ts';
import type { NamedPlan, Reach, Verb } from './plan.ts';

/**
 * Asks one question over all plans if they change many instances, use --all, act where a config file says
 * that was only found (an install in the wrong folder must reach nobody), or edit an association, which then runs
 * everywhere at once. --yes answers beforehand.
 * @throws UserError if there is no terminal, or the answer was not yes
 */
export async function confirmPlans(
  verb: Verb,
  plans: readonly NamedPlan[],
  settings: Settings,
  io: Io,
): Promise<void> {
  if (verb === 'status' || settings.delivery.isConfirmed || plans.length === 0) return;
  const edits = plans.flatMap(({ name, plan: { following } }) =>
    following?.action === 'update' ? [inAccount(name, describeAction(following))] : [],
  );
  const many = findMany(plans, settings);
  if (!many && edits.length === 0) return;
  for (const edit of edits) io.err(safe`ssm-keepalive: ${edit}\n`);
  const question = many
    ? `${verb} will change ${many.who}. Type yes to go on`
    : `Type yes to change ${edits.length === 1 ? 'it' : 'them'}${describeWhere(plans, settings)}`;
  await requireYes(io, question, {
    withoutTerminal: {
      what: many ? `${verb} would change ${many.who}` : 'nothing was changed',
      why: many?.why ?? '',
      next: many?.next ?? 'look with --dry-run, then add --yes',
    },
    refused: { what: 'nothing was sent', next: 'look with --dry-run first' },
  });
}

/** For a dry run: why the command would ask first; undefined if it would not. */
export function describeQuestion(
  verb: Verb,
  plans: readonly NamedPlan[],
  settings: Settings,
): string | undefined {
  if (verb === 'status' || settings.delivery.isConfirmed) return undefined;
  const many = findMany(plans, settings);
  const isEdit = plans.some(({ plan }) => plan.following?.action === 'update');
  const why = many?.why ?? (isEdit ? 'an association is edited' : undefined);
  return why === undefined ? undefined : safe`it would ask first: ${why}; --yes is the answer beforehand`;
}

/** Why the question is needed; undefined if it is not. */
function findMany(
  plans: readonly NamedPlan[],
  settings: Settings,
): { readonly who: string; readonly why: string; readonly next: string } | undefined {
  const { isAll, foundIn } = settings.targets;
  const { confirmAbove } = settings.delivery;
  const count = addUp(
    plans.map(({ plan }) => plan.reach),
    settings,
  );
  const isMany = count === undefined || count > confirmAbove;
  if (!isAll && !isMany && (foundIn === undefined || count === 0)) return undefined;
  const whys = [
    isAll && '--all has to be confirmed',
    foundIn !== undefined && `${foundIn} says where it acts, and you did not name that file`,
    count === undefined && 'only the service knows how many instances match',
    quoteCommand`more than --confirm-above ${confirmAbove}`,
  ];
  // If a found file says where and on whom this acts, the question names it.
  const found =
    foundIn === undefined ? '' : `; ${foundIn} says ${settings.common.configFile?.reach.join(' ')}`;
  return {
    who: `${countInWords(settings, count)}${describeWhere(plans, settings)}${found}`,
    why: whys.find((why) => why !== false) ?? '',
    next:
      foundIn === undefined
        ? 'look with --dry-run, then add --yes'
        : quoteCommand`look with --dry-run, then name the file: --config ${foundIn}`,
  };
}

function addUp(reaches: readonly Reach[], { targets }: Settings): number | undefined {
  // Every account was asked for the same ids, but each instance is in one account only.
  if (targets.instanceIds.length > 0) return targets.instanceIds.length;
  if (reaches.some(({ count }) => count === undefined)) return undefined;
  return reaches.reduce((sum, { count = 0 }) => sum + count, 0);
}

/** The places, with the number of instances in each. Which of them has a named id is not known yet. */
function describeWhere(plans: readonly NamedPlan[], { targets, delivery }: Settings): string {
  const { confirmAbove } = delivery;
  const places = plans.map(({ name, plan: { place = '', reach } }) => {
    const label = name ? labelAccount(name) : place;
    if (targets.instanceIds.length > 0 || reach.count === undefined) return { label };
    const isMore = !targets.isAll && reach.count > confirmAbove;
    return { label, count: isMore ? `more than ${confirmAbove}` : String(reach.count) };
  });
  return describePlaces(places);
}

function countInWords({ targets, delivery }: Settings, count: number | undefined): string {
  if (count === undefined) return `an unknown number of instances (${describeTargets(targets)})`;
  if (targets.isAll)
    return count === 1 ? 'the one managed Linux instance' : `all ${count} managed Linux instances`;
  const { confirmAbove } = delivery;
  const isExact = targets.instanceIds.length > 0 || count <= confirmAbove;
  return isExact
    ? count === 1
      ? '1 instance'
      : `${count} instances`
    : `more than ${confirmAbove} instances`;
}
