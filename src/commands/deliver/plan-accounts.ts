/** What a dry run says of each account beside its instances: its document, its association, or why it could not be looked at. */
import { createHash } from 'node:crypto';
import type { AccountName } from '../../accounts/names.ts';
import type { Failure } from '../../errors.ts';
import type { Settings } from '../../settings/settings.ts';
import type { AccountPlan } from './account-plan.ts';
import { describeFollowPlan, type PlannedAssociation } from './follow-plan.ts';
import { describeDocumentPlan, type OwnDocuments } from './saved-documents.ts';
import type { Verb } from './verb.ts';

/** One account under its name, which is undefined where there is only one; without a plan where looking failed. */
export interface LookedAt {
  readonly name: AccountName | undefined;
  readonly plan: AccountPlan | undefined;
  readonly error: Failure | null;
}

/** What would become of the document, and which of its versions would be sent; keys are stable and documented in docs/json.md. */
interface PlannedDocument {
  readonly action: string;
  readonly version: string | null;
  readonly versionName: string;
  readonly defaultVersion: string | null;
  readonly bytes: number;
  readonly sha256: string;
  readonly says: string;
}

interface Planned {
  readonly documentPlan: PlannedDocument | null;
  readonly association: PlannedAssociation | null;
}

/** The keys of a dry run's JSON: those of the one account, or `accounts`, one for each in the order they were named. */
export function describeAccounts(
  looks: readonly LookedAt[],
  verb: Verb,
  settings: Settings,
): Planned | { readonly accounts: readonly object[] } {
  const [first] = looks;
  if (looks.length === 1 && first?.plan) return describe(first.plan, verb, settings);
  const accounts = looks.map(({ name, plan, error }) => ({
    profile: name?.profile ?? null,
    region: name?.region ?? null,
    error,
    ...(plan ? describe(plan, verb, settings) : { documentPlan: null, association: null }),
  }));
  return { accounts };
}

function describe({ documents, following }: AccountPlan, verb: Verb, settings: Settings): Planned {
  return {
    documentPlan: describeDocument(documents),
    association: following ? describeFollowPlan(verb, settings, following) : null,
  };
}

function describeDocument(documents: OwnDocuments | undefined): PlannedDocument | null {
  if (!documents) return null;
  const { action, found, defaultVersion = null, content, versionName } = documents.script;
  return {
    action,
    version: found?.version ?? null,
    versionName,
    defaultVersion,
    bytes: Buffer.byteLength(content),
    sha256: createHash('sha256').update(content).digest('hex'),
    says: describeDocumentPlan(documents.script),
  };
}
