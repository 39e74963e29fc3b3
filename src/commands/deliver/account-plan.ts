import type { AccountName } from '../../accounts/names.ts';
import type { AssociationPlan } from '../../fleet/association.ts';
import type { Instance } from '../../fleet/choose.ts';
import type { Delivery } from '../../fleet/send.ts';
import type { OwnDocuments } from './saved-documents.ts';

/** What a run would do in one account. */
export interface AccountPlan {
  readonly delivery: Delivery;
  readonly instances: readonly PlannedInstance[];
  readonly unknownIds: readonly string[];
  readonly canary: boolean;
  readonly documents: OwnDocuments | undefined;
  /** What would become of the association of `--follow`. */
  readonly following: AssociationPlan | undefined;
}

export interface PlannedInstance extends Instance {
  /** Why it would not get the command; empty where it would. */
  readonly why: string;
}

/** One account's plan under its name; the name is undefined where there is only one. */
export interface NamedPlan {
  readonly name: AccountName | undefined;
  readonly plan: AccountPlan;
}
