import type { SSMClient } from '@aws-sdk/client-ssm';
import { type Bundle, renderBundle, wireCommands } from '../bundle/index.ts';
import { UserError } from '../errors.ts';
import { readIdleTimeout } from '../fleet/account.ts';
import { enumerateAll, type Targets } from '../fleet/choose.ts';
import type { Interruption } from '../fleet/interruption.ts';
import { isGood, type Verdict } from '../fleet/judge.ts';
import { type PushOptions, type PushResult, pushScript } from '../fleet/push.ts';
import type { Delivery } from '../fleet/send.ts';
import { sendScript } from '../fleet/send.ts';
import {
  DEFAULT_IDLE_TIMEOUT_SECONDS,
  longestIntervalSeconds,
  requireTargets,
  type Settings,
} from '../settings.ts';
import { confirmReach } from './confirm.ts';
import { connect } from './connection.ts';
import { showDryRun } from './dry-run.ts';
import type { Io } from './io.ts';
import { planDocuments, type SavedDocuments, saveDocuments } from './own-document.ts';
import { makeProgress } from './progress.ts';
import { renderStatus } from './status-report.ts';
import { describeTakeUp, takeUp } from './take-up.ts';
import { type RunFacts, renderFailures, renderVerdictJson, renderVerdictTable } from './verdict-report.ts';

export type Verb = 'install' | 'uninstall' | 'status';

/** How long each script may run on an instance; the installer's own steps are bounded well below this. */
const EXECUTION_TIMEOUT_SECONDS = 300;

const CANCELLING =
  '\nssm-keepalive: cancelling; waiting for what already runs (Ctrl-C again leaves at once)\n';

/** The exit status after Ctrl-C, as shells expect it. */
const INTERRUPTED = 130;

/** Brings one of the three scripts to every target and reports a verdict for each. Returns the exit status. */
export async function deliver(
  verb: Verb,
  settings: Settings,
  io: Io,
  interruption: Interruption,
): Promise<number> {
  requireTargets(settings);
  const bundle = renderBundle(settings.keeper);
  refuseUnwatchedCanary(verb, settings);
  const connection = await connect(settings, io);
  try {
    const { client } = connection;
    if (settings.delivery.commandIds.length > 0) {
      const executionSeconds = EXECUTION_TIMEOUT_SECONDS;
      const options = { client, verb, settings, io, interruption, executionSeconds, cancelling: CANCELLING };
      return report(verb, settings, bundle, await takeUp(options), io, interruption);
    }
    const targets = await enumerateAll(client, settings.targets);
    const unpinned = makeDelivery(verb, settings, bundle, targets);
    const plans = await planDocuments(client, verb, settings, bundle);
    if (settings.delivery.isDryRun)
      return await showDryRun(
        client,
        verb,
        settings,
        bundle,
        unpinned,
        needsCanary(verb, settings),
        io,
        plans,
      );
    if (verb !== 'status') await confirmReach(client, verb, targets, settings, io);
    if (verb === 'install') await checkIdlePolicy(client, settings);
    const saved = await saveDocuments(client, plans, io);
    const delivery = { ...unpinned, document: saved.document };
    if (!settings.delivery.shouldWait) return await sendOnly(client, verb, settings, delivery, io);
    return await pushAndReport(client, verb, settings, bundle, delivery, io, interruption, saved);
  } finally {
    await connection.close();
  }
}

function makeDelivery(verb: Verb, settings: Settings, bundle: Bundle, targets: Targets): Delivery {
  const script = { install: bundle.installer, uninstall: bundle.uninstaller, status: bundle.status }[verb];
  return {
    targets,
    commands: wireCommands(verb, script),
    comment: `ssm-keepalive ${bundle.version} ${verb}`,
    alarm: settings.delivery.alarm,
    timeoutSeconds: settings.delivery.timeoutSeconds,
    executionTimeoutSeconds: EXECUTION_TIMEOUT_SECONDS,
    // Looking changes nothing on a host: it may go to all of them at once, and one failure must not hide the others.
    maxConcurrency: verb === 'status' ? '100%' : settings.delivery.maxConcurrency,
    maxErrors: verb === 'status' ? '100%' : settings.delivery.maxErrors,
  };
}

const needsCanary = (verb: Verb, settings: Settings) =>
  verb === 'install' && settings.keeper.restart && settings.delivery.hasCanary;

/** A canary has to be watched; without waiting there is none, and that has to be said. */
function refuseUnwatchedCanary(verb: Verb, settings: Settings): void {
  const isOne = settings.targets.instanceIds.length === 1;
  if (
    settings.delivery.shouldWait ||
    !needsCanary(verb, settings) ||
    isOne ||
    settings.delivery.commandIds.length > 0
  )
    return;
  throw new UserError(
    {
      code: 'bad-usage',
      what: '--no-wait cannot try one instance first',
      why: 'the first instance’s agent has to be seen coming back before the others get anything',
      next: 'leave --no-wait out, or say --no-canary or --no-restart as well',
    },
    { exitStatus: 2 },
  );
}

/** An idle timeout below the default was set by somebody: keeping sessions alive past it needs their say. */
async function checkIdlePolicy(client: SSMClient, settings: Settings): Promise<void> {
  const idleTimeout = await readIdleTimeout(client);
  if (idleTimeout === undefined) return;
  const minutes = idleTimeout / 60;
  if (idleTimeout < DEFAULT_IDLE_TIMEOUT_SECONDS && !settings.keeper.overrideIdlePolicy) {
    throw new UserError({
      code: 'idle-policy',
      what: 'nothing was installed',
      why: `this account ends idle sessions after ${minutes} min instead of the default 20, which somebody chose`,
      next: 'ask whether that is a policy; if sessions may be kept all the same, add --override-idle-policy',
    });
  }
  if (settings.keeper.intervalSeconds > longestIntervalSeconds(idleTimeout)) {
    throw new UserError({
      code: 'bad-setting',
      what: 'nothing was installed',
      why: `a heartbeat every ${settings.keeper.intervalSeconds} s comes too late for this account’s idle timeout of ${minutes} min`,
      next: `give --interval ${Math.min(45, longestIntervalSeconds(idleTimeout))} or less`,
    });
  }
}

async function sendOnly(
  client: SSMClient,
  verb: Verb,
  settings: Settings,
  delivery: Delivery,
  io: Io,
): Promise<number> {
  const commandIds = await sendScript(client, delivery);
  if (settings.common.output === 'json')
    io.out(`${JSON.stringify({ command: verb, commandIds }, null, 2)}\n`);
  else for (const id of commandIds) io.out(`${id}\n`);
  io.err(`ssm-keepalive: sent. To see how it went:  ${describeTakeUp(verb, commandIds, settings)}\n`);
  return 0;
}

async function pushAndReport(
  client: SSMClient,
  verb: Verb,
  settings: Settings,
  bundle: Bundle,
  delivery: Delivery,
  io: Io,
  interruption: Interruption,
  saved: SavedDocuments,
): Promise<number> {
  const progress = makeProgress(io, settings.common.isQuiet);
  const sentIds: string[] = [];
  const undo = interruption.onRequest(() => {
    progress.stop();
    io.err(CANCELLING);
  });
  const options: PushOptions = {
    client,
    delivery,
    lookDocument: saved.lookDocument,
    hasCanary: needsCanary(verb, settings),
    interruption,
    onEvent: (event) => {
      if (event.kind === 'sent' && event.stage !== 'look') sentIds.push(event.commandId);
      progress.onEvent(event);
    },
    ...(verb === 'install' && settings.keeper.restart
      ? { lookCommands: wireCommands('status', bundle.status) }
      : {}),
  };
  let isReported = false;
  try {
    const result = await pushScript(options);
    progress.stop();
    isReported = !interruption.leaveSignal.aborted;
    return report(verb, settings, bundle, result, io, interruption);
  } finally {
    progress.stop();
    undo();
    if (!isReported && sentIds.length > 0) {
      io.err(`ssm-keepalive: left early. To take it up again:  ${describeTakeUp(verb, sentIds, settings)}\n`);
    }
  }
}

function report(
  verb: Verb,
  settings: Settings,
  bundle: Bundle,
  result: PushResult,
  io: Io,
  interruption: Interruption,
): number {
  const exitStatus = interruption.isRequested ? INTERRUPTED : isAllGood(result.verdicts, result) ? 0 : 1;
  const facts: RunFacts = {
    command: verb,
    version: bundle.version,
    digest: bundle.digest,
    commandIds: result.commandIds,
    missingCount: result.missingCount,
    stopped: result.stopped,
    exitStatus,
  };
  if (settings.common.output === 'json')
    for (const piece of renderVerdictJson(result.verdicts, facts)) io.out(piece);
  else io.out((verb === 'status' ? renderStatus : renderVerdictTable)(result.verdicts, io));
  io.err(renderFailures(result.verdicts, facts));
  return exitStatus;
}

function isAllGood(verdicts: readonly Verdict[], result: PushResult): boolean {
  return verdicts.length > 0 && verdicts.every(isGood) && !result.stopped && result.missingCount === 0;
}
