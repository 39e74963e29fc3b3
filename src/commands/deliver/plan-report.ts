/** The output of a dry run: the plans, and that nothing was sent. Keys of the JSON are stable and documented in docs/json.md. */
import { createHash } from 'node:crypto';
import {
  type AccountEnd,
  type AccountPlace,
  describeAccount,
  describeEach,
  isSeveral,
  listOutcomes,
  nameFields,
} from '../../accounts/account-work.ts';
import { type AccountName, inAccount } from '../../accounts/names.ts';
import type { Bundle } from '../../bundle/index.ts';
import { describeTargets } from '../../fleet/choose.ts';
import { RUN_SHELL_SCRIPT } from '../../fleet/send.ts';
import { listCallerPermissions, listPermissions } from '../../policy/permissions.ts';
import { RESOURCES } from '../../policy/planned-run.ts';
import { repeatKeeper } from '../../settings/keeper-flags.ts';
import type { Settings } from '../../settings/settings.ts';
import { repeatRole } from '../../settings/told-connection.ts';
import type { Io } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import { quoteCommand } from '../../terminal/shell-word.ts';
import { wrapLines } from '../../terminal/wrap.ts';
import { describeQuestion } from './confirm.ts';
import { renderFailedAccounts } from './failure-report.ts';
import { describeAction, describeFollow } from './follow-text.ts';
import { writeLine } from './ndjson.ts';
import { describeDocumentPlan } from './own-documents.ts';
import type { NamedPlan, Plan, Verb } from './plan.ts';
import { renderPlannedInstances } from './plan-table.ts';

/** Prints which instances a run would reach, what it would send and how. Returns the exit status. */
export function reportPlans(
  verb: Verb,
  settings: Settings,
  bundle: Bundle,
  ends: readonly AccountEnd<Plan>[],
  io: Io,
): number {
  const plans = namePlans(ends);
  const [first] = plans;
  if (first) {
    const run = describeRun(verb, settings, bundle, first.plan, plans);
    const instances = plans.flatMap(({ name, plan }) => describeInstances(plan, name));
    const describe = (plan: Plan) => describePlan(plan, settings);
    const accounts = isSeveral(ends)
      ? { accounts: describeEach(ends, describe, { documentPlan: null, association: null }) }
      : describe(first.plan);
    if (settings.common.output === 'ndjson') {
      writeLine(io, 'plan', { ...run, ...accounts });
    } else if (settings.common.output === 'json')
      io.out(`${JSON.stringify({ ...run, ...accounts, instances }, null, 2)}\n`);
    else io.out(renderPlans(run, plans, settings, io));
  }
  io.err(renderFailedAccounts(ends.map(describeAccount)));
  return ends.some((end) => 'error' in end) ? 1 : 0;
}

/** `--output ndjson`: an account's instances as soon as its plan is made. Returns the plan without them, to save memory. */
export function writePlanned(plan: Plan, { name, label }: AccountPlace, io: Io): Plan {
  for (const instance of describeInstances(plan, label ? name : undefined))
    writeLine(io, 'instance', instance);
  return { ...plan, reach: { ...plan.reach, instances: [] } };
}

const describeInstances = ({ reach }: Plan, name: AccountName | undefined) =>
  reach.instances.map((instance) => ({ ...(name ? nameFields(name) : {}), ...instance }));

/** The plans that could be made. */
export function namePlans(ends: readonly AccountEnd<Plan>[]): NamedPlan[] {
  return listOutcomes(ends).map(({ account, outcome }) => ({
    name: account.label ? account.name : undefined,
    plan: outcome,
  }));
}

/** The part that is the same in every account. */
function describeRun(
  verb: Verb,
  settings: Settings,
  bundle: Bundle,
  { delivery, documents, hasCanary }: Plan,
  plans: readonly NamedPlan[],
) {
  const sent = delivery.commands.join('\n') + '\n';
  const reaches = plans.map(({ plan }) => plan.reach);
  const { alarm, resourceGroup } = { ...settings.delivery, ...settings.targets };
  const [{ unknownIds } = { unknownIds: [] }] = reaches;
  return {
    command: verb,
    version: bundle.version,
    digest: bundle.digest,
    script: { sha256: sha256(sent), bytes: Buffer.byteLength(sent) },
    document: documents?.script.name ?? RUN_SHELL_SCRIPT,
    alarm: alarm ?? null,
    restart: mayRestart(verb, settings),
    maxConcurrency: delivery.maxConcurrency,
    maxErrors: delivery.maxErrors,
    timeoutSeconds: delivery.timeoutSeconds,
    // Another account may know an id that one account does not know.
    unknownIds: unknownIds.filter((id) => reaches.every((reach) => reach.unknownIds.includes(id))),
    resourceGroup: resourceGroup ?? null,
    canary: hasCanary && (resourceGroup !== undefined || reaches.some(({ count = 0 }) => count > 1)),
    permissions: listNeeded(verb, settings),
    look:
      quoteCommand`ssm-keepalive render ${verb}-command` +
      (verb === 'install' ? repeatKeeper(settings.keeper) : ''),
  };
}

type Run = ReturnType<typeof describeRun>;

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const mayRestart = (verb: Verb, { keeper }: Settings) =>
  verb !== 'status' && keeper.restart && (verb === 'uninstall' || keeper.entries.includes('env'));

/** The permissions of the run itself; the dry run needs fewer. */
function listNeeded(verb: Verb, settings: Settings) {
  const delivery = { ...settings.delivery, isDryRun: false };
  const run = { settings: { ...settings, delivery }, words: [], own: {} };
  return [...listPermissions(verb, run), ...listCallerPermissions(run)].map(
    ({ action, on, why, only = null, without = null }) => ({
      action,
      on: RESOURCES[on].words,
      why,
      /** The only case that needs it; null: every run needs it. */
      only,
      /** What does not work without it; null: nothing works. */
      without,
    }),
  );
}

function describePlan(plan: Plan, settings: Settings) {
  return { documentPlan: describeDocument(plan), association: describeAssociation(plan, settings) };
}

function describeDocument({ documents }: Plan) {
  if (!documents) return null;
  const { action, found, defaultVersion = null, content, versionName } = documents.script;
  return {
    action,
    version: found?.version ?? null,
    versionName,
    defaultVersion,
    bytes: Buffer.byteLength(content),
    sha256: sha256(content),
    says: describeDocumentPlan(documents.script),
  };
}

function describeAssociation({ following, ending }: Plan, { targets }: Settings) {
  if (following) {
    const { action, name, associationId: id = null, changes, request } = following;
    const says = safe`${describeAction(following)};\n${describeFollow(following, targets)}`;
    return { action, name, id, changes, schedule: request.ScheduleExpression ?? null, says };
  }
  if (!ending) return null;
  const { name } = ending;
  const [id = null] = ending.ids;
  const rest = { name, id, changes: [], schedule: null };
  return id === null
    ? { action: 'none', ...rest, says: 'no association of ours is for these targets' }
    : { action: 'remove', ...rest, says: `association ${name} (${id}) would be removed first` };
}

/** What a restart costs; an agent that carries the entry already is left alone. */
const RESTART =
  'an agent whose environment changes is restarted, once no other document runs there; jobs that are sent there meanwhile, for about ten seconds, are lost';

const EDITS: Readonly<Partial<Record<string, string>>> = {
  install: 'a file of ours that was edited on an instance is replaced: the edit is lost',
  uninstall: 'a file of ours that was edited on an instance stays there, and is named',
};

/** What the entry `env` costs on a host. */
const ENV_PRICE =
  'the entry env gives Run Command scripts a variable ENV too; an instance that still has a script which uses ENV gets everything but this entry, unless --entry names it';

function renderPlans(run: Run, plans: readonly NamedPlan[], settings: Settings, io: Io): string {
  const inEach = (words: (plan: Plan) => string | undefined) =>
    plans.flatMap(({ name, plan }) =>
      (words(plan)?.split('\n') ?? []).map((line) => safe`${inAccount(name, line)}`),
    );
  const names = [...new Set(run.permissions.map(({ action }) => action))].join(', ');
  const who = run.resourceGroup
    ? `only the service knows the members of the resource group ${run.resourceGroup}`
    : renderPlannedInstances(plans, run.unknownIds, io);
  const lines = [
    safe`${run.command} would send ${run.script.bytes} bytes as ${run.document}; their sha256:`,
    run.script.sha256,
    `see every byte with  ${run.look}`,
    ...inEach(({ documents }) => documents && describeDocumentPlan(documents.script)),
    ...inEach((plan) => describeAssociation(plan, settings)?.says),
    describeRamp(run, plans.length),
    ...(run.restart ? [RESTART] : []),
    ...(run.command === 'install' && settings.keeper.entries.includes('env') ? [ENV_PRICE] : []),
    EDITS[run.command] ?? '',
    ...(run.alarm ? [`the alarm ${JSON.stringify(run.alarm)} would stop it`] : []),
    describeQuestion(run.command, plans, settings) ?? '',
    // Only the names, to ask an administrator for them; the JSON has the reasons.
    `the run needs ${names};`,
    `as an IAM policy:  ${tellPolicy(run.command, settings)}`,
    'nothing was sent',
  ];
  return who + '\n\n' + wrapLines(lines.filter(Boolean).join('\n'), io.columns) + '\n';
}

/** The flags that decide which permissions are needed, and where. */
function tellPolicy(verb: string, { targets, delivery, common, accounts }: Settings): string {
  const document = delivery.documentName;
  return [
    quoteCommand`ssm-keepalive policy ${verb}`,
    describeTargets(targets),
    ...(document === undefined ? [] : [quoteCommand`--document ${document}`]),
    ...common.regions.map((region) => quoteCommand`--region ${region}`),
    ...repeatRole({ ...accounts, externalId: undefined }).flatMap((flag) => flag.trim() || []),
    ...(delivery.isFollow ? ['--follow'] : []),
    ...(delivery.shouldWait ? [] : ['--no-wait']),
  ].join(' ');
}

function describeRamp({ canary, maxConcurrency, maxErrors }: Run, accountCount: number): string {
  const each = accountCount > 1 ? 'in each account and Region at the same time: ' : '';
  const first = canary ? 'one instance first, until its agent is seen back; then ' : '';
  const errors = maxErrors === '0' ? 'the first failure' : `more than ${maxErrors} failures`;
  return maxErrors === '100%'
    ? `${each}${first}all at once`
    : `${each}${first}${maxConcurrency} at a time, stopping after ${errors}`;
}
