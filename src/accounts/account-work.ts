import type { SSMClient } from '@aws-sdk/client-ssm';
import { workThrough } from '../bounded.ts';
import { type Failure, UserError } from '../errors.ts';
import type { Interruption } from '../interruption.ts';
import type { Settings } from '../settings/settings.ts';
import { completeAdvice, repeatConnection } from '../settings/told-connection.ts';
import type { OpenService } from './connection.ts';
import { type AccountName, isLookedUp, labelAccount, narrowSettings } from './names.ts';
import { findPlaces } from './places.ts';

/** One account in one Region of a run. */
export interface AccountPlace {
  /** With several accounts, the Region is filled in from the profile. */
  readonly name: AccountName;
  /** The start of a line about it; empty if there is only one account. */
  readonly label: string;
}

export interface AccountAtWork extends AccountPlace {
  /** The client of this work; it is released at its end. */
  readonly client: SSMClient;
  readonly settings: Settings;
  /** It was looked up, not named: then having nothing to do is no failure. */
  readonly isFound: boolean;
}

export type AccountEnd<T> = { readonly account: AccountPlace } & (
  | { readonly outcome: T }
  | { readonly error: unknown }
);

/** One account in a report. Null: the user did not name it, or nothing failed. */
export interface AccountResult {
  /** Only for accounts that were named by id. */
  readonly account?: string;
  readonly profile: string | null;
  readonly region: string | null;
  readonly error: Failure | null;
}

/** How many are worked in at once. The service has limits for each account; the bound is for our memory. */
const PLACES_AT_ONCE = 32;

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

  /** One failure stops no other. Results come in the order of the flags. @throws the work's error if there is only one account */
  async workInEach<T>(work: (account: AccountAtWork) => Promise<T>): Promise<AccountEnd<T>[]> {
    const all = await findPlaces(this.#settings, this.#service, this.#interruption);
    const isOne = all.length === 1 && !this.#isFound;
    return workThrough(all, PLACES_AT_ONCE, async ({ name, error }) => {
      if (error !== undefined)
        return {
          account: { name, label: labelAccount(name) },
          error: explainInPlace(error, name, narrowSettings(this.#settings, name)),
        };
      return this.#workIn(name, isOne, work);
    });
  }

  /** Continues in the accounts whose earlier work succeeded; the others stay failed. @throws as workInEach does */
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
    // Every row can then name the Region. A missing one stays empty: the first call explains it better.
    const region = named.region ?? (await client.config.region().catch(() => undefined));
    const inRegion = { ...named, region };
    const name = isOne ? named : inRegion;
    const account: AccountPlace = { name, label: isOne ? '' : labelAccount(name) };
    const settings = narrowSettings(this.#settings, named);
    try {
      this.#refuseExcluded(inRegion);
      return { account, outcome: await work({ ...account, client, settings, isFound: this.#isFound }) };
    } catch (error) {
      if (isOne) throw explainRegionOff(error, inRegion);
      return { account, error: explainInPlace(error, name, settings) };
    } finally {
      this.#service.release(client);
    }
  }

  /** Of --exclude in a variable or a file, where no flag names the Region. @throws UserError */
  #refuseExcluded({ region = '' }: AccountName): void {
    if (!this.#settings.accounts.excluded.includes(region)) return;
    throw new UserError({
      code: 'no-account',
      what: 'there is no account to work in',
      why: `--exclude leaves out ${region}, the Region of the AWS variables or files`,
      next: 'give --region',
    });
  }
}

function explainInPlace(error: unknown, name: AccountName, settings: Settings): unknown {
  const explained = explainRegionOff(error, name);
  return explained instanceof UserError && explained === error
    ? explained.changeNext((next) => completeAdvice(next, repeatConnection(settings)))
    : explained;
}

/** In a Region that is not enabled, the service refuses valid credentials of a role [reports of users]; any other error stays. */
export function explainRegionOff(error: unknown, { account, region }: AccountName): unknown {
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

/** True if a report must say which account and Region each line is about. */
export const isSeveral = (ends: readonly AccountEnd<unknown>[]) =>
  ends.some(({ account }) => account.label !== '');

export function listOutcomes<T>(ends: readonly AccountEnd<T>[]) {
  return ends.flatMap((end) => ('outcome' in end ? [end] : []));
}

/** Every account for JSON: its name, its error, and what `describe` says of its outcome, else `failed`. */
export function describeEach<T>(
  ends: readonly AccountEnd<T>[],
  describe: (outcome: T) => object,
  failed: object = {},
): object[] {
  return ends.map((end) => ({
    ...describeAccount(end),
    ...('outcome' in end ? describe(end.outcome) : failed),
  }));
}

export function nameFields({ account, profile, region }: AccountName): Omit<AccountResult, 'error'> {
  return { ...(account === undefined ? {} : { account }), profile: profile ?? null, region: region ?? null };
}

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
