import { listPermissions } from './permissions.ts';
import type { PlannedRun, ResourceKind } from './planned-run.ts';
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

/** The least policy for one run of a command: a statement for each kind of resource. No statement: it needs none. Pure. */
export function makePolicy(command: string, run: PlannedRun, scope: PolicyScope): PolicyDocument {
  const permissions = listPermissions(command, run);
  const kinds = [...new Set(permissions.map(({ on }) => on))];
  return {
    Version: '2012-10-17',
    Statement: kinds.map((kind) => ({
      Sid: SIDS[kind],
      Effect: 'Allow',
      Action: [...new Set(permissions.filter(({ on }) => on === kind).map(({ action }) => action))],
      ...scopeResources(kind, run, scope),
    })),
  };
}

/** Letters and digits only, as IAM has it. */
const SIDS: Readonly<Record<ResourceKind, string>> = {
  any: 'NoResourceKnown',
  instances: 'Instances',
  'run-script': 'ServiceDocument',
  'own-document': 'OwnDocument',
  associations: 'Associations',
  preferences: 'SessionPreferences',
  'temporary-document': 'TemporaryDocument',
  'session-document': 'SessionDocument',
  'any-document': 'SessionDocuments',
  'own-sessions': 'OwnSessions',
};
