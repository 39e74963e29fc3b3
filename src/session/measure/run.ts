/** Runs every arm's sessions, each in its own client process, until the end or the limit. Makes no AWS call. */
import { setMaxListeners } from 'node:events';
import { workThrough } from '../../bounded.ts';
import { type Clock, sleep } from '../../clock.ts';
import { orAbort } from '../../interruption.ts';
import { type Resume, ResumeRefusedError } from '../recovery.ts';
import type { ArmProcess, StartArm } from './arm-client.ts';
import { type ArmRun, describeEnd, type Outcome, startRun } from './arm-run.ts';
import type { ArmName } from './arms.ts';
import type { ArmOrder, FromArm } from './messages.ts';

export interface MeasurePlan {
  readonly arms: readonly ArmName[];
  readonly repeat: number;
  readonly tickSeconds: number;
  /** How long a session is watched after its arm has begun. */
  readonly limitSeconds: number;
  /** Sessions at the same time. */
  readonly parallel: number;
}

/** The calls to the account that a measurement needs. */
export interface Account {
  start(): Promise<ArmOrder['session']>;
  readonly resume: Resume;
  /** Ends a session on the service's side. */
  terminate(sessionId: string): Promise<void>;
}

export interface MeasureOptions {
  readonly account: Account;
  readonly startArm: StartArm;
  readonly clock: Clock;
  readonly plugin?: ArmOrder['plugin'];
  /** When aborted, ends the sessions and reports them. */
  readonly stop: AbortSignal;
  /** When aborted, leaves at once. */
  readonly leave: AbortSignal;
  /** Called when a run's state changes; not for traffic. */
  readonly onChange?: (run: ArmRun) => void;
}

/** A session whose arm has not begun after this time is given up. */
const SET_UP_LIMIT_MS = 120_000;
/** How long a client process may take to answer a probe and to leave. */
const PROBE_LIMIT_MS = 12_000;
const LEAVE_LIMIT_MS = 5_000;

export function planRuns(plan: MeasurePlan): ArmRun[] {
  return Array.from({ length: plan.repeat }, (_, index) =>
    plan.arms.map((arm) => startRun(arm, index + 1)),
  ).flat();
}

/** Fills in `runs` and resolves when each has ended. A failing session is recorded in its run and stops no other. */
export async function measureRuns(
  runs: readonly ArmRun[],
  plan: MeasurePlan,
  options: MeasureOptions,
): Promise<void> {
  // Each session adds a listener; 0 turns off Node's warning from the eleventh on.
  setMaxListeners(0, options.stop, options.leave);
  await workThrough(runs, plan.parallel, async (run) => {
    if (options.stop.aborted) finish(run, 'interrupted', 'not started', options.clock.now());
    else await watch(run, plan, options);
    options.onChange?.(run);
  });
}

async function watch(run: ArmRun, plan: MeasurePlan, options: MeasureOptions): Promise<void> {
  let client: ArmProcess | undefined;
  try {
    run.state = 'starting';
    options.onChange?.(run);
    const session = await options.account.start();
    run.sessionId = session.SessionId;
    run.startedAt = options.clock.now();
    client = options.startArm(
      {
        arm: run.arm,
        tickSeconds: plan.tickSeconds,
        session,
        ...(options.plugin ? { plugin: options.plugin } : {}),
      },
      options.clock,
    );
    await follow(run, client, plan, options);
  } catch (error) {
    finish(run, 'failed', (error as Error).message, options.clock.now());
  } finally {
    await endSession(run, client, options);
  }
}

/** Handles the messages of the client process until the run is over. */
async function follow(
  run: ArmRun,
  client: ArmProcess,
  plan: MeasurePlan,
  options: MeasureOptions,
): Promise<void> {
  let decide: (why: 'set-up' | 'limit' | 'stop' | 'end') => void = () => {};
  let probed: (isAlive: boolean) => void = () => {};
  const decision = new Promise<'set-up' | 'limit' | 'stop' | 'end'>((resolve) => {
    decide = resolve;
  });
  const { clock } = options;
  let cancelLimit = clock.keepAliveAfter(SET_UP_LIMIT_MS, () => decide('set-up'));
  const onStop = () => decide('stop');
  options.stop.addEventListener('abort', onStop);
  if (options.stop.aborted) onStop();
  // After the decision, messages are ignored: a timer set then would keep the command alive until the limit.
  let isDecided = false;
  client.onMessage((message: FromArm) => {
    if (message.kind === 'traffic' && !isDecided) takeTraffic(run, message);
    if (message.kind === 'resume') {
      run.reconnects += 1;
      run.inputAt.push(message.at);
      void answerResume(run.sessionId, client, options);
    }
    if (message.kind === 'opened' && !isDecided) run.state = 'opening';
    if (message.kind === 'begun' && !isDecided) {
      run.begunAt = message.at;
      run.state = 'open';
      // What set the arm up is not its own.
      run.bytesIn = run.bytesOut = run.queries = run.answers = 0;
      cancelLimit();
      cancelLimit = clock.keepAliveAfter(plan.limitSeconds * 1000, () => decide('limit'));
    }
    if (!isDecided && (message.kind === 'opened' || message.kind === 'begun')) options.onChange?.(run);
    if (message.kind === 'probed') probed(message.isAlive);
    if (message.kind === 'failed') finish(run, 'failed', message.why, clock.now());
    if (message.kind === 'ended') {
      // The end is the time at the client, not the time at which the message arrived here.
      finish(run, ...describeEnd(message), message.at);
    }
    if (message.kind === 'failed' || message.kind === 'ended') {
      probed(false);
      decide('end');
    }
  });
  client.onExit((why) => {
    finish(run, 'failed', why, clock.now());
    probed(false);
    decide('end');
  });
  const decided = await decision;
  isDecided = true;
  cancelLimit();
  options.stop.removeEventListener('abort', onStop);
  if (run.outcome !== undefined) return;
  const at = clock.now();
  if (decided === 'set-up') return finish(run, 'failed', 'the shell did not get ready', at);
  if (decided === 'stop') return finish(run, 'interrupted', '', at);
  const answered = new AbortController();
  const isAlive = await Promise.race([
    new Promise<boolean>((resolve) => {
      probed = resolve;
      client.send({ op: 'probe' });
    }),
    sleep(clock, PROBE_LIMIT_MS, answered.signal, options.leave).then(() => false),
  ]);
  answered.abort();
  if (isAlive) finish(run, 'alive', '', at);
  else finish(run, 'silent', 'nothing came back when it was asked at the limit', at);
}

async function answerResume(sessionId: string, client: ArmProcess, options: MeasureOptions): Promise<void> {
  const { account, stop } = options;
  const answer = await account.resume(sessionId, stop).then(
    (address) => ({ address }),
    (error: Error) => ({ error: error.message, isFinal: error instanceof ResumeRefusedError }),
  );
  client.send({ op: 'resumed', ...answer });
}

function takeTraffic(run: ArmRun, traffic: Extract<FromArm, { kind: 'traffic' }>): void {
  if (run.outcome !== undefined) return;
  run.bytesIn += traffic.output;
  run.bytesOut += traffic.input;
  run.queries += traffic.queries;
  run.answers += traffic.answers;
  if (traffic.output > 0) run.outputAt.push(traffic.at);
  if (traffic.input > 0) run.inputAt.push(traffic.at);
  if (traffic.sizes > 0) run.sizeAt.push(traffic.at);
}

function finish(run: ArmRun, outcome: Outcome, words: string, at: number): void {
  if (run.outcome !== undefined) return;
  run.outcome = outcome;
  run.words = words;
  run.endedAt = at;
  run.state = 'ended';
}

/** Ends the session at the service and the client process. If that fails, the run's `leftOpen` says why. */
async function endSession(
  run: ArmRun,
  client: ArmProcess | undefined,
  options: MeasureOptions,
): Promise<void> {
  const isEndedByService = ['timed-out', 'maximum', 'ended'].includes(run.outcome ?? '');
  const { account, leave } = options;
  if (run.sessionId !== '' && !isEndedByService) {
    await orAbort(account.terminate(run.sessionId), leave).catch((error: Error) => {
      run.leftOpen = leave.aborted ? 'left early' : error.message;
    });
  }
  await orAbort(Promise.resolve(client?.end(LEAVE_LIMIT_MS)), leave).catch(() => client?.kill());
}
