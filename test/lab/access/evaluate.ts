/** Whether a policy allows a request [IAM user guide, policy evaluation logic and policy elements]. Pure. */
import type { AccessPolicy, AccessStatement } from './policy-document.ts';

export interface AccessRequest {
  readonly action: string;
  /** An ARN. */
  readonly resource: string;
  /** Facts of caller, request and resource; condition keys in lower case. */
  readonly context: ReadonlyMap<string, string>;
}

/** The part of a statement that decided, in the policy's own text. */
export interface Grant {
  readonly statement: AccessStatement;
  readonly action: string;
  readonly resource: string;
  /** `operator key value` for each condition key. */
  readonly conditions: readonly string[];
}

export type Decision =
  | { readonly effect: 'allow'; readonly grants: readonly Grant[] }
  | { readonly effect: 'denied' | 'not allowed' };

/** A matching deny wins; else all matching allows count. */
export function decide(policy: AccessPolicy, request: AccessRequest): Decision {
  const matching = policy.Statement.flatMap((statement) => matchStatement(statement, request) ?? []);
  if (matching.some(({ statement }) => statement.Effect === 'Deny')) return { effect: 'denied' };
  return matching.length > 0 ? { effect: 'allow', grants: matching } : { effect: 'not allowed' };
}

function matchStatement(statement: AccessStatement, request: AccessRequest): Grant | undefined {
  const { context } = request;
  // Case counts in resources, not in actions.
  const action = statement.Action.find((pattern) =>
    matches(pattern.toLowerCase(), request.action.toLowerCase()),
  );
  const resource = statement.Resource.find((pattern) => matchesArn(pattern, request.resource, context));
  const conditions = matchConditions(statement, context);
  if (action === undefined || resource === undefined || conditions === undefined) return undefined;
  return { statement, action, resource, conditions };
}

/** Every key must match one of its values; a key that the request lacks does not match. */
function matchConditions(
  { Condition = {} }: AccessStatement,
  context: AccessRequest['context'],
): string[] | undefined {
  const held: string[] = [];
  for (const [operator, keys] of Object.entries(Condition)) {
    for (const [key, values] of Object.entries(keys ?? {})) {
      const actual = context.get(key.toLowerCase());
      const isEqual = (value: string) => {
        const wanted = substitute(value, context, operator === 'StringLike');
        return wanted !== undefined && actual !== undefined && wanted.test(actual);
      };
      const value = values.find(isEqual);
      if (value === undefined) return undefined;
      held.push(`${operator} ${key} ${value}`);
    }
  }
  return held;
}

/** Compares segment by segment: `*` matches a colon only in the last segment. */
function matchesArn(pattern: string, arn: string, context: AccessRequest['context']): boolean {
  if (pattern === '*') return true;
  const split = (text: string) => {
    // Colons in a variable's name are not separators.
    const parts = text.replaceAll(/\$\{[^}]*\}/g, (name) => name.replaceAll(':', '\0')).split(':');
    return [...parts.slice(0, 5), parts.slice(5).join(':')].map((part) => part.replaceAll('\0', ':'));
  };
  const actual = split(arn);
  return split(pattern).every(
    (part, index) => substitute(part, context, true)?.test(actual[index] ?? '') === true,
  );
}

const matches = (pattern: string, text: string) => new RegExp(`^${glob(pattern)}$`, 's').test(text);

const glob = (text: string) => literal(text).replaceAll('\\*', '.*').replaceAll('\\?', '.');
const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** Fills in policy variables; undefined if the caller has no such value: then nothing matches. */
function substitute(
  text: string,
  context: AccessRequest['context'],
  hasWildcards: boolean,
): RegExp | undefined {
  let isKnown = true;
  const source = text
    .split(/(\$\{[^}]*\})/)
    .map((part) => {
      const name = /^\$\{(.*)\}$/s.exec(part)?.[1];
      if (name === undefined) return hasWildcards ? glob(part) : literal(part);
      if (['*', '?', '$'].includes(name)) return literal(name);
      const value = context.get(name.toLowerCase());
      isKnown &&= value !== undefined;
      return literal(value ?? '');
    })
    .join('');
  return isKnown ? new RegExp(`^${source}$`, 's') : undefined;
}
