/** Which accounts an AWS organization has, and which Regions an account. */
import { UserError } from '../errors.ts';
import { readPages } from './pages.ts';
import { explainServiceError, isAccessDenied } from './service-errors.ts';
import { type Caller, callSigned } from './signed-call.ts';

interface Page {
  readonly NextToken?: string | null;
}

interface Account {
  readonly Id: string;
  /** ACTIVE, or a status of joining or leaving. */
  readonly State?: string;
  /** The name of State before September 2026 [Organizations API reference]. */
  readonly Status?: string;
}

const UNLISTED = 'the accounts of the organization could not be listed';

export interface MemberAccounts {
  /** Twelve digits each. */
  readonly ids: readonly string[];
  /** Accounts that are closed, suspended or not joined yet: no role can be assumed there. */
  readonly inactiveCount: number;
}

/** The accounts of the organization, or those below the units; each once. @throws UserError */
export async function listMembers(caller: Caller, units: readonly string[]): Promise<MemberAccounts> {
  const found = units.length === 0 ? await listAll(caller) : await listBelow(caller, units);
  const byId = new Map(found.map((account) => [account.Id, account]));
  const active = [...byId.values()].filter(({ Status, State }) => (State ?? Status) === 'ACTIVE');
  return { ids: active.map(({ Id }) => Id), inactiveCount: byId.size - active.length };
}

async function listAll(caller: Caller): Promise<Account[]> {
  const pages = await readAll<{ Accounts: Account[] }>(caller, 'ListAccounts', {});
  return pages.flatMap(({ Accounts }) => Accounts);
}

/** A unit’s own accounts, then those of the units in it. */
async function listBelow(caller: Caller, units: readonly string[]): Promise<Account[]> {
  const found: Account[] = [];
  const todo = [...units];
  for (let ParentId = todo.shift(); ParentId !== undefined; ParentId = todo.shift()) {
    const pages = await readAll<{ Accounts: Account[] }>(caller, 'ListAccountsForParent', { ParentId });
    found.push(...pages.flatMap(({ Accounts }) => Accounts));
    const inner = await readAll<{ OrganizationalUnits: { Id: string }[] }>(
      caller,
      'ListOrganizationalUnitsForParent',
      { ParentId },
    );
    todo.push(...inner.flatMap((page) => page.OrganizationalUnits.map(({ Id }) => Id)));
  }
  return found;
}

async function readAll<T>(caller: Caller, operation: string, input: object): Promise<T[]> {
  const pages: T[] = [];
  for await (const page of readPages(UNLISTED, (token) => call<T>(caller, operation, { ...input, ...token })))
    pages.push(page);
  return pages;
}

async function call<T>(caller: Caller, operation: string, input: object): Promise<T & Page> {
  try {
    const answer = await callSigned(caller, {
      service: 'organizations',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AWSOrganizationsV20161128.${operation}`,
      },
      body: JSON.stringify(input),
    });
    return JSON.parse(answer);
  } catch (error) {
    throw explainLookup(error, operation);
  }
}

function explainLookup(error: unknown, operation: string): UserError {
  const what = UNLISTED;
  const next =
    'use credentials of its management account, or of a delegated administrator; or name the accounts with --accounts';
  const { name } = error as Error;
  if (isAccessDenied(error))
    return new UserError(
      { code: name, what, why: `these credentials may not call organizations:${operation}`, next },
      { cause: error },
    );
  if (name === 'AWSOrganizationsNotInUseException')
    return new UserError(
      { code: name, what, why: 'this account is in no organization', next },
      { cause: error },
    );
  if (name === 'ParentNotFoundException')
    return new UserError(
      { code: name, what, why: 'the organization has no such unit', next: 'check the ids of --ou' },
      { cause: error },
    );
  return explainServiceError(error, what);
}

/**
 * The Regions that the caller's account has enabled, from Account Management. EC2's DescribeRegions would answer the
 * same, but in XML.
 * @throws UserError
 */
export async function listRegions(caller: Caller): Promise<string[]> {
  const names: string[] = [];
  const ask = async (token: object) => {
    const answer = await callSigned(caller, {
      service: 'account',
      path: '/listRegions',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        MaxResults: 50,
        RegionOptStatusContains: ['ENABLED', 'ENABLED_BY_DEFAULT'],
        ...token,
      }),
    });
    return JSON.parse(answer) as Page & { Regions: { RegionName: string }[] };
  };
  for await (const { Regions } of readPages('the Regions of the account could not be listed', ask))
    names.push(...Regions.map(({ RegionName }) => RegionName));
  return names.sort();
}
