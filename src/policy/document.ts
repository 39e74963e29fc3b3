import { listCallerPermissions, listHostPermissions, listPermissions } from './permissions.ts';
import { type PlannedRun, RESOURCES } from './planned-run.ts';
import { type Condition, type PolicyScope, scopeResources } from './resources.ts';

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Partial<Condition>;
}

/** An identity-based IAM policy. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly Statement[];
}

/** The least policy for one run: one statement for each kind of resource; none if it needs no permission. Pure. */
export function makePolicy(command: string, run: PlannedRun, scope: PolicyScope): PolicyDocument {
  const permissions =
    scope.principal === 'caller'
      ? listCallerPermissions(run)
      : scope.principal === 'host'
        ? listHostPermissions(command, run)
        : listPermissions(command, run);
  const kinds = [...new Set(permissions.map(({ on }) => on))];
  return {
    Version: '2012-10-17',
    Statement: kinds.flatMap((kind) => {
      const Action = [...new Set(permissions.filter(({ on }) => on === kind).map(({ action }) => action))];
      // The user guide has two forms for one's own sessions, by id and by tag. Which one works was not tried,
      // so use both.
      const forms = kind === 'own-sessions' ? [kind, 'tagged-sessions' as const] : [kind];
      return forms.map((form) => ({
        Sid: RESOURCES[form].sid,
        Effect: 'Allow' as const,
        Action,
        ...scopeResources(form, run, scope),
      }));
    }),
  };
}
