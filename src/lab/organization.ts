/** The organization of the lab's accounts: roles to assume, accounts and units to list, enabled Regions. */
import type { Accounts } from './accounts.ts';
import { type Door, roleKey, type Scope } from './door.ts';
import { ACCOUNT, DEFAULT_REGIONS, type LabOptions } from './options.ts';
import { takePage } from './paging.ts';
import { ServiceError } from './service-error.ts';

/** The service's page size [Organizations model: MaxResults 1 to 20]. */
const PAGE_SIZE = 20;
const ROOT = 'r-lab0';

type Input = Readonly<Record<string, unknown>>;
type Answer = Record<string, unknown>;

export type Organization = ReturnType<typeof makeOrganization>;
export type OrganizationOperation = keyof Organization;

/** Each operation by its name. @throws ServiceError */
export function makeOrganization(
  accounts: Accounts,
  door: Door,
  options: Pick<LabOptions, 'accounts' | 'units' | 'roleSeconds'>,
) {
  const requireManager = ({ accessKeyId }: Scope): void => {
    if (accounts.specOf(accessKeyId) !== undefined)
      throw new ServiceError('AccessDeniedException', "You don't have permissions to access this resource.");
  };

  const requireParent = ({ ParentId }: Input): string => {
    const id = String(ParentId);
    if (id !== ROOT && options.units?.[id] === undefined)
      throw new ServiceError(
        'ParentNotFoundException',
        `You specified a root or OU that does not exist: ${id}`,
      );
    return id;
  };

  /** `unit`: only its own accounts. The first account manages the organization and is in its root. */
  const listAccounts = ({ NextToken }: Input, scope: Scope, unit?: string): Answer => {
    requireManager(scope);
    const all = [{ id: ACCOUNT, unit: ROOT, state: 'ACTIVE' }, ...(options.accounts ?? [])];
    const wanted = all.filter((account) => unit === undefined || (account.unit ?? ROOT) === unit);
    const page = takePage(wanted, PAGE_SIZE, NextToken as string | undefined, 'InvalidInputException');
    return {
      Accounts: page.items.map(({ id, state = 'ACTIVE' }) => ({
        Id: id,
        Name: `account ${id}`,
        State: state,
      })),
      NextToken: page.NextToken ?? null,
    };
  };

  return {
    /** STS gives one answer for a missing role, a missing trust and a wrong external id. */
    AssumeRole({ RoleArn, RoleSessionName, ExternalId }: Input, scope: Scope, now: number): Answer {
      const [, id = '', path = ''] = /^arn:aws:iam::(\d{12}):role\/(.+)$/.exec(String(RoleArn)) ?? [];
      const spec = options.accounts?.find((account) => account.id === id);
      const isTrusted =
        accounts.specOf(scope.accessKeyId) === undefined &&
        spec?.role?.name === path &&
        (spec.role.externalId === undefined || spec.role.externalId === ExternalId);
      if (!isTrusted)
        throw new ServiceError(
          'AccessDenied',
          `User: arn:aws:iam::${ACCOUNT}:user/lab is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
        );
      const until = now + (options.roleSeconds ?? 3600) * 1000;
      const { accessKeyId, secretAccessKey } = door.credentials(roleKey(id));
      return {
        Credentials: {
          AccessKeyId: accessKeyId,
          SecretAccessKey: secretAccessKey,
          SessionToken: `lab-until-${until}`,
          Expiration: new Date(until).toISOString(),
        },
        AssumedRoleUser: {
          Arn: `arn:aws:sts::${id}:assumed-role/${path}/${RoleSessionName}`,
          AssumedRoleId: `AROALAB:${RoleSessionName}`,
        },
      };
    },
    ListAccounts: (input: Input, scope: Scope) => listAccounts(input, scope),
    ListAccountsForParent: (input: Input, scope: Scope) => listAccounts(input, scope, requireParent(input)),
    ListOrganizationalUnitsForParent(input: Input, scope: Scope): Answer {
      requireManager(scope);
      const parent = requireParent(input);
      const units = Object.entries(options.units ?? {}).filter(([, above]) => above === parent);
      return { OrganizationalUnits: units.map(([Id]) => ({ Id, Name: Id })), NextToken: null };
    },
    listRegions({ NextToken }: Input, scope: Scope): Answer {
      const { refusal, regions = DEFAULT_REGIONS } = accounts.specOf(scope.accessKeyId) ?? {};
      if (refusal !== undefined) throw new ServiceError(refusal);
      const page = takePage(regions, 50, NextToken as string | undefined, 'ValidationException');
      const RegionOptStatus = 'ENABLED_BY_DEFAULT';
      return {
        Regions: page.items.map((RegionName) => ({ RegionName, RegionOptStatus })),
        NextToken: page.NextToken,
      };
    },
  };
}
