import { createHash } from 'node:crypto';
import type { SSMClient } from '@aws-sdk/client-ssm';
import Table from 'cli-table3';
import type { Bundle } from '../bundle/index.ts';
import { type Instance, listInstances, NoMatchError } from '../fleet/choose.ts';
import type { Delivery } from '../fleet/send.ts';
import { RESOURCE_WORDS } from '../policy/describe.ts';
import { listPermissions } from '../policy/permissions.ts';
import type { Settings } from '../settings.ts';
import type { Verb } from './deliver.ts';
import { repeatKeeper } from './delivery-text.ts';
import type { Io } from './io.ts';
import { describeDocumentPlan, type OwnDocuments } from './own-document.ts';
import { PLAIN_TABLE, trimLines } from './plain-table.ts';

/** Shows who would be reached, with what and how; only lists instances, sends nothing. Returns the exit status. */
export async function showDryRun(
  client: SSMClient,
  verb: Verb,
  settings: Settings,
  bundle: Bundle,
  delivery: Delivery,
  hasCanary: boolean,
  io: Io,
  documents?: OwnDocuments,
): Promise<number> {
  const instances: Instance[] = [];
  const { resourceGroup } = settings.targets;
  if (!resourceGroup)
    for await (const instance of listInstances(client, delivery.targets)) instances.push(instance);
  if (instances.length === 0 && !resourceGroup) throw new NoMatchError(settings.targets);
  const unknownIds = settings.targets.instanceIds.filter(
    (id) => !instances.some((instance) => instance.instanceId === id),
  );
  const sent = `${delivery.commands.join('\n')}\n`;
  const plan = {
    command: verb,
    version: bundle.version,
    digest: bundle.digest,
    script: { sha256: createHash('sha256').update(sent).digest('hex'), bytes: Buffer.byteLength(sent) },
    document: documents?.script.name ?? 'AWS-RunShellScript',
    ...describeDocuments(documents),
    alarm: settings.delivery.alarm ?? null,
    maxConcurrency: delivery.maxConcurrency,
    maxErrors: delivery.maxErrors,
    timeoutSeconds: delivery.timeoutSeconds,
    instances: instances.map((instance) => ({ ...instance, why: whyNot(instance) })),
    unknownIds,
    resourceGroup: resourceGroup ?? null,
    canary: hasCanary && (instances.length > 1 || resourceGroup !== undefined),
    permissions: listNeeded(verb, settings),
    look: `ssm-keepalive render ${verb}-command${verb === 'install' ? repeatKeeper(settings) : ''}`,
  };
  if (settings.common.output === 'json') io.out(`${JSON.stringify(plan, null, 2)}\n`);
  else io.out(describePlan(plan, io));
  return 0;
}

/** What would become of the document, and which of its versions would be sent. */
function describeDocuments(documents: OwnDocuments | undefined): { documentPlan: DocumentFacts | null } {
  if (!documents) return { documentPlan: null };
  const { action, found, defaultVersion = null, content, versionName } = documents.script;
  return {
    documentPlan: {
      action,
      version: found?.version ?? null,
      versionName,
      defaultVersion,
      bytes: Buffer.byteLength(content),
      sha256: createHash('sha256').update(content).digest('hex'),
      says: describeDocumentPlan(documents.script),
    },
  };
}

interface DocumentFacts {
  action: string;
  version: string | null;
  versionName: string;
  defaultVersion: string | null;
  bytes: number;
  sha256: string;
  says: string;
}

/** Why an instance would not get the command; empty where it would. */
function whyNot(instance: Instance): string {
  if (instance.platformType !== '' && instance.platformType !== 'Linux')
    return 'not Linux: the script does not run there';
  return instance.isOnline ? '' : `offline (${instance.pingStatus}): start its agent`;
}

interface Plan {
  command: string;
  version: string;
  digest: string;
  document: string;
  documentPlan: DocumentFacts | null;
  alarm: string | null;
  maxConcurrency: string;
  maxErrors: string;
  script: { sha256: string; bytes: number };
  instances: (Instance & { why: string })[];
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

function describePlan(plan: Plan, io: Io): string {
  const table = new Table({
    head: ['INSTANCE', 'NAME', 'PLATFORM', 'AGENT', 'REACHED'],
    ...PLAIN_TABLE,
  });
  for (const { instanceId, name, platform, agentVersion, why } of plan.instances) {
    table.push([instanceId, name, platform, agentVersion, why || 'yes']);
  }
  for (const id of plan.unknownIds) table.push([id, '', '', '', 'not registered with Systems Manager here']);
  const rows = io.columns >= 100 ? trimLines(table.toString()) : plainRows(plan);
  const group = `who is in the resource group ${plan.resourceGroup} is known to the service alone`;
  return [
    plan.resourceGroup ? group : rows,
    '',
    `${plan.command} would send ${plan.script.bytes} bytes as ${plan.document}; their sha256:`,
    plan.script.sha256,
    `see every byte with  ${plan.look}`,
    ...(plan.documentPlan ? [plan.documentPlan.says] : []),
    describeRamp(plan),
    ...(plan.alarm ? [`the alarm ${JSON.stringify(plan.alarm)} would stop it`] : []),
    describeNeeded(plan),
    'nothing was sent',
    '',
  ].join('\n');
}

function describeRamp({ canary, maxConcurrency, maxErrors }: Plan): string {
  const first = canary ? 'one instance first, until its agent is seen back;\nthen ' : '';
  const errors = maxErrors === '0' ? 'the first failure' : `more than ${maxErrors} failures`;
  return maxErrors === '100%'
    ? `${first}all at once`
    : `${first}${maxConcurrency} at a time, stopping after ${errors}`;
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

function plainRows(plan: Plan): string {
  const widest = Math.max(0, ...plan.instances.map(({ name }) => name.length));
  return [
    ...plan.instances.map(
      ({ instanceId, name, why }) => `${instanceId}  ${name.padEnd(widest)}  ${why || 'would be reached'}`,
    ),
    ...plan.unknownIds.map((id) => `${id}  not registered with Systems Manager here`),
  ].join('\n');
}
