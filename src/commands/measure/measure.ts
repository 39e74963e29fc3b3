import { resolve } from 'node:path';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { connect } from '../../accounts/connection.ts';
import { PRODUCT_VERSION } from '../../bundle/version.ts';
import { refuse } from '../../errors.ts';
import { isOnThisMachine } from '../../exposed-address.ts';
import { DEFAULT_IDLE_TIMEOUT_SECONDS } from '../../fleet/account.ts';
import { endpointUrlOf, isOfLab } from '../../fleet/client.ts';
import { isRefusal } from '../../fleet/idle-policy.ts';
import { type CallKind, makeInterruptible } from '../../fleet/interruptible.ts';
import { endSession, readAccountId, readHostName } from '../../fleet/measure-account.ts';
import { failing } from '../../fleet/pages.ts';
import { readSessionLimits, UnreadableDocumentError } from '../../fleet/session-limits.ts';
import { type SessionRequest, startSession, toStartParameters } from '../../fleet/sessions.ts';
import { INTERRUPTED, refuseInterrupted } from '../../interruption.ts';
import {
  type Account,
  ARM_NAMES,
  type ArmRun,
  conclude,
  type MeasureFacts,
  type MeasurePlan,
  measureRuns,
  type PluginCall,
  planRuns,
  renderPage,
  startArmProcess,
} from '../../session/measure/index.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import { safe } from '../../terminal/safe-text.ts';
import type { Command, Invocation } from '../command.ts';
import { chooseOneInstance, requireInstanceWord } from '../instance-word.ts';
import { warnOfLabPlugin } from '../lab-plugin.ts';
import { makeResume } from '../resume-session.ts';
import { readMeasureJson, renderMeasureJson } from './measure-json.ts';
import { requirePlugin } from './measure-plugin.ts';
import { makeMeasureProgress } from './measure-progress.ts';
import { describeCost, renderLeftOpen, renderMeasureTable } from './measure-report.ts';
import { openReportFile } from './report-file.ts';
import { temporaryIdleSeconds, withTemporaryDocument } from './temporary-document.ts';

/** The default of --limit, in idle timeouts: 1.5 are needed as a proof, the rest is for a slow start. */
const DEFAULT_TIMEOUTS = 2.5;
/** The default of --tick, where a third of the idle timeout is longer. */
const LONGEST_TICK_SECONDS = 10;
/** The reason in StartSession; the account's session history shows it. */
const REASON = 'ssm-keepalive measure';

/** Opens sessions on one instance, watches how each ends, and reports the conclusions. */
export const measure: Command = async (settings, io, invocation) => {
  const { reportFile } = settings.measure;
  if (settings.measure.fromFile !== undefined) return showMeasured(settings, io, invocation);
  const [word] = invocation.words;
  requireInstanceWord('measure', word, settings);
  const pluginPath =
    settings.measure.client === 'plugin' ? requirePlugin(invocation.environment.variables) : undefined;
  if (pluginPath !== undefined && settings.common.isLab)
    io.err(warnOfLabPlugin(pluginPath, invocation.environment.variables));
  const report = openReportFile(reportFile, invocation.environment);
  const connection = await connect(settings, io, invocation.environment);
  try {
    const { interruption } = invocation;
    let isMeasuring = false;
    const limit = (kind: () => CallKind) =>
      makeInterruptible(connection.client, interruption, {
        kind,
        whatAfterRead: 'nothing was measured',
        nextAfterChange: 'see what is left open with  ssm-keepalive doctor',
      });
    const client = limit(() => (isMeasuring ? 'change' : 'read'));
    const instanceId = await chooseOneInstance(client, 'measure', word, settings);
    const region = await client.config.region().catch(failing('nothing was measured'));
    const hasDocument = settings.measure.hasTemporaryDocument;
    const idleTimeoutSeconds = hasDocument ? temporaryIdleSeconds(client) : await readIdleSeconds(client);
    refuseInterrupted(interruption, 'nothing was measured');
    const plan = makePlan(settings, idleTimeoutSeconds);
    const known = {
      version: PRODUCT_VERSION,
      instanceId,
      hostName: await readHostName(client, instanceId),
      isLab: isOfLab(connection.client),
      region,
      client: settings.measure.client,
      idleTimeoutSeconds,
      limitSeconds: plan.limitSeconds,
      tickSeconds: plan.tickSeconds,
    };
    if (!settings.common.isQuiet) io.err(describeCost(known, plan));
    const run = async (document: string | undefined): Promise<number> => {
      isMeasuring = true;
      const facts = { ...known, startedAt: new Date(io.clock.now()), document };
      const request = { instanceId, reason: REASON, documentName: document };
      const plugin: PluginCall | undefined = pluginPath
        ? {
            path: pluginPath,
            region,
            profile: settings.common.profile ?? '',
            parameters: toStartParameters(request),
          }
        : undefined;
      return runAndReport(client, request, facts, plan, plugin, settings, io, invocation, report);
    };
    if (!hasDocument) return await run(undefined);
    const cleaner = limit(() => 'clean-up');
    return await withTemporaryDocument({ client, cleaner }, settings, io, run);
  } finally {
    report?.close();
    await connection.close();
  }
};

/** --from: shows an earlier measurement, without any call. */
function showMeasured(settings: Settings, io: Io, { words, environment }: Invocation): number {
  const { fromFile = '', reportFile } = settings.measure;
  refuse(words.length > 0, {
    what: '--from and an instance were both given',
    why: '--from shows an earlier measurement and opens no session',
    next: 'leave one of the two out',
  });
  const source = resolve(environment.folder, fromFile);
  const { runs, facts } = readMeasureJson(source);
  const report = openReportFile(reportFile, environment, source);
  try {
    return tell(runs, facts, 0, settings, io, report);
  } finally {
    report?.close();
  }
}

function makePlan({ measure }: Settings, idleTimeoutSeconds: number | undefined): MeasurePlan {
  const timeout = idleTimeoutSeconds ?? DEFAULT_IDLE_TIMEOUT_SECONDS;
  // The plugin sends a size only when it has changed [source: sessionhandler, handleTerminalResize].
  const arms = measure.arms.filter((arm) => arm !== 'size' || measure.client === 'own');
  return {
    arms,
    repeat: measure.repeat,
    tickSeconds: measure.tickSeconds ?? Math.max(1, Math.min(LONGEST_TICK_SECONDS, Math.floor(timeout / 3))),
    limitSeconds: measure.limitSeconds ?? Math.ceil(timeout * DEFAULT_TIMEOUTS),
    parallel: measure.parallel ?? arms.length * measure.repeat,
  };
}

async function runAndReport(
  client: SSMClient,
  request: SessionRequest,
  known: Omit<MeasureFacts, 'accountId'>,
  plan: MeasurePlan,
  plugin: PluginCall | undefined,
  settings: Settings,
  io: Io,
  { interruption }: Invocation,
  report: ReturnType<typeof openReportFile>,
): Promise<number> {
  let accountId: Promise<string | undefined> | undefined;
  let { isLab } = known;
  let refusal: Error | undefined;
  const account: Account = {
    async start() {
      const session = await startSession(client, request).catch((error: Error) => {
        refusal ??= error;
        throw error;
      });
      accountId ??= readAccountId(client, session.SessionId);
      // The variables of `lab up` also lead to the lab.
      isLab ||= isOnThisMachine(session.endpoint);
      return session;
    },
    resume: makeResume(client),
    terminate: (sessionId) => endSession(client, sessionId),
  };
  const runs = planRuns(plan);
  const progress = makeMeasureProgress(io, runs, plan, settings.common.isQuiet);
  const stop = new AbortController();
  const undo = interruption.onRequest(() => {
    progress.stop();
    io.err('ssm-keepalive: ending the sessions (Ctrl-C again leaves at once)\n');
    stop.abort();
  });
  try {
    await measureRuns(runs, plan, {
      account,
      startArm: startArmProcess,
      clock: io.clock,
      ...(plugin ? { plugin } : {}),
      stop: stop.signal,
      leave: interruption.leaveSignal,
      onChange: progress.onChange,
    });
  } finally {
    progress.stop();
    undo();
  }
  // A table of sessions that never were would show nothing.
  if (refusal && runs.every(({ outcome, sessionId }) => outcome === 'failed' && sessionId === ''))
    throw refusal;
  const facts: MeasureFacts = { ...known, isLab, accountId: await accountId };
  const hasFailed = runs.some(
    ({ outcome }) => outcome === 'failed' || outcome === 'lost' || outcome === 'silent',
  );
  const exitStatus = interruption.isRequested ? INTERRUPTED : hasFailed ? 1 : 0;
  tell(runs, facts, exitStatus, settings, io, report);
  io.err(renderLeftOpen(runs, settings, endpointUrlOf(client)));
  return exitStatus;
}

/** Sessions run round by round, so that an early end has results for every arm. They are shown arm by arm. */
function tell(
  runs: ArmRun[],
  facts: MeasureFacts,
  exitStatus: number,
  { common }: Settings,
  io: Io,
  report: ReturnType<typeof openReportFile>,
): number {
  runs.sort((one, other) => ARM_NAMES.indexOf(one.arm) - ARM_NAMES.indexOf(other.arm));
  const conclusion = conclude(runs);
  report?.write(renderPage(runs, conclusion, facts));
  if (common.output === 'json') io.out(renderMeasureJson(runs, conclusion, facts, exitStatus));
  else io.out(renderMeasureTable(runs, conclusion, facts, io));
  if (report && !common.isQuiet) io.err(safe`ssm-keepalive: report written to ${report.path}\n`);
  return exitStatus;
}

/** Undefined without permission to read it. @throws ServiceError for any other failure: no session could be opened */
async function readIdleSeconds(client: SSMClient): Promise<number | undefined> {
  const limits = await readSessionLimits(client, undefined, 'nothing was measured').catch((error: Error) => {
    if (isRefusal(error.cause) || error instanceof UnreadableDocumentError) return undefined;
    throw error;
  });
  return limits?.idleSeconds;
}
