import { UsageError } from '../errors.ts';
import type { Settings } from '../settings/settings.ts';

/** One account in one Region, as the user named it; undefined: what the AWS variables and files say. */
export interface AccountName {
  readonly profile: string | undefined;
  readonly region: string | undefined;
}

/** Every profile in every Region: what one run works on. At least one. */
export function listAccounts({ common }: Settings): AccountName[] {
  const { profiles, regions } = common;
  return orNone(profiles).flatMap((profile) => orNone(regions).map((region) => ({ profile, region })));
}

function orNone(names: readonly string[]): readonly (string | undefined)[] {
  return names.length > 0 ? names : [undefined];
}

/** The same settings for one account alone. */
export function narrowSettings(settings: Settings, { profile, region }: AccountName): Settings {
  const only = (name: string | undefined) => (name === undefined ? [] : [name]);
  return {
    ...settings,
    common: { ...settings.common, profile, region, profiles: only(profile), regions: only(region) },
  };
}

/** What tells an account from the others, for the front of a line: profile, Region or both. */
export function labelAccount({ profile, region }: AccountName): string {
  return [profile, region].filter(Boolean).join(' ');
}

/** A sentence about one account, under its name where there are several. */
export function inAccount(name: AccountName | undefined, sentence: string): string {
  return name ? `${labelAccount(name)}: ${sentence}` : sentence;
}

/**
 * For what exists in one account alone, such as an instance to connect to. `hint` says which one would do, or what else.
 * @throws UsageError when the flags or variables name several.
 */
export function requireOneAccount(settings: Settings, what: string, hint = ''): void {
  const accounts = listAccounts(settings);
  if (accounts.length === 1) return;
  const { regions } = settings.common;
  throw new UsageError({
    what: `${what} works in one account and Region`,
    why: `--profile and --region name ${accounts.length}: ${accounts.map(labelAccount).join(', ')}`,
    next: `give ${hint ? 'the' : 'one'} ${regions.length > 1 ? '--region' : '--profile'}${hint}`,
  });
}

/** Columns that tell the rows of several accounts apart: profile, Region, or both, whichever differ. */
export function labelColumns(accounts: readonly AccountName[]): {
  readonly heads: readonly string[];
  cells(account: AccountName | undefined): string[];
} {
  const fields = (['profile', 'region'] as const).filter(
    (field) => new Set(accounts.map((account) => account[field])).size > 1,
  );
  return {
    heads: fields.map((field) => field.toUpperCase()),
    cells: (account) => fields.map((field) => account?.[field] ?? ''),
  };
}
