/** Which accounts an AWS organization has, and which Regions an account. */
import * as z from 'zod';
import type { UserError } from '../errors.ts';
import { wordTable } from '../word-table.ts';
import { readPages } from './pages.ts';
import { explainRefusal, isAccessDenied } from './service-errors.ts';
import { type Caller, callSigned, readAnswer } from './signed-call.ts';

const page = z.object({ NextToken: z.string().nullish() });

const account = z.object({
  Id: z.string(),
  /** ACTIVE, or a status of joining or leaving. */
  State: z.string().nullish(),
  /** The name of State before September 2026 [Organizations API reference]. */
  Status: z.string().nullish(),
});

const accounts = page.extend({ Accounts: z.array(account) });
const units = page.extend({ OrganizationalUnits: z.array(z.object({ Id: z.string() })) });
const regions = page.extend({ Regions: z.array(z.object({ RegionName: z.string() })) });

type Account = z.output<typeof account>;
type Page = z.output<typeof page>;

const UNLISTED = 'the accounts of the organization could not be listed';

/**
 * The ids of the organization's accounts, or of those below the units; each once. Without accounts that are closed, suspended or
 * not joined yet: no role can be assumed there.
 * @throws UserError
 */
export async function listMembers(caller: Caller, units: readonly string[]): Promise<string[]> {
  const found = units.length === 0 ? await listAll(caller) : await listBelow(caller, units);
  const active = found.filter(({ Status, State }) => (State ?? Status) === 'ACTIVE');
  return [...new Set(active.map(({ Id }) => Id))];
}

async function listAll(caller: Caller): Promise<Account[]> {
  const pages = await readAll(caller, accounts, 'ListAccounts', {});
  return pages.flatMap(({ Accounts }) => Accounts);
}

/** A unit’s own accounts, then those of the units in it. */
async function listBelow(caller: Caller, ids: readonly string[]): Promise<Account[]> {
  const found: Account[] = [];
  const todo = [...ids];
  for (let ParentId = todo.shift(); ParentId !== undefined; ParentId = todo.shift()) {
    const pages = await readAll(caller, accounts, 'ListAccountsForParent', { ParentId });
    found.push(...pages.flatMap(({ Accounts }) => Accounts));
    const inner = await readAll(caller, units, 'ListOrganizationalUnitsForParent', { ParentId });
    todo.push(...inner.flatMap(({ OrganizationalUnits }) => OrganizationalUnits.map(({ Id }) => Id)));
  }
  return found;
}

async function readAll<T extends Page>(
  caller: Caller,
  form: z.ZodType<T>,
  operation: string,
  input: object,
): Promise<T[]> {
  const pages: T[] = [];
  const ask = (token: object) => call(caller, form, operation, { ...input, ...token });
  for await (const found of readPages(UNLISTED, ask)) pages.push(found);
  return pages;
}

async function call<T>(caller: Caller, form: z.ZodType<T>, operation: string, input: object): Promise<T> {
  try {
    const answer = await callSigned(caller, {
      service: 'organizations',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `AWSOrganizationsV20161128.${operation}`,
      },
      body: JSON.stringify(input),
    });
    return readAnswer(form, answer);
  } catch (error) {
    throw explainLookup(error, operation);
  }
}

function explainLookup(error: unknown, operation: string): UserError {
  const next =
    'use credentials of its management account, or of a delegated administrator; or name the accounts with --accounts';
  const refused = isAccessDenied(error) ? (error as Error).name : '';
  const refusals = wordTable<readonly [why: string, next: string]>({
    [refused]: [`these credentials may not call organizations:${operation}`, next],
    AWSOrganizationsNotInUseException: ['this account is in no organization', next],
    ParentNotFoundException: ['the organization has no such unit', 'check the ids of --ou'],
  });
  return explainRefusal(refusals, error, UNLISTED);
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
    return readAnswer(regions, answer);
  };
  for await (const { Regions } of readPages('the Regions of the account could not be listed', ask))
    names.push(...Regions.map(({ RegionName }) => RegionName));
  return names.sort();
}
