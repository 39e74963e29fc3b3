/** Refuses combinations of flags, before any call. */
import { isLookedUp, isOfOrganization, listAccounts } from '../../accounts/names.ts';
import { refuse } from '../../errors.ts';
import { refuseUnseenYes, requireTargets, type Settings } from '../../settings/settings.ts';
import { needsCanary, type Verb } from './plan.ts';

/** One request holds all ids of an association. */
const MOST_IDS = 50;

/** @throws UsageError */
export function refuseMisuse(verb: Verb, settings: Settings): void {
  const { accounts, delivery, targets } = settings;
  const { commandIds, isConfirmed, isFollow, shouldWait } = delivery;
  const isChange = verb !== 'status';
  const flag = accounts.isOrganization ? '--organization' : '--ou';
  // StackSets change a whole organization better than one machine.
  refuse(
    isChange && isOfOrganization(accounts),
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
  requireTargets(settings);
  const hasOthers = targets.instanceIds.length !== 1 && commandIds.length === 0;
  // The canary must be watched.
  refuse(!shouldWait && hasOthers && needsCanary(verb, settings), {
    what: '--no-wait cannot try one instance first',
    why: 'the first instance’s agent has to be seen coming back before the others get anything',
    next: 'leave --no-wait out, or say --no-canary or --no-restart as well',
  });
  refuse(isChange && isFollow && targets.instanceIds.length > MOST_IDS, {
    what: `--follow cannot take ${targets.instanceIds.length} instance ids`,
    why: `an association names at most ${MOST_IDS}`,
    next: 'choose them by tag, so that new instances are among them too',
  });
  const count = isLookedUp(settings) ? 'all' : listAccounts(settings).length;
  refuse(commandIds.length > 0 && count !== 1, {
    what: `--command-id was given with ${count} accounts and Regions`,
    why: 'a command lives in the account and Region that it was sent in',
    next: 'give the one account and --region that its line named when it was sent',
  });
  if (isChange && isConfirmed && commandIds.length === 0)
    refuseUnseenYes('--yes (or SSM_KEEPALIVE_YES)', settings);
}
