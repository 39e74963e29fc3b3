import type { SSMClient } from '@aws-sdk/client-ssm';
import { type Failure, UserError } from '../errors.ts';
import type { Interruption } from '../interruption.ts';
import type { Settings } from '../settings/settings.ts';
import { workThrough } from './bounded.ts';
import type { OpenService } from './connection.ts';
import { type AccountName, isLookedUp, labelAccount, narrowSettings } from './names.ts';
import { findPlaces } from './places.ts';

/** One of the accounts and Regions of a run. */
export interface AccountPlace {
  /** Where there are several, with the Region that the profile's file says. */
  readonly name: AccountName;
  /** For the front of a line; empty where there is only one account. */
  readonly label: string;
}

/** One that is being worked in. */
export interface AccountAtWork extends AccountPlace {
  /** Of this work alone: it is ended with it. */
  readonly client: SSMClient;
  /** Narrowed to this account. */
  readonly settings: Settings;
  /** Nobody named it: that there is nothing to do here is no failure. */
  readonly isFound: boolean;
}

/** How the work in one account ended. */
export type AccountEnd<T> = { readonly account: AccountPlace } & (
  | { readonly outcome: T }
  | { readonly error: unknown }
);

/** One account in the words of a report: null where the user named none, or nothing failed. */
export interface AccountResult {
  /** Only of those that were named by id. */
  readonly account?: string;
  readonly profile: string | null;
  readonly region: string | null;
  readonly error: Failure | null;
}

/** So many are worked in at the same time: each has its own limits at the service, and takes memory of its own here. */
const PLACES_AT_ONCE = 32;

/** Where the same work is done in every account and Region that the settings name. */
export class Workplace {
  readonly #settings: Settings;
  readonly #service: OpenService;
  readonly #interruption: Interruption;
  readonly #isFound: boolean;

  constructor(settings: Settings, service: OpenService, interruption: Interruption) {
    this.#settings = settings;
    this.#service = service;
    this.#interruption = interruption;
    this.#isFound = isLookedUp(settings);
  }

  /**
   * In all of them, many at the same time; one that fails stops no other. In the order of the flags. Accounts whose Regions could
   * not be found out have failed.
   * @throws what the work threw, where there is one account alone
   */
  async workInEach<T>(work: (account: AccountAtWork) => Promise<T>): Promise<AccountEnd<T>[]> {
    const { all } = await findPlaces(this.#settings, this.#service, this.#interruption);
    const isOne = all.length === 1 && !this.#isFound;
    return workThrough(all, PLACES_AT_ONCE, async ({ name, error }) => {
      if (error !== undefined) return { account: { name, label: labelAccount(name) }, error };
      return this.#workIn(name, isOne, work);
    });
  }

  /** Goes on where the work before came to something; what failed there stays failed. @throws as workInEach does */
  goOnInEach<T, U>(
    ends: readonly AccountEnd<T>[],
    work: (outcome: T, account: AccountAtWork) => Promise<U>,
  ): Promise<AccountEnd<U>[]> {
    return workThrough(ends, PLACES_AT_ONCE, async (end) => {
      if ('error' in end) return end;
      const { name, label } = end.account;
      return this.#workIn(name, label === '', (account) => work(end.outcome, account));
    });
  }

  async #workIn<T>(
    named: AccountName,
    isOne: boolean,
    work: (account: AccountAtWork) => Promise<T>,
  ): Promise<AccountEnd<T>> {
    const client = this.#service.clientFor(named);
    const name = isOne ? named : await nameRegion(named, client);
    const account: AccountPlace = { name, label: isOne ? '' : labelAccount(name) };
    const settings = narrowSettings(this.#settings, named);
    try {
      return { account, outcome: await work({ ...account, client, settings, isFound: this.#isFound }) };
    } catch (error) {
      if (isOne) throw error;
      return { account, error: explainInPlace(error, name) };
    } finally {
      this.#service.release(client);
    }
  }
}

/** Credentials that STS has just given are refused where the Region is off [reports of users]. */
function explainInPlace(error: unknown, { account, region }: AccountName): unknown {
  if (!(error instanceof UserError) || error.code !== 'UnrecognizedClientException' || !account) return error;
  return new UserError(
    {
      code: 'region-off',
      what: error.what,
      why: `the Region ${region} is not enabled in account ${account}`,
      next: `enable it there, or leave it out: --all-regions takes those that are enabled`,
    },
    { cause: error },
  );
}

/** So that every row says where it is from. A profile that has no Region is told by the first call, in better words. */
async function nameRegion(account: AccountName, client: SSMClient): Promise<AccountName> {
  const region = account.region ?? (await client.config.region().catch(() => undefined));
  return { ...account, region };
}

/** What tells an account from the others, as JSON has it. */
export function nameFields({ account, profile, region }: AccountName): Omit<AccountResult, 'error'> {
  return { ...(account === undefined ? {} : { account }), profile: profile ?? null, region: region ?? null };
}

/** One account in the words of a report. */
export function describeAccount(end: AccountEnd<unknown>): AccountResult {
  return { ...nameFields(end.account.name), error: 'error' in end ? toFailure(end.error) : null };
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
