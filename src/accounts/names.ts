import { refuse } from '../errors.ts';
import type { Settings } from '../settings/settings.ts';

/** One account in one Region, as the user named it. Undefined fields: the AWS variables and files decide. */
export interface AccountName {
  /** Twelve digits, if a role of this account is assumed. */
  readonly account?: string | undefined;
  readonly profile: string | undefined;
  readonly region: string | undefined;
}

/** Every profile, or every account of --accounts, in every Region. */
export function listAccounts({ common, accounts }: Settings): AccountName[] {
  const { profiles, regions } = common;
  const places = orNone(regions).filter((region) => !accounts.excluded.includes(region ?? ''));
  return orNone(profiles).flatMap((profile) =>
    orNone(accounts.ids)
      .filter((account) => !accounts.excluded.includes(account ?? ''))
      .flatMap((account) =>
        places.map((region) => ({ ...(account === undefined ? {} : { account }), profile, region })),
      ),
  );
}

/** True if the accounts or Regions must be looked up. */
export function isLookedUp({ accounts }: Settings): boolean {
  return accounts.isAllRegions || isOfOrganization(accounts);
}

/** True if AWS Organizations lists the accounts. */
export function isOfOrganization({ isOrganization, units }: Settings['accounts']): boolean {
  return isOrganization || units.length > 0;
}

function orNone(names: readonly string[]): readonly (string | undefined)[] {
  return names.length > 0 ? names : [undefined];
}

/** The same settings for one account alone. */
export function narrowSettings(settings: Settings, { account, profile, region }: AccountName): Settings {
  const only = (name: string | undefined) => (name === undefined ? [] : [name]);
  const found = { isAllRegions: false, isOrganization: false, units: [], excluded: [] };
  return {
    ...settings,
    accounts: { ...settings.accounts, ...found, ids: only(account) },
    common: { ...settings.common, profile, region, profiles: only(profile), regions: only(region) },
  };
}

/** The label of an account at the start of a line: its id or profile, its Region, or both. */
export function labelAccount({
  account,
  profile,
  region,
}: Readonly<Partial<Record<keyof AccountName, string | null | undefined>>>): string {
  return [account ?? profile, region].filter(Boolean).join(' ');
}

/** How many places a question names. */
const NAMED_PLACES = 6;

/** For a question: ` in 2 accounts and Regions (dev us-east-1: 3, prod us-east-1: 1)`; empty for none. */
export function describePlaces(
  places: readonly { readonly label: string; readonly count?: string }[],
): string {
  const [first] = places;
  if (places.length < 2) return first?.label ? ` in ${first.label}` : '';
  const named = places
    .slice(0, NAMED_PLACES)
    .map(({ label, count }) => (count === undefined ? label : `${label}: ${count}`));
  const others = places.length - named.length;
  return ` in ${places.length} accounts and Regions (${named.join(', ')}${others > 0 ? ` and ${others} more` : ''})`;
}

/** A sentence about one account, with its label if there are several. */
export function inAccount(name: AccountName | undefined, sentence: string): string {
  return name ? `${labelAccount(name)}: ${sentence}` : sentence;
}

/** For commands that work in one account. `hint` ends the error's `next`. @throws UsageError if the flags or variables name several */
export function requireOneAccount(settings: Settings, what: string, hint = ''): void {
  const accounts = listAccounts(settings);
  refuse(isLookedUp(settings), {
    what: `${what} works in one account and Region`,
    why: '--all-regions, --organization and --ou find as many as there are',
    next: `give one --region, and one --profile or --accounts ID${hint}`,
  });
  const { regions } = settings.common;
  refuse(accounts.length !== 1, {
    what: `${what} works in one account and Region`,
    why: `${settings.accounts.ids.length > 0 ? '--accounts' : '--profile'} and --region name ${accounts.length}: ${accounts.map(labelAccount).join(', ')}`,
    next: `give ${hint ? 'the' : 'one'} ${regions.length > 1 ? '--region' : settings.accounts.ids.length > 1 ? '--accounts ID' : '--profile'}${hint}`,
  });
}

/** Columns that tell the rows of several accounts apart: profile, Region, or both, whichever differ. */
export function labelColumns(accounts: readonly AccountName[]): {
  readonly heads: readonly string[];
  cells(account: AccountName | undefined): string[];
} {
  const fields = (['account', 'profile', 'region'] as const).filter(
    (field) => new Set(accounts.map((account) => account[field])).size > 1,
  );
  return {
    heads: fields.map((field) => field.toUpperCase()),
    cells: (account) => fields.map((field) => account?.[field] ?? ''),
  };
}
