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
import { sleep } from '../clock.ts';
import { wordTable } from '../word-table.ts';
import { alarmField } from './alarm.ts';
import { type Targets, toServiceTargets } from './choose.ts';
import { clockOf } from './client.ts';
import type { PinnedDocument } from './command-document.ts';
import { failing, readPages } from './pages.ts';
import { callUntilSeen } from './retries.ts';
import { type Delivery, whatToRun } from './send.ts';
import { explainRefusal, explainServiceError } from './service-errors.ts';

/** The start of our associations' names. The rest comes from the target expression. */
export const ASSOCIATION_PREFIX = 'ssm-keepalive-';

/** The change that one association needs, as data. */
export interface AssociationPlan {
  readonly action: 'create' | 'update' | 'none';
  readonly name: string;
  /** The existing association with our name. */
  readonly associationId: string | undefined;
  readonly request: CreateAssociationCommandInput;
  /** The changes of an update, in words. */
  readonly changes: readonly string[];
}

/** The targets of an association. For `--all` these are all instances, also future ones [model]. */
function associationTargets(targets: Targets): Target[] {
  if (targets.isAll) return [{ Key: 'InstanceIds', Values: ['*'] }];
  if (targets.instanceIds.length > 0) return [{ Key: 'InstanceIds', Values: [...targets.instanceIds] }];
  return toServiceTargets(targets);
}

/** Equal target expressions give equal names, in any order, so a second run finds the first one's association. */
export function associationName(targets: Targets): string {
  const sorted = associationTargets(targets)
    .map(({ Key = '', Values = [] }) => [Key, [...Values].sort()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return ASSOCIATION_PREFIX + createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

/** Reads the existing association and plans the change. @throws ServiceError */
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
    // Always set: the documentation contradicts itself about the defaults.
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

/** An association takes no hash. The version number is enough: the content of a version never changes. */
function toDocumentFields(delivery: Delivery) {
  const { DocumentName, DocumentVersion, Parameters } = {
    DocumentVersion: '$DEFAULT',
    ...whatToRun(delivery),
  };
  return { DocumentName, DocumentVersion, Parameters: Parameters as Record<string, string[]> };
}

/** Fields that somebody else added. An update without them would remove them [service's guide]. */
const KEPT = [
  ...(['ComplianceSeverity', 'SyncCompliance', 'OutputLocation', 'CalendarNames'] as const),
  'AssociationDispatchAssumeRole',
] as const;

const keepFields = (found: AssociationDescription): Pick<AssociationDescription, (typeof KEPT)[number]> =>
  Object.fromEntries(KEPT.flatMap((name) => (isEmpty(found[name]) ? [] : [[name, found[name]]])));

const isEmpty = (value: unknown) => !value || (Array.isArray(value) && value.length === 0);

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

/** Ids of the associations with this name, in the service's order. @throws ServiceError */
export async function findByName(client: SSMClient, name: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { AssociationId } of listAssociations(client, name))
    if (AssociationId) found.push(AssociationId);
  return found;
}

/** The associations with this name, or all, page by page. @throws ServiceError */
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
 * Applies a plan. In each case (created, edited, started) the service runs the association on all instances at once.
 * If an answer is lost, it looks for the result first, so nothing is made or run twice.
 * `document`: the version that was saved after the plan was made. Returns the association's id.
 * @throws ServiceError
 */
export async function saveAssociation(
  client: SSMClient,
  planned: AssociationPlan,
  document?: PinnedDocument,
): Promise<string> {
  const pinned = document ? { DocumentVersion: document.version } : {};
  const plan = { ...planned, request: { ...planned.request, ...pinned } };
  const { action, associationId: AssociationId, request, name } = plan;
  try {
    if (AssociationId === undefined) return await create(client, plan);
    if (action === 'none')
      await callUntilSeen<unknown>(
        () => client.send(new StartAssociationsOnceCommand({ AssociationIds: [AssociationId] })),
        // Nothing shows whether it was started, and a second start would run it twice.
        async () => true,
      );
    else
      await callUntilSeen<unknown>(
        () => client.send(new UpdateAssociationCommand({ ...request, AssociationId })),
        async () => findChanges(await describe(client, AssociationId), request).length === 0 || pause(client),
      );
    return AssociationId;
  } catch (error) {
    throw explainRefusal(
      REFUSALS,
      error,
      `association ${name} was not ${action === 'create' ? 'made' : 'changed'}`,
    );
  }
}

async function create(client: SSMClient, plan: AssociationPlan): Promise<string> {
  const { name, request } = plan;
  /** The first call did succeed, or somebody else made one: corrects it. */
  const find = async (): Promise<string | undefined> => {
    const [associationId] = await findByName(client, name);
    if (associationId === undefined) return undefined;
    const changes = findChanges(await describe(client, associationId), request);
    return changes.length === 0
      ? associationId
      : saveAssociation(client, { ...plan, action: 'update', associationId, changes });
  };
  const make = async () => {
    const { AssociationDescription } = await client.send(new CreateAssociationCommand(request));
    return AssociationDescription?.AssociationId ?? '';
  };
  return callUntilSeen(make, async () => (await find()) ?? pause(client)).catch(async (error: Error) => {
    const found = error.name === 'AssociationAlreadyExists' ? await find() : undefined;
    if (found === undefined) throw error;
    return found;
  });
}

/** Until a list shows what a call has done. */
const pause = (client: SSMClient) => sleep(clockOf(client), 2000).then(() => undefined);

/** Deletes an association, which may be gone already; installed instances keep their keeper. @throws ServiceError */
export async function deleteAssociation(client: SSMClient, AssociationId: string): Promise<void> {
  await client.send(new DeleteAssociationCommand({ AssociationId })).catch((error: Error) => {
    if (error.name !== 'AssociationDoesNotExist')
      throw explainServiceError(error, `association ${AssociationId} was not removed`);
  });
}

const REFUSALS = wordTable<readonly [why: string, next: string]>({
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
});
