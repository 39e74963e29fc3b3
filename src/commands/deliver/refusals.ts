/** Refuses combinations of flags, before any call. */
import { isLookedUp, isOfOrganization, listAccounts } from '../../accounts/names.ts';
import { UsageError } from '../../errors.ts';
import { refuseUnseenYes, requireTargets, type Settings } from '../../settings/settings.ts';
import { needsCanary, type Verb } from './plan.ts';

/** @throws UsageError */
export function refuseMisuse(verb: Verb, settings: Settings): void {
  refuseOrganization(verb, settings);
  requireTargets(settings);
  refuseUnwatchedCanary(verb, settings);
  refuseUnfollowable(verb, settings);
  refuseSharedCommand(settings);
  const { isConfirmed, commandIds } = settings.delivery;
  if (verb !== 'status' && isConfirmed && commandIds.length === 0)
    refuseUnseenYes('--yes (or SSM_KEEPALIVE_YES)', settings);
}

/** Refuses to change a whole organization from one machine: StackSets do that better. @throws UsageError */
function refuseOrganization(verb: Verb, { accounts }: Settings): void {
  if (verb === 'status' || !isOfOrganization(accounts)) return;
  const flag = accounts.isOrganization ? '--organization' : '--ou';
  throw new UsageError(
    verb === 'install'
      ? {
          what: `install ${flag} is the work of CloudFormation StackSets`,
          why: 'a StackSet needs no role of ours, repeats what failed, and reaches accounts that join later',
          next: 'run  ssm-keepalive render stackset  and follow docs/organization.md; a few accounts:  --accounts ID… --role NAME',
        }
      : {
          what: `uninstall ${flag} is not offered`,
          why: 'what a StackSet installed would come back: first its instances are deleted',
          next: 'follow docs/organization.md; a few accounts:  --accounts ID… --role NAME',
        },
  );
}

/** --no-wait needs --no-canary or --no-restart, because the canary must be watched. */
function refuseUnwatchedCanary(verb: Verb, settings: Settings): void {
  const isOne = settings.targets.instanceIds.length === 1;
  if (
    settings.delivery.shouldWait ||
    !needsCanary(verb, settings) ||
    isOne ||
    settings.delivery.commandIds.length > 0
  )
    return;
  throw new UsageError({
    what: '--no-wait cannot try one instance first',
    why: 'the first instance’s agent has to be seen coming back before the others get anything',
    next: 'leave --no-wait out, or say --no-canary or --no-restart as well',
  });
}

/** One request holds all ids of an association. */
const MOST_IDS = 50;

/** Refuses more ids than an association takes. @throws UsageError */
function refuseUnfollowable(verb: Verb, { delivery, targets }: Settings): void {
  if (verb === 'status' || !delivery.isFollow || targets.instanceIds.length <= MOST_IDS) return;
  throw new UsageError({
    what: `--follow cannot take ${targets.instanceIds.length} instance ids`,
    why: `an association names at most ${MOST_IDS}`,
    next: 'choose them by tag, so that new instances are among them too',
  });
}

/** A command id is valid in one account and Region only. @throws UsageError */
function refuseSharedCommand(settings: Settings): void {
  const { delivery } = settings;
  const accounts = listAccounts(settings);
  if (delivery.commandIds.length === 0 || (accounts.length === 1 && !isLookedUp(settings))) return;
  throw new UsageError({
    what: `--command-id was given with ${isLookedUp(settings) ? 'all' : accounts.length} accounts and Regions`,
    why: 'a command lives in the account and Region that it was sent in',
    next: 'give the one account and --region that its line named when it was sent',
  });
}
