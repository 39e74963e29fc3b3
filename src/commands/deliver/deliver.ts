import type { SSMClient } from '@aws-sdk/client-ssm';
import { type Bundle, wireCommands } from '../../bundle/index.ts';
import { findMatching } from '../../fleet/association-match.ts';
import { enumerateAll, type Targets } from '../../fleet/choose.ts';
import { type PushOptions, type PushResult, pushScript } from '../../fleet/push.ts';
import { type Delivery, sendScript } from '../../fleet/send.ts';
import type { Interruption } from '../../interruption.ts';
import type { Settings } from '../../settings/settings.ts';
import { refuseInterrupted, type UnderWay } from '../ctrl-c.ts';
import type { AccountPlan } from './account-plan.ts';
import { countReach, type Reach } from './confirm.ts';
import { planAccount } from './dry-run.ts';
import { planFollow, runFollow } from './follow.ts';
import { removeFollow } from './follow-removal.ts';
import { describeAction, warnOfAssociations } from './follow-text.ts';
import { checkIdlePolicy, needsCanary } from './install-checks.ts';
import type { Progress } from './progress.ts';
import { planDocuments, plannedDocument, type SavedDocuments, saveDocuments } from './saved-documents.ts';
import { describeTakeUp, takeUp } from './sent-commands.ts';
import type { Verb } from './verb.ts';
import type { Following } from './verdict-json.ts';

/** How long each script may run on an instance; the installer's own steps are bounded well below this. */
const EXECUTION_TIMEOUT_SECONDS = 300;

/** What one account is delivered with: the layer around, run-verb.ts, makes one for each and prints what comes back. */
export interface AccountRun {
  readonly client: SSMClient;
  readonly verb: Verb;
  /** Narrowed to this account. */
  readonly settings: Settings;
  readonly bundle: Bundle;
  readonly interruption: Interruption;
  readonly progress: Progress;
  /** A note for people while it goes on; what came of it goes back as the outcome. */
  note(text: string): void;
  /** What Ctrl-C finds from here on. */
  enter(stage: UnderWay): void;
  /** Asks, together with the other accounts, whether so many may be changed. @throws UserError where they may not */
  confirm(reach: Reach): Promise<void>;
}

/** What came of one account. */
export type Outcome =
  | { readonly kind: 'plan'; readonly plan: AccountPlan }
  | ({ readonly kind: 'sent'; readonly commandIds: readonly string[] } & Following)
  | ({ readonly kind: 'result'; readonly result: PushResult } & Following);

/** Brings one of the three scripts to every target in one account. @throws UserError */
export async function deliver(run: AccountRun): Promise<Outcome> {
  const { client, verb, settings, bundle } = run;
  if (settings.delivery.commandIds.length > 0) {
    run.enter('commands');
    const result = await takeUp({ ...run, executionSeconds: EXECUTION_TIMEOUT_SECONDS });
    return { kind: 'result', result };
  }
  const targets = await enumerateAll(client, settings.targets);
  const unpinned = makeDelivery(verb, settings, bundle, targets);
  const plans = await planDocuments(client, verb, settings, bundle);
  const planned = { ...unpinned, document: plannedDocument(plans) };
  const following = await planFollow(client, verb, settings, planned);
  if (verb === 'install') await checkIdlePolicy(client, settings, run.note);
  if (settings.delivery.isDryRun)
    return {
      kind: 'plan',
      plan: await planAccount(client, settings, unpinned, needsCanary(verb, settings), plans, following),
    };
  if (verb !== 'status') {
    const edit = verb === 'install' && following?.action === 'update' ? describeAction(following) : undefined;
    await run.confirm({ ...(await countReach(client, targets, settings)), edit });
  }
  refuseInterrupted(run.interruption);
  run.enter('changing');
  const saved = await saveDocuments(client, plans, run.note);
  run.enter('looking');
  refuseInterrupted(run.interruption);
  const delivery = { ...unpinned, document: saved.document };
  if (verb === 'install' && following) return follow(run, delivery, saved);
  const known = await lookForAssociations(run);
  if (!settings.delivery.shouldWait)
    return { kind: 'sent', commandIds: await sendOnly(run, delivery), ...known };
  return { kind: 'result', result: await pushWith(run, delivery, saved, pushScript), ...known };
}

/** `install --follow`: after Ctrl-C the association stays as it is, since its runs cannot be cancelled. */
async function follow(run: AccountRun, delivery: Delivery, saved: SavedDocuments): Promise<Outcome> {
  const { settings, note, enter } = run;
  const executionSeconds = EXECUTION_TIMEOUT_SECONDS;
  const { result, association } = await pushWith(run, delivery, saved, (push) =>
    runFollow({ push, settings, note, enter, executionSeconds }),
  );
  const isSent = association !== null && !settings.delivery.shouldWait;
  return isSent
    ? { kind: 'sent', commandIds: result.commandIds, association }
    : { kind: 'result', result, association };
}

/** The association is ended before anything is taken off; others that would put it back are named. */
async function lookForAssociations({
  client,
  verb,
  settings,
  interruption,
  note,
  enter,
}: AccountRun): Promise<Following> {
  const { isFollow, shouldWait } = settings.delivery;
  if (verb === 'install' || (verb === 'status' && !shouldWait)) return {};
  const isEnded = verb === 'uninstall' && isFollow;
  const association = isEnded
    ? await removeFollow(client, settings, interruption, note, () => enter('changing'))
    : undefined;
  enter('looking');
  refuseInterrupted(interruption);
  const associations = await findMatching(client, settings.targets);
  if (verb === 'uninstall') warnOfAssociations(associations, settings, note);
  return { associations, ...(association ? { association } : {}) };
}

function makeDelivery(verb: Verb, settings: Settings, bundle: Bundle, targets: Targets): Delivery {
  return {
    targets,
    commands: wireCommands(verb, bundle),
    comment: `ssm-keepalive ${bundle.version} ${verb}`,
    alarm: settings.delivery.alarm,
    timeoutSeconds: settings.delivery.timeoutSeconds,
    executionTimeoutSeconds: EXECUTION_TIMEOUT_SECONDS,
    // Looking changes nothing on a host: it may go to all of them at once, and one failure must not hide the others.
    maxConcurrency: verb === 'status' ? '100%' : settings.delivery.maxConcurrency,
    maxErrors: verb === 'status' ? '100%' : settings.delivery.maxErrors,
  };
}

async function sendOnly(
  { client, verb, settings, note, enter }: AccountRun,
  delivery: Delivery,
): Promise<string[]> {
  enter('commands');
  const commandIds = await sendScript(client, delivery);
  note('ssm-keepalive: sent. To see how it went:  ' + describeTakeUp(verb, commandIds, settings) + '\n');
  return commandIds;
}

/** Pushes, and tells whoever leaves early how to take up what was sent. */
async function pushWith<T>(
  run: AccountRun,
  delivery: Delivery,
  saved: SavedDocuments,
  push: (options: PushOptions) => Promise<T>,
): Promise<T> {
  const { client, verb, settings, bundle, interruption, progress, note } = run;
  const sentIds: string[] = [];
  refuseInterrupted(interruption);
  const options: PushOptions = {
    client,
    delivery,
    lookDocument: saved.lookDocument,
    hasCanary: needsCanary(verb, settings),
    interruption,
    onSending: () => run.enter('commands'),
    onEvent: (event) => {
      if (event.kind === 'sent' && event.stage !== 'look') sentIds.push(event.commandId);
      progress.onEvent(event);
    },
    ...(verb === 'install' && (settings.keeper.restart || settings.delivery.isFollow)
      ? { lookCommands: wireCommands('status', bundle) }
      : {}),
  };
  let isComplete = false;
  try {
    const result = await push(options);
    isComplete = !interruption.leaveSignal.aborted;
    return result;
  } finally {
    if (!isComplete && sentIds.length > 0) {
      note(
        'ssm-keepalive: left early. To take it up again:  ' + describeTakeUp(verb, sentIds, settings) + '\n',
      );
    }
  }
}
