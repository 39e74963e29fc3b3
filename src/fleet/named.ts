/** Compares the invocations of a command with the instances that it named. */
import { failed, type Verdict } from './judge.ts';

/** Something else ran under this command's id, or the list is not of this command. */
const NOT_NAMED = failed(
  'not named',
  'the service lists it for this command, which did not name it, so its report does not count',
  'run status for it, and look who else sends commands in this account',
);

const NO_INVOCATION = failed(
  'no result',
  'the service lists nothing of it for the command that named it, so what happened there is not known',
  'run status for this instance',
);

/**
 * One verdict for each named instance, then those of instances that nobody named, as failures. Without names, all that have an id:
 * a tag may match anything.
 */
export function matchNamed(verdicts: readonly Verdict[], named: readonly string[]): Verdict[] {
  const listed = verdicts.filter(({ instanceId }) => instanceId !== '');
  if (named.length === 0) return listed;
  const byId = new Map(listed.map((verdict) => [verdict.instanceId, verdict]));
  const own = [...new Set(named)].map(
    (instanceId) => byId.get(instanceId) ?? { instanceId, name: '', report: undefined, ...NO_INVOCATION },
  );
  const others = listed.filter(({ instanceId }) => !named.includes(instanceId));
  return [...own, ...others.map((verdict) => ({ ...verdict, report: undefined, ...NOT_NAMED }))];
}
