import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  type AssociationDescription,
  CreateAssociationCommand,
  type CreateAssociationCommandInput,
  DeleteAssociationCommand,
  DescribeAssociationCommand,
  ListAssociationsCommand,
  type SSMClient,
  StartAssociationsOnceCommand,
  type Target,
  UpdateAssociationCommand,
} from '@aws-sdk/client-ssm';
import { UserError } from '../errors.ts';
import { alarmField } from './alarm.ts';
import { type Targets, toServiceTargets } from './choose.ts';
import type { PinnedDocument } from './command-document.ts';
import { failing, readPages } from './pages.ts';
import { callOnce, isOutcomeUnknown } from './retries.ts';
import { type Delivery, whatToRun } from './send.ts';
import { explainServiceError } from './service-errors.ts';

/** Every association of ours starts with this; the rest of its name is worked out from the target expression. */
export const ASSOCIATION_PREFIX = 'ssm-keepalive-';

/** What has to happen so that one association of ours does what was asked for. */
export interface AssociationPlan {
  readonly action: 'create' | 'update' | 'none';
  readonly name: string;
  /** The one that is there, under our name. */
  readonly associationId: string | undefined;
  readonly request: CreateAssociationCommandInput;
  /** What an update changes, in words. */
  readonly changes: readonly string[];
}

export interface SavedAssociation {
  readonly associationId: string;
  /** As the service counts its edits; empty where it was only started. */
  readonly version: string;
}

/** Whom an association is for: `--all` is everybody there will ever be, which associations can say [model]. */
export function associationTargets(targets: Targets): Target[] {
  if (targets.isAll) return [{ Key: 'InstanceIds', Values: ['*'] }];
  if (targets.instanceIds.length > 0) return [{ Key: 'InstanceIds', Values: [...targets.instanceIds] }];
  return toServiceTargets(targets);
}

/** The same expression gives the same name, whatever the order in which it was typed: so a second run finds the first one's. */
export function associationName(targets: Targets): string {
  const sorted = associationTargets(targets)
    .map(({ Key = '', Values = [] }) => [Key, [...Values].sort()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return ASSOCIATION_PREFIX + createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

/** Looks what is there; changes nothing. @throws ServiceError */
export async function planAssociation(
  client: SSMClient,
  targets: Targets,
  delivery: Delivery,
  schedule: string | undefined,
): Promise<AssociationPlan> {
  const name = associationName(targets);
  const { DocumentName, DocumentVersion, Parameters } = toDocumentFields(delivery);
  const request = {
    Name: DocumentName,
    DocumentVersion,
    Parameters,
    Targets: associationTargets(targets),
    AssociationName: name,
    // Always both: the documented defaults contradict each other.
    MaxConcurrency: delivery.maxConcurrency,
    MaxErrors: delivery.maxErrors,
    ...(schedule ? { ScheduleExpression: schedule } : {}),
    ...alarmField(delivery.alarm),
  };
  const [associationId] = await findByName(client, name);
  if (associationId === undefined) return { action: 'create', name, associationId, request, changes: [] };
  const found = await describe(client, associationId);
  const changes = findChanges(found, request);
  const action = changes.length > 0 ? 'update' : 'none';
  return { action, name, associationId, request: { ...request, ...keepFields(found) }, changes };
}

/** An association takes no hash; a version of a document never changes its content, so the number pins it. */
function toDocumentFields(delivery: Delivery) {
  const {
    DocumentName,
    DocumentVersion = '$DEFAULT',
    Parameters,
  } = {
    DocumentVersion: undefined,
    ...whatToRun(delivery),
  };
  return { DocumentName, DocumentVersion, Parameters: Parameters as Record<string, string[]> };
}

/** What somebody else has added to ours, and an update would forget if it left it out [service's guide]. */
function keepFields(found: AssociationDescription) {
  const { ComplianceSeverity, SyncCompliance, OutputLocation, CalendarNames } = found;
  const { AssociationDispatchAssumeRole } = found;
  return {
    ...(ComplianceSeverity ? { ComplianceSeverity } : {}),
    ...(SyncCompliance ? { SyncCompliance } : {}),
    ...(OutputLocation ? { OutputLocation } : {}),
    ...(CalendarNames?.length ? { CalendarNames } : {}),
    ...(AssociationDispatchAssumeRole ? { AssociationDispatchAssumeRole } : {}),
  };
}

function findChanges(found: AssociationDescription, wanted: AssociationPlan['request']): string[] {
  const alarmOf = (one: {
    AlarmConfiguration?: { Alarms?: { Name?: string | undefined }[] | undefined } | undefined;
  }) => one.AlarmConfiguration?.Alarms?.[0]?.Name ?? 'none';
  const compare = (what: string, before: unknown, after: unknown) =>
    before === after ? [] : [`${what} ${before} → ${after}`];
  const isSameScript = isDeepStrictEqual(found.Parameters ?? {}, wanted.Parameters ?? {});
  return [
    ...compare('document', found.Name, wanted.Name),
    ...(found.Name === wanted.Name
      ? compare('document version', found.DocumentVersion ?? '$DEFAULT', wanted.DocumentVersion)
      : []),
    ...(isSameScript ? [] : ['the script, which comes from other settings or another version']),
    ...compare('schedule', found.ScheduleExpression ?? 'none', wanted.ScheduleExpression ?? 'none'),
    ...compare('at a time', found.MaxConcurrency, wanted.MaxConcurrency),
    ...compare('failures allowed', found.MaxErrors, wanted.MaxErrors),
    ...compare('alarm', alarmOf(found), alarmOf(wanted)),
  ];
}

/** Ids of the associations of that name, the first of them first. @throws ServiceError */
export async function findByName(client: SSMClient, name: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { AssociationId } of listAssociations(client, name))
    if (AssociationId) found.push(AssociationId);
  return found;
}

/** Associations of one name, or all there are, a page at a time. @throws ServiceError */
export async function* listAssociations(client: SSMClient, name?: string) {
  const filter = name ? { AssociationFilterList: [{ key: 'AssociationName' as const, value: name }] } : {};
  const pages = readPages('the associations could not be listed', (token) =>
    client.send(new ListAssociationsCommand({ ...filter, MaxResults: 50, ...token })),
  );
  for await (const { Associations = [] } of pages) yield* Associations;
}

async function describe(client: SSMClient, AssociationId: string): Promise<AssociationDescription> {
  const { AssociationDescription } = await client
    .send(new DescribeAssociationCommand({ AssociationId }))
    .catch(failing(`association ${AssociationId} could not be read`));
  return AssociationDescription ?? {};
}

/**
 * Carries a plan out. Each way the service runs it on everybody at once: because it is new, because it was edited, or because
 * it is started once more. An answer that got lost is looked for, so nothing is made or run twice. `document`: as it was saved
 * after the plan was made.
 * @throws ServiceError
 */
export async function saveAssociation(
  client: SSMClient,
  planned: AssociationPlan,
  document?: PinnedDocument,
): Promise<SavedAssociation> {
  const pinned = document ? { DocumentVersion: document.version } : {};
  const plan = { ...planned, request: { ...planned.request, ...pinned } };
  const { action, associationId: AssociationId, request, name } = plan;
  try {
    if (AssociationId === undefined) return await create(client, plan);
    if (action === 'none') {
      await callOnce(() =>
        client.send(new StartAssociationsOnceCommand({ AssociationIds: [AssociationId] })),
      ).catch(ignoreLostAnswer);
      return { associationId: AssociationId, version: '' };
    }
    const updated = await callOnce(() =>
      client.send(new UpdateAssociationCommand({ ...request, AssociationId })),
    ).catch(ignoreLostAnswer);
    const description = updated?.AssociationDescription ?? (await describe(client, AssociationId));
    if (!updated && findChanges(description, request).length > 0) return await saveAssociation(client, plan);
    return { associationId: AssociationId, version: description.AssociationVersion ?? '' };
  } catch (error) {
    throw explain(error, `association ${name} was not ${action === 'create' ? 'made' : 'changed'}`);
  }
}

async function create(client: SSMClient, plan: AssociationPlan): Promise<SavedAssociation> {
  const { name, request } = plan;
  const made = await callOnce(() => client.send(new CreateAssociationCommand(request))).catch(
    (error: Error) => {
      if (error.name !== 'AssociationAlreadyExists' && !isOutcomeUnknown(error)) throw error;
      return error;
    },
  );
  if (!(made instanceof Error)) {
    const { AssociationId = '', AssociationVersion = '1' } = made.AssociationDescription ?? {};
    return { associationId: AssociationId, version: AssociationVersion };
  }
  const [associationId] = await findByName(client, name);
  if (associationId !== undefined) {
    // Heard after all, or somebody else was quicker: what is there is brought to what was asked for.
    const changes = findChanges(await describe(client, associationId), request);
    if (changes.length === 0) return { associationId, version: '1' };
    return saveAssociation(client, { ...plan, action: 'update', associationId, changes });
  }
  if (made.name === 'AssociationAlreadyExists') throw made;
  return create(client, plan);
}

function ignoreLostAnswer(error: unknown): undefined {
  if (!isOutcomeUnknown(error)) throw error;
}

/** Ends one; what it has put on instances stays there. True when it was there. @throws ServiceError */
export async function deleteAssociation(client: SSMClient, associationId: string): Promise<boolean> {
  try {
    await client.send(new DeleteAssociationCommand({ AssociationId: associationId }));
    return true;
  } catch (error) {
    if ((error as Error).name === 'AssociationDoesNotExist') return false;
    throw explainServiceError(error, `association ${associationId} was not removed`);
  }
}

const REFUSALS: Readonly<Record<string, readonly [why: string, next: string]>> = {
  AssociationLimitExceeded: [
    'the account has as many associations as it may in this Region (2,000)',
    'delete some that nobody needs, or choose one tag for all the instances',
  ],
  AssociationAlreadyExists: [
    'the service says that there is one like it, under a name that is not ours',
    'look with  aws ssm list-associations',
  ],
  AssociationVersionLimitExceeded: [
    'it was edited as often as it may (1,000 times)',
    'remove it with  ssm-keepalive uninstall --follow  and make it anew',
  ],
  TooManyUpdates: ['it is being edited by somebody else', 'run the command again in a minute'],
  InvalidSchedule: ['the service does not take the schedule', 'give --every another rate'],
  InvalidTarget: ['the service does not take these targets for an association', 'choose them by tag'],
};

function explain(error: unknown, what: string): UserError {
  const { name } = error as Error;
  const refusal = REFUSALS[name];
  if (!refusal) return explainServiceError(error, what);
  return new UserError({ code: name, what, why: refusal[0], next: refusal[1] }, { cause: error });
}
