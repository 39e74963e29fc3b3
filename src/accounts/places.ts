/** Finds the accounts and Regions of a run: those that its flags name, and those that must be looked up. */

import { workThrough } from '../bounded.ts';
import { UserError } from '../errors.ts';
import type { Interruption } from '../interruption.ts';
import type { Settings } from '../settings/settings.ts';
import { quoteCommand } from '../terminal/shell-word.ts';
import type { OpenService } from './connection.ts';
import { type AccountName, isLookedUp, isOfOrganization, listAccounts } from './names.ts';

/** One account in one Region, or an account whose Regions could not be looked up. */
export interface Place {
  readonly name: AccountName;
  readonly error?: unknown;
}

/** Each lookup is one AssumeRole and one ListRegions; both services throttle. */
const LOOKUPS_AT_ONCE = 16;

/** @throws UserError if the organization cannot be listed, or no account is left */
export async function findPlaces(
  settings: Settings,
  service: OpenService,
  { requestSignal }: Interruption,
): Promise<readonly Place[]> {
  if (!isLookedUp(settings)) {
    const all = listAccounts(settings).map((name) => ({ name }));
    if (all.length === 0) throw nothingLeft();
    return all;
  }
  const { accounts, common } = settings;
  const { listMembers, listRegions } = await import('../fleet/organization.ts');
  const members = isOfOrganization(accounts)
    ? await listMembers(service.callerFor({ profile: common.profile }, requestSignal), accounts.units)
    : accounts.ids;
  const named = listAccounts({
    ...settings,
    accounts: { ...accounts, ids: members },
    ...(accounts.isAllRegions ? { common: { ...common, regions: [] } } : {}),
  });
  const isNone = isOfOrganization(accounts) && members.length === 0;
  const lookUp = async (name: AccountName): Promise<readonly Place[]> => {
    const caller = service.callerFor(name, requestSignal);
    try {
      const regions = await listRegions(caller);
      if (regions.length === 0) throw noRegion(name);
      return regions
        .filter((region) => !accounts.excluded.includes(region))
        .map((region) => ({ name: { ...name, region } }));
    } catch (error) {
      if (requestSignal.aborted) throw error;
      return [{ name, error }];
    } finally {
      service.release(caller.client);
    }
  };
  const all = accounts.isAllRegions
    ? (await workThrough(named, LOOKUPS_AT_ONCE, lookUp)).flat()
    : named.map((name) => ({ name }));
  if (isNone || all.length === 0) throw nothingLeft();
  return all;
}

function noRegion(name: AccountName): UserError {
  return new UserError({
    code: 'no-region',
    what: 'the account was not worked in',
    why: 'the service says that it has no Region enabled',
    next: name.account
      ? quoteCommand`enable one there, or leave the account out: --exclude ${name.account}`
      : 'enable one there, or give --region',
  });
}

function nothingLeft(): UserError {
  return new UserError({
    code: 'no-account',
    what: 'there is no account to work in',
    why: '--exclude leaves all of them out, or none is active',
    next: 'check --accounts, --ou and --exclude',
  });
}
