/** The organization of the lab's accounts: roles to assume, accounts and units to list, enabled Regions. */
import type { Accounts } from './accounts.ts';
import { type Door, roleKey, type Scope } from './door.ts';
import { ACCOUNT, DEFAULT_REGIONS, type LabOptions } from './options.ts';
import { takePage } from './paging.ts';
import { ServiceError } from './service-error.ts';

export type OrganizationOperation = keyof typeof OPERATIONS;

export const ROOT = 'r-lab0';
/** The service's page size [Organizations model: MaxResults 1 to 20]. */
const PAGE_SIZE = 20;

type Input = Readonly<Record<string, unknown>>;
type Answer = Record<string, unknown>;

const OPERATIONS = {
  AssumeRole: (own: Organization, input: Input, scope: Scope, now: number) =>
    own.assumeRole(input, scope, now),
  ListAccounts: (own: Organization, input: Input, scope: Scope) => own.listAccounts(input, scope),
  ListAccountsForParent: (own: Organization, input: Input, scope: Scope) =>
    own.listAccounts(input, scope, own.requireParent(input)),
  ListOrganizationalUnitsForParent: (own: Organization, input: Input, scope: Scope) =>
    own.listUnits(input, scope),
  listRegions: (own: Organization, input: Input, scope: Scope) => own.listRegions(input, scope),
};

export class Organization {
  constructor(
    private readonly accounts: Accounts,
    private readonly door: Door,
    private readonly options: Pick<LabOptions, 'accounts' | 'units' | 'roleSeconds'>,
  ) {}

  /** @throws ServiceError */
  answer(operation: string, input: Input, scope: Scope, now: number): Answer {
    const run = OPERATIONS[operation as OrganizationOperation];
    if (!run) throw new ServiceError('UnknownOperationException');
    return run(this, input, scope, now);
  }

  /** STS gives one answer for a missing role, a missing trust and a wrong external id. */
  assumeRole({ RoleArn, RoleSessionName, ExternalId }: Input, scope: Scope, now: number): Answer {
    const [, id = '', path = ''] = /^arn:aws:iam::(\d{12}):role\/(.+)$/.exec(String(RoleArn)) ?? [];
    const spec = this.options.accounts?.find((account) => account.id === id);
    const isTrusted =
      this.accounts.specOf(scope.accessKeyId) === undefined &&
      spec?.role?.name === path &&
      (spec.role.externalId === undefined || spec.role.externalId === ExternalId);
    if (!isTrusted)
      throw new ServiceError(
        'AccessDenied',
        `User: arn:aws:iam::${ACCOUNT}:user/lab is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
      );
    const until = now + (this.options.roleSeconds ?? 3600) * 1000;
    const { accessKeyId, secretAccessKey } = this.door.credentials(roleKey(id));
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
  }

  /** `unit`: only its own accounts. The first account manages the organization and is in its root. */
  listAccounts({ NextToken }: Input, scope: Scope, unit?: string): Answer {
    this.requireManager(scope);
    const all = [{ id: ACCOUNT, unit: ROOT, state: 'ACTIVE' }, ...(this.options.accounts ?? [])];
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
  }

  listUnits(input: Input, scope: Scope): Answer {
    this.requireManager(scope);
    const parent = this.requireParent(input);
    const units = Object.entries(this.options.units ?? {}).flatMap(([id, above]) =>
      above === parent ? [id] : [],
    );
    return { OrganizationalUnits: units.map((Id) => ({ Id, Name: Id })), NextToken: null };
  }

  listRegions({ NextToken }: Input, scope: Scope): Answer {
    const { refusal, regions = DEFAULT_REGIONS } = this.accounts.specOf(scope.accessKeyId) ?? {};
    if (refusal !== undefined) throw new ServiceError(refusal);
    const page = takePage(regions, 50, NextToken as string | undefined, 'ValidationException');
    const RegionOptStatus = 'ENABLED_BY_DEFAULT';
    return {
      Regions: page.items.map((RegionName) => ({ RegionName, RegionOptStatus })),
      NextToken: page.NextToken,
    };
  }

  requireParent({ ParentId }: Input): string {
    const id = String(ParentId);
    if (id !== ROOT && this.options.units?.[id] === undefined)
      throw new ServiceError(
        'ParentNotFoundException',
        `You specified a root or OU that does not exist: ${id}`,
      );
    return id;
  }

  private requireManager({ accessKeyId }: Scope): void {
    if (this.accounts.specOf(accessKeyId) !== undefined)
      throw new ServiceError('AccessDeniedException', "You don't have permissions to access this resource.");
  }
}
