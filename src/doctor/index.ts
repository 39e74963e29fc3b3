/** The checks of `doctor`, in the order of the report. */
import type { Check, Evidence, Finding } from './check.ts';
import { credentials, permissions, recycle } from './checks/account.ts';
import { plugin, proxy } from './checks/client.ts';
import { history, justInTime } from './checks/history.ts';
import { agentVersion, instance, memory } from './checks/instance.ts';
import { entries, keeper, tmout } from './checks/keeper.ts';
import { idleTimeout, maximumDuration } from './checks/limits.ts';

const CHECKS: readonly Check[] = [
  credentials,
  permissions,
  recycle,
  idleTimeout,
  maximumDuration,
  instance,
  agentVersion,
  memory,
  keeper,
  entries,
  tmout,
  plugin,
  proxy,
  history,
  justInTime,
];

export interface CheckResult extends Finding {
  readonly check: string;
}

/** Runs all checks; those of an instance only if `hasInstance`. Pure: equal evidence gives equal findings. */
export function examine(evidence: Evidence, hasInstance: boolean): CheckResult[] {
  return CHECKS.filter(({ isOfInstance }) => hasInstance || !isOfInstance).map((check) => ({
    check: check.name,
    ...check.run(evidence),
  }));
}

export { ANSWERS, type Answer, ENDINGS } from './answers.ts';
export type { Evidence, Facts, Gap, Level } from './check.ts';
export { groupSessions, type SessionGroup } from './history-groups.ts';
export { lookAtMachine } from './machine.ts';
