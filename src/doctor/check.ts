/** A check of `doctor`: its name, the facts that it needs, and its judgement. */
import type { CredentialFacts } from '../fleet/credentials.ts';
import { SAID, type Verdict } from '../fleet/judge.ts';
import type { Permission } from '../fleet/permissions.ts';
import type { SessionHistory } from '../fleet/session-history.ts';
import type { SessionLimits } from '../fleet/session-limits.ts';
import { completeAdvice } from '../settings/told-connection.ts';
import type { MachineFacts } from './machine.ts';

/** ok: nothing to do. note: worth knowing. todo: something must be done. unknown: could not be checked. */
export type Level = 'ok' | 'note' | 'todo' | 'unknown';

export interface Finding {
  readonly level: Level;
  /** One sentence without a final full stop. */
  readonly finding: string;
  readonly evidence: readonly string[];
  /** What to do or type; empty: nothing. */
  readonly next: string;
}

/** All facts; each is read once. */
export interface Facts {
  readonly credentials: CredentialFacts & { readonly now: Date };
  readonly permissions: readonly Permission[];
  readonly limits: SessionLimits;
  /** `isKnown` is false if the service has no such instance. */
  readonly instance: InstanceFacts;
  /** The result of the status script on the instance. */
  readonly status: Verdict;
  readonly machine: MachineFacts;
  readonly history: SessionHistory & { readonly since: string };
}

export interface InstanceFacts {
  readonly instanceId: string;
  readonly isKnown: boolean;
  /** What helps with one that is not known. */
  readonly next?: string;
  readonly name: string;
  readonly isOnline: boolean;
  readonly pingStatus: string;
  readonly platformType: string;
  readonly agentVersion: string;
}

type FactName = keyof Facts;

/** Why a fact is not known, and how to find it out. */
export interface Gap {
  readonly why: string;
  readonly next: string;
}

/** The known facts, and a reason for each missing one. */
export interface Evidence {
  readonly facts: Partial<Facts>;
  readonly gaps: Readonly<Partial<Record<FactName, Gap>>>;
  /** The flags that reach the same account again, for commands that people are told to type. */
  readonly connection: string;
}

export interface Check {
  readonly name: string;
  /** It concerns one instance, so it is left out if none was named. */
  readonly isOfInstance: boolean;
  run(evidence: Evidence): Finding;
}

interface CheckSpec<K extends FactName> {
  readonly name: string;
  readonly needs: readonly K[];
  readonly isOfInstance?: boolean;
  /** Judges the facts. All that it needs are present; others may be. */
  readonly look: (facts: Pick<Facts, K> & Partial<Facts>) => Finding;
  /** Judges a missing fact; without this function the check is unknown. */
  readonly explainGap?: (gap: Gap) => Finding;
}

/** Makes a check; its `look` is called only if all needed facts are known. */
export function defineCheck<K extends FactName>(spec: CheckSpec<K>): Check {
  const { name, needs, isOfInstance = false, look, explainGap = notChecked } = spec;
  return {
    name,
    isOfInstance,
    run({ facts, gaps, connection }) {
      const missing = needs.find((need) => facts[need] === undefined);
      const found =
        missing === undefined
          ? look(facts as Pick<Facts, K> & Partial<Facts>)
          : explainGap(gaps[missing] ?? { why: `${missing} was not looked at`, next: '' });
      // The instance's own words are not our advice.
      const isOurs = !found.next.startsWith(SAID);
      return isOurs ? { ...found, next: completeAdvice(found.next, connection) } : found;
    },
  };
}

export function notChecked({ why, next }: Gap): Finding {
  return { level: 'unknown', finding: `not checked: ${why}`, evidence: [], next };
}

export function ok(finding: string, evidence: readonly string[] = []): Finding {
  return { level: 'ok', finding, evidence, next: '' };
}

export function note(finding: string, evidence: readonly string[] = [], next = ''): Finding {
  return { level: 'note', finding, evidence, next };
}

export const countSessions = (count: number): string => (count === 1 ? '1 session' : `${count} sessions`);

export function todo(finding: string, evidence: readonly string[], next: string): Finding {
  return { level: 'todo', finding, evidence, next };
}
