/** Enforces a policy on every call, for tests alone, and records which parts of it were used. */
import { ServiceError } from '../service-error.ts';
import { decide } from './evaluate.ts';
import { type AccessPolicy, readPolicy } from './policy-document.ts';
import { LAB_USER, type Principal } from './principal.ts';

export interface Touched {
  readonly arn: string;
  /** Other ARNs of the same resource; a policy may use any. */
  readonly aliases?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
}

export class AccessControl {
  principal: Principal = LAB_USER;
  private policy: AccessPolicy | undefined;
  private readonly used = new Set<string>();

  /** undefined: everything is allowed, as at the start. @throws UserError */
  enforce(policy: unknown, principal: Principal = LAB_USER): void {
    this.policy = policy === undefined ? undefined : readPolicy(policy);
    this.principal = principal;
    this.used.clear();
  }

  /** @throws ServiceError AccessDeniedException for the first resource that is not allowed */
  check(action: string, touched: readonly Touched[], region: string): void {
    for (const one of touched) {
      const effect = this.weigh(action, one, region);
      if (effect === 'allow') continue;
      const { arn } = one;
      const why =
        effect === 'denied'
          ? 'with an explicit deny in an identity-based policy'
          : `because no identity-based policy allows the ${action} action`;
      throw new ServiceError(
        'AccessDeniedException',
        `User: ${this.principal.arn} is not authorized to perform: ${action} on resource: ${arn} ${why}`,
      );
    }
  }

  allows(action: string, touched: Touched, region: string): boolean {
    return this.weigh(action, touched, region) === 'allow';
  }

  /** The actions on resources and condition values that no call has used since `enforce`. */
  unused(): string[] {
    return (this.policy?.Statement ?? [])
      .flatMap((statement, index) => {
        const name = statement.Sid ?? String(index);
        const pairs = statement.Action.flatMap((action) =>
          statement.Resource.map((resource) => `${name}: ${action} on ${resource}`),
        );
        const conditions = Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
          Object.entries(keys ?? {}).flatMap(([key, values]) =>
            values.map((value) => `${name}: ${operator} ${key} ${value}`),
          ),
        );
        return [...pairs, ...conditions];
      })
      .filter((part) => !this.used.has(part));
  }

  private weigh(action: string, { arn, aliases = [], tags = {} }: Touched, region: string) {
    const { policy } = this;
    if (policy === undefined) return 'allow';
    const context = this.describe(tags, region);
    const decisions = [arn, ...aliases].map((resource) => decide(policy, { action, resource, context }));
    if (decisions.some(({ effect }) => effect === 'denied')) return 'denied';
    const grants = decisions.flatMap((decision) => (decision.effect === 'allow' ? decision.grants : []));
    if (grants.length === 0) return 'not allowed';
    // A policy may allow a resource in several forms; without aliases a second grant is superfluous.
    for (const grant of aliases.length > 0 ? grants : grants.slice(0, 1)) {
      const { statement, resource, conditions, action: pattern } = grant;
      const name = statement.Sid ?? String(policy.Statement.indexOf(statement));
      this.used.add(`${name}: ${pattern} on ${resource}`);
      for (const condition of conditions) this.used.add(`${name}: ${condition}`);
    }
    return 'allow';
  }

  private describe(tags: Readonly<Record<string, string>>, region: string): Map<string, string> {
    const { arn, userId, userName } = this.principal;
    return new Map([
      ['aws:requestedregion', region],
      ['aws:principalarn', arn],
      ['aws:userid', userId],
      ...(userName === undefined ? [] : ([['aws:username', userName]] as const)),
      ...Object.entries(tags).flatMap(([key, value]): [string, string][] => [
        [`ssm:resourcetag/${key.toLowerCase()}`, value],
        [`aws:resourcetag/${key.toLowerCase()}`, value],
      ]),
    ]);
  }
}
