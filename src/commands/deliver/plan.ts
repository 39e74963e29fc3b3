import type { SSMClient } from '@aws-sdk/client-ssm';
import type { AccountAtWork } from '../../accounts/account-work.ts';
import type { AccountName } from '../../accounts/names.ts';
import { type Bundle, type ScriptName, wireCommands } from '../../bundle/index.ts';
import {
  type AssociationPlan,
  associationName,
  findByName,
  planAssociation,
} from '../../fleet/association.ts';
import { findMatching, type KnownAssociation } from '../../fleet/association-match.ts';
import { mayRunScripts } from '../../fleet/canary.ts';
import {
  enumerateAll,
  type Instance,
  listInstances,
  NoMatchError,
  type Targets,
} from '../../fleet/choose.ts';
import { placeOf } from '../../fleet/client.ts';
import type { Delivery } from '../../fleet/send.ts';
import { isAccessDenied } from '../../fleet/service-errors.ts';
import type { Settings } from '../../settings/settings.ts';
import { findIdlePolicyWarnings } from './idle-policy-check.ts';
import { type OwnDocuments, planDocuments, plannedDocument } from './own-documents.ts';

/** The commands that run a script on instances. */
export type Verb = ScriptName;

/** A run in one account and Region, as data: everything for the dry run, the question and apply. */
export interface Plan {
  readonly verb: Verb;
  /** The targets, the script and the limits. The document is added after it was saved. */
  readonly delivery: Delivery;
  /** The status script of the second look; absent: no second look. */
  readonly lookCommands: readonly string[] | undefined;
  readonly hasCanary: boolean;
  /** The run waits for the results. */
  readonly isWatched: boolean;
  readonly reach: Reach;
  /** The profile and Region for the question, if there is one account. */
  readonly place: string | undefined;
  readonly documents: OwnDocuments | undefined;
  readonly following: AssociationPlan | undefined;
  /** For `uninstall --follow`: our associations for the same targets, to be removed first. */
  readonly ending: { readonly name: string; readonly ids: readonly string[] } | undefined;
  /** Our other associations that reach the same instances; undefined: not looked up. */
  readonly associations: readonly KnownAssociation[] | undefined;
  readonly warnings: readonly string[];
}

/** The plan of one account; its name is undefined if there is only one. */
export interface NamedPlan {
  readonly name: AccountName | undefined;
  readonly plan: Plan;
}

/** The instances of a plan: all for a dry run; for a question only enough to know whether they are many. */
export interface Reach {
  /** Undefined: only the service knows, or no question is needed. */
  readonly count: number | undefined;
  readonly instances: readonly PlannedInstance[];
  /** Named ids that this account and Region do not know. */
  readonly unknownIds: readonly string[];
}

export interface PlannedInstance extends Instance {
  /** Why it would not get the command; empty: it would. */
  readonly why: string;
}

/** How long each script may run on an instance; the installer's own limits are much lower. */
export const EXECUTION_TIMEOUT_SECONDS = 300;

/**
 * Looks, and changes nothing. Whatever can refuse refuses here. In an account and Region that nobody named it looks first whether
 * anybody is there: one call instead of a command that reaches nobody.
 * @throws UserError
 */
export async function makePlan(
  client: SSMClient,
  verb: Verb,
  settings: Settings,
  bundle: Bundle,
  { isFound, label }: Pick<AccountAtWork, 'isFound' | 'label'>,
): Promise<Plan> {
  const { isFollow, shouldWait, every, isDryRun } = settings.delivery;
  if (isFound) await requireAny(client, settings.targets);
  // With several accounts each name is in one of them, and --follow is also for instances to come.
  if (label === '' && !isFollow) await requireEach(client, verb, settings);
  const targets = await enumerateAll(client, settings.targets);
  const delivery = makeDelivery(verb, settings, bundle, targets);
  const documents = await planDocuments(client, verb, settings, bundle);
  const document = plannedDocument(documents);
  const following =
    isFollow && verb === 'install'
      ? await planAssociation(client, settings.targets, { ...delivery, document }, every)
      : undefined;
  const name = associationName(settings.targets);
  const ending = isFollow && verb === 'uninstall' ? { name, ids: await findByName(client, name) } : undefined;
  const warnings =
    verb === 'install'
      ? await findIdlePolicyWarnings(client, settings).catch(async (refusal) => {
          // A mistyped target is told first.
          if (!isFollow) await requireAny(client, settings.targets).catch(throwNoMatch);
          throw refusal;
        })
      : [];
  const reach = await findReach(client, verb, settings, targets);
  const isEmpty = reach.count === 0 && !targets.resourceGroup;
  if (isEmpty && !following && !ending) throw new NoMatchError(settings.targets);
  const isLooked = verb === 'uninstall' || (verb === 'status' && shouldWait && !isDryRun);
  const matching = isLooked ? await findMatching(client, settings.targets) : undefined;
  const isInstall = verb === 'install' && (settings.keeper.restart || isFollow);
  return {
    verb,
    delivery,
    lookCommands: isInstall ? wireCommands('status', bundle) : undefined,
    hasCanary: needsCanary(verb, settings),
    isWatched: shouldWait,
    reach,
    place: label === '' ? await placeOf(client) : undefined,
    documents,
    following,
    ending,
    associations: matching?.filter(({ id }) => !ending?.ids.includes(id)),
    warnings,
  };
}

export const needsCanary = (verb: Verb, settings: Settings) =>
  verb === 'install' && settings.keeper.restart && settings.delivery.hasCanary;

function makeDelivery(verb: Verb, settings: Settings, bundle: Bundle, targets: Targets): Delivery {
  const { alarm, timeoutSeconds, maxConcurrency, maxErrors } = settings.delivery;
  // A look changes nothing, so it goes to all at once, and no failure stops it.
  const isLook = verb === 'status';
  return {
    targets,
    commands: wireCommands(verb, bundle),
    script: verb,
    comment: `ssm-keepalive ${bundle.version} ${verb}`,
    notSent: NOT_SENT[verb],
    alarm,
    timeoutSeconds,
    executionTimeoutSeconds: EXECUTION_TIMEOUT_SECONDS,
    maxConcurrency: isLook ? '100%' : maxConcurrency,
    maxErrors: isLook ? '100%' : maxErrors,
  };
}

const NOT_SENT: Readonly<Record<Verb, string>> = {
  install: 'the installer was not sent',
  uninstall: 'the uninstaller was not sent',
  status: 'the status could not be read',
};

function throwNoMatch(error: unknown): void {
  if (error instanceof NoMatchError) throw error;
}

async function requireAny(client: SSMClient, targets: Targets): Promise<void> {
  if (targets.resourceGroup) return;
  for await (const _ of listInstances(client, targets)) return;
  throw new NoMatchError(targets);
}

/**
 * The service accepts a tag that no instance has, and reaches nobody; of several names it reaches those that exist. So they are
 * looked for first, unless a canary is chosen, which lists the instances anyway. With --yes no tag is looked for: that run is for
 * many, and costs no more calls than it must. Without permission to list, a wrong tag shows only afterwards. @throws NoMatchError
 */
async function requireEach(client: SSMClient, verb: Verb, settings: Settings): Promise<void> {
  const { targets, delivery } = settings;
  const names = targets.tags.find(({ key }) => key === 'Name')?.values ?? [];
  if (names.length > 1) {
    for (const name of names)
      await requireAny(client, { tags: [{ key: 'Name', values: [name] }], instanceIds: [] });
  } else if (
    targets.tags.length > 0 &&
    delivery.shouldWait &&
    !needsCanary(verb, settings) &&
    (names.length > 0 || !delivery.isConfirmed)
  ) {
    await requireAny(client, targets).catch((error: Error) => {
      if (!isAccessDenied(error.cause)) throw error;
    });
  }
}

/** Lists the instances: all for a dry run; for a question it stops as soon as they are many. */
async function findReach(
  client: SSMClient,
  verb: Verb,
  { delivery, targets: asked }: Settings,
  targets: Targets,
): Promise<Reach> {
  const { isDryRun, isConfirmed, confirmAbove } = delivery;
  const { instanceIds } = targets;
  const uncounted = { count: undefined, instances: [], unknownIds: [] };
  if (targets.resourceGroup || (!isDryRun && (verb === 'status' || isConfirmed))) return uncounted;
  if (!isDryRun && instanceIds.length > 0) return { ...uncounted, count: instanceIds.length };
  const instances: PlannedInstance[] = [];
  try {
    for await (const instance of listInstances(client, targets)) {
      instances.push({ ...instance, why: whyNot(instance) });
      if (!isDryRun && instances.length > confirmAbove) break;
    }
  } catch (error) {
    if (!isDryRun && isAccessDenied((error as Error).cause)) return uncounted;
    throw error;
  }
  const known = new Set(instances.map(({ instanceId }) => instanceId));
  const unknownIds = asked.instanceIds.filter((id) => !known.has(id));
  return { count: instances.length, instances, unknownIds };
}

function whyNot(instance: Instance): string {
  if (!mayRunScripts(instance)) return 'not Linux: it would be skipped';
  return instance.isOnline ? '' : `offline (${instance.pingStatus}): start its agent`;
}
