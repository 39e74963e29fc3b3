import type { SSMClient } from '@aws-sdk/client-ssm';
import { type Failure, UserError } from '../errors.ts';
import type { Settings } from '../settings/settings.ts';
import type { OpenService } from './connection.ts';
import { type AccountName, labelAccount, listAccounts, narrowSettings } from './names.ts';

/** One account of those that a run works in. */
export interface AccountAtWork {
  readonly client: SSMClient;
  /** Where there are several, with the Region that the profile's file says. */
  readonly name: AccountName;
  /** For the front of a line; empty where there is only one account. */
  readonly label: string;
  /** Narrowed to this account. */
  readonly settings: Settings;
}

/** How the work in one account ended. */
export type AccountEnd<T> = { readonly account: AccountAtWork } & (
  | { readonly outcome: T }
  | { readonly error: unknown }
);

/** One account in the words of a report: null where the user named none, or nothing failed. */
export interface AccountResult {
  readonly profile: string | null;
  readonly region: string | null;
  readonly error: Failure | null;
}

/**
 * Does the same work in every account, in all at the same time; one that fails stops no other. In the order of the flags.
 * @throws what the work threw, where there is one account alone
 */
export function workInEach<T>(
  settings: Settings,
  service: OpenService,
  work: (account: AccountAtWork) => Promise<T>,
): Promise<AccountEnd<T>[]> {
  const accounts = listAccounts(settings);
  const isOne = accounts.length === 1;
  return Promise.all(
    accounts.map(async (account) => {
      const client = service.clientFor(account);
      const name = isOne ? account : await nameRegion(account, client);
      const label = isOne ? '' : labelAccount(name);
      return settle({ client, name, label, settings: narrowSettings(settings, account) }, work);
    }),
  );
}

/** Goes on where the work before came to something; what failed there stays failed. @throws as workInEach does */
export function goOnInEach<T, U>(
  ends: readonly AccountEnd<T>[],
  work: (outcome: T, account: AccountAtWork) => Promise<U>,
): Promise<AccountEnd<U>[]> {
  return Promise.all(
    ends.map(async (end) =>
      'error' in end ? end : settle(end.account, (account) => work(end.outcome, account)),
    ),
  );
}

async function settle<T>(
  account: AccountAtWork,
  work: (account: AccountAtWork) => Promise<T>,
): Promise<AccountEnd<T>> {
  try {
    return { account, outcome: await work(account) };
  } catch (error) {
    if (account.label === '') throw error;
    return { account, error };
  }
}

/** So that every row says where it is from. A profile that has no Region is told by the first call, in better words. */
async function nameRegion(account: AccountName, client: SSMClient): Promise<AccountName> {
  const region = account.region ?? (await client.config.region().catch(() => undefined));
  return { ...account, region };
}

/** One account in the words of a report. */
export function describeAccount(end: AccountEnd<unknown>): AccountResult {
  const { profile = null, region = null } = end.account.name;
  return { profile, region, error: 'error' in end ? toFailure(end.error) : null };
}

function toFailure(error: unknown): Failure {
  if (!(error instanceof UserError)) {
    const why = (error as Error | undefined)?.message ?? String(error);
    const what = 'this is a bug in ssm-keepalive, not in what you did';
    return {
      code: 'bug',
      what,
      why,
      next: 'run it for this account alone with --debug and report what it prints',
    };
  }
  const { code, what, why, next } = error;
  return { code, what, why, next };
}
