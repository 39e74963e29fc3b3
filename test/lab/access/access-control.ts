/** Enforces a policy on every call of a lab, and records which parts of it were used. */
import { type Belongings, type Guard, LAB_USER, type Principal } from '../../../src/lab/guard.ts';
import { ACCOUNT, type HostSpec } from '../../../src/lab/options.ts';
import { ServiceError } from '../../../src/lab/service-error.ts';
import type { Input, OperationName } from '../../../src/lab/shapes.ts';
import { decide } from './evaluate.ts';
import { type AccessPolicy, readPolicy } from './policy-document.ts';
import { findTouched, type Touched, touchDataChannel, touchInstance } from './touched.ts';

/** A role under a session name of one's own, as with single sign-on. */
export const LAB_ROLE: Principal = {
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/operators/kim`,
  userId: 'AROALABLABLABLABLABL0:kim',
  sessionName: 'kim',
};

export class AccessControl implements Guard {
  principal: Principal = LAB_USER;
  private policy: AccessPolicy | undefined;
  private readonly used = new Set<string>();

  constructor(policy?: unknown, principal?: Principal) {
    this.enforce(policy, principal);
  }

  /** undefined: everything is allowed. @throws UserError */
  enforce(policy: unknown, principal: Principal = LAB_USER): void {
    this.policy = policy === undefined ? undefined : readPolicy(policy);
    this.principal = principal;
    this.used.clear();
  }

  /** @throws ServiceError AccessDeniedException for the first resource that is not allowed */
  checkCall(
    service: string,
    operation: OperationName,
    input: Input<OperationName>,
    inside: Belongings,
    region: string,
  ): void {
    const action = `${service}:${operation}`;
    for (const one of findTouched(inside, operation, input, region)) {
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

  mayReach(spec: HostSpec, region: string): boolean {
    return this.weigh('ssm:SendCommand', touchInstance(spec.id, spec, region), region) === 'allow';
  }

  mayOpenChannel(sessionId: string, inside: Belongings, region: string): boolean {
    const touched = touchDataChannel(sessionId, inside, region);
    return this.weigh('ssmmessages:OpenDataChannel', touched, region) === 'allow';
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
