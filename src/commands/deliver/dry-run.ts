import { createHash } from 'node:crypto';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { type AccountName, labelAccount } from '../../accounts/names.ts';
import type { Bundle } from '../../bundle/index.ts';
import type { AssociationPlan } from '../../fleet/association.ts';
import { type Instance, listInstances, NoMatchError } from '../../fleet/choose.ts';
import type { Delivery } from '../../fleet/send.ts';
import { RUN_SHELL_SCRIPT } from '../../fleet/send.ts';
import { RESOURCE_WORDS } from '../../policy/describe.ts';
import { listPermissions } from '../../policy/permissions.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { say } from '../../terminal/safe-text.ts';
import { repeatKeeper } from '../repeat.ts';
import type { AccountPlan, NamedPlan, PlannedInstance } from './account-plan.ts';
import { sayFollowPlans } from './follow-plan.ts';
import { describeAccounts, type LookedAt } from './plan-accounts.ts';
import { renderPlannedInstances } from './plan-table.ts';
import { describeDocumentPlan, type OwnDocuments } from './saved-documents.ts';
import type { Verb } from './verb.ts';

/** Looks who would be reached, and sends nothing. @throws NoMatchError, ServiceError */
export async function planAccount(
  client: SSMClient,
  { targets }: Settings,
  delivery: Delivery,
  hasCanary: boolean,
  documents: OwnDocuments | undefined,
  following: AssociationPlan | undefined,
): Promise<AccountPlan> {
  const instances: PlannedInstance[] = [];
  const { resourceGroup } = targets;
  if (!resourceGroup)
    for await (const instance of listInstances(client, delivery.targets))
      instances.push({ ...instance, why: whyNot(instance) });
  if (instances.length === 0 && !resourceGroup && !following) throw new NoMatchError(targets);
  const unknownIds = targets.instanceIds.filter(
    (id) => !instances.some((instance) => instance.instanceId === id),
  );
  const canary = hasCanary && (instances.length > 1 || resourceGroup !== undefined);
  return { delivery, instances, unknownIds, canary, documents, following };
}

function whyNot(instance: Instance): string {
  if (instance.platformType !== '' && instance.platformType !== 'Linux')
    return 'not Linux: the script does not run there';
  return instance.isOnline ? '' : `offline (${instance.pingStatus}): start its agent`;
}

/** Prints who would be reached, with what and how. At least one of `looks` has a plan. */
export function showPlans(
  looks: readonly LookedAt[],
  verb: Verb,
  settings: Settings,
  bundle: Bundle,
  io: Io,
): void {
  const plans = looks.flatMap(({ name, plan }) => (plan ? [{ name, plan }] : []));
  const [first] = plans;
  if (!first) return;
  const { delivery } = first.plan;
  const sent = delivery.commands.join('\n') + '\n';
  const plan = {
    command: verb,
    version: bundle.version,
    digest: bundle.digest,
    script: { sha256: createHash('sha256').update(sent).digest('hex'), bytes: Buffer.byteLength(sent) },
    document: first.plan.documents?.script.name ?? RUN_SHELL_SCRIPT,
    ...describeAccounts(looks, verb, settings),
    alarm: settings.delivery.alarm ?? null,
    restart: mayRestart(verb, settings),
    maxConcurrency: delivery.maxConcurrency,
    maxErrors: delivery.maxErrors,
    timeoutSeconds: delivery.timeoutSeconds,
    instances: plans.flatMap(({ name, plan: { instances } }) =>
      instances.map((instance) => ({ ...nameFields(name), ...instance })),
    ),
    // An id that one account does not know may be another's.
    unknownIds: first.plan.unknownIds.filter((id) =>
      plans.every(({ plan: { unknownIds } }) => unknownIds.includes(id)),
    ),
    resourceGroup: settings.targets.resourceGroup ?? null,
    canary: plans.some(({ plan: { canary } }) => canary),
    permissions: listNeeded(verb, settings),
    look: `ssm-keepalive render ${verb}-command${verb === 'install' ? repeatKeeper(settings) : ''}`,
  };
  if (settings.common.output === 'ndjson') {
    const { instances, ...rest } = plan;
    for (const instance of instances) io.out(`${JSON.stringify({ type: 'instance', ...instance })}\n`);
    io.out(`${JSON.stringify({ type: 'plan', ...rest })}\n`);
  } else if (settings.common.output === 'json') io.out(`${JSON.stringify(plan, null, 2)}\n`);
  else io.out(describePlan(plan, plans, sayFollowPlans(plans, verb, settings), io));
}

const nameFields = (name: AccountName | undefined) =>
  name ? { profile: name.profile ?? null, region: name.region ?? null } : {};

/** What a restart costs; an agent that carries the entry already is left alone. */
const RESTART =
  'an agent whose environment changes is restarted, once no other document runs there;\nfor about ten seconds such a host drops the jobs that it is sent';

const mayRestart = (verb: Verb, { keeper }: Settings) =>
  verb !== 'status' && keeper.restart && (verb === 'uninstall' || keeper.entries.includes('env'));

interface Plan {
  command: string;
  document: string;
  alarm: string | null;
  restart: boolean;
  maxConcurrency: string;
  maxErrors: string;
  script: { sha256: string; bytes: number };
  unknownIds: string[];
  resourceGroup: string | null;
  canary: boolean;
  permissions: readonly NeededPermission[];
  look: string;
}

interface NeededPermission {
  readonly action: string;
  readonly on: string;
  readonly why: string;
  /** The one path that needs it; null: every run. */
  readonly only: string | null;
  /** What is missing without it; null: nothing works. */
  readonly without: string | null;
}

/** What the run itself will need; this look needs less. */
function listNeeded(verb: Verb, settings: Settings): NeededPermission[] {
  const delivery = { ...settings.delivery, isDryRun: false };
  const run = { settings: { ...settings, delivery }, words: [], own: {} };
  return listPermissions(verb, run).map(({ action, on, why, only = null, without = null }) => ({
    action,
    on: RESOURCE_WORDS[on],
    why,
    only,
    without,
  }));
}

function describePlan(plan: Plan, plans: readonly NamedPlan[], follow: readonly string[], io: Io): string {
  const group = `who is in the resource group ${plan.resourceGroup} is known to the service alone`;
  return [
    plan.resourceGroup ? group : renderPlannedInstances(plans, plan.unknownIds, io),
    '',
    say`${plan.command} would send ${plan.script.bytes} bytes as ${plan.document}; their sha256:`,
    plan.script.sha256,
    `see every byte with  ${plan.look}`,
    ...plans.flatMap(({ name, plan: { documents } }) =>
      documents
        ? [say`${name ? `${labelAccount(name)}: ` : ''}${describeDocumentPlan(documents.script)}`]
        : [],
    ),
    ...follow,
    describeRamp(plan, plans.length),
    ...(plan.restart ? [RESTART] : []),
    ...(plan.alarm ? [`the alarm ${JSON.stringify(plan.alarm)} would stop it`] : []),
    describeNeeded(plan),
    'nothing was sent',
    '',
  ].join('\n');
}

function describeRamp({ canary, maxConcurrency, maxErrors }: Plan, accountCount: number): string {
  const each = accountCount > 1 ? 'in each account and Region at the same time: ' : '';
  const first = canary ? 'one instance first, until its agent is seen back;\nthen ' : '';
  const errors = maxErrors === '0' ? 'the first failure' : `more than ${maxErrors} failures`;
  return maxErrors === '100%'
    ? `${each}${first}all at once`
    : `${each}${first}${maxConcurrency} at a time, stopping after ${errors}`;
}

/** Names alone, as an administrator is asked for them; the reasons are in the JSON. */
function describeNeeded({ command, permissions }: Plan): string {
  const names = [...new Set(permissions.map(({ action }) => action))].join(', ');
  return [
    ...wrapWords(`the run needs ${names};`, 76),
    `as an IAM policy:  ssm-keepalive policy ${command}  and the same flags`,
  ].join('\n');
}

function wrapWords(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + word.length < width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
