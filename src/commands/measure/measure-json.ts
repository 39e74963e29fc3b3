/** Writes and reads a measurement as one JSON document; its keys are stable and documented in docs/json.md. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { UsageError } from '../../errors.ts';
import {
  ARM_NAMES,
  type ArmRun,
  type Conclusion,
  livedSeconds,
  type MeasureFacts,
  OUTCOMES,
  type Outcome,
  silence,
  startRun,
} from '../../session/measure/index.ts';
import { describeSystemError } from '../../system-error.ts';

export function renderMeasureJson(
  runs: readonly ArmRun[],
  conclusion: Conclusion,
  facts: MeasureFacts,
  exitStatus: number,
): string {
  const document = {
    command: 'measure',
    ...facts,
    startedAt: facts.startedAt.toISOString(),
    hostName: facts.hostName ?? null,
    accountId: facts.accountId ?? null,
    idleTimeoutSeconds: facts.idleTimeoutSeconds ?? null,
    document: facts.document ?? null,
    exitStatus,
    conclusion: { ...conclusion, untouchedSeconds: conclusion.untouchedSeconds ?? null },
    sessions: runs.map((run) => {
      const from = run.startedAt ?? 0;
      // Exact to the millisecond, so that reading gives the same values.
      const seconds = (at: number) => (at - from) / 1000;
      return {
        arm: run.arm,
        repeat: run.repeat,
        sessionId: run.sessionId || null,
        outcome: run.outcome ?? null,
        words: run.words,
        startedAt: run.startedAt === undefined ? null : new Date(run.startedAt).toISOString(),
        begunSeconds: run.begunAt === undefined ? null : seconds(run.begunAt),
        livedSeconds: livedSeconds(run),
        silentInputSeconds: silence(run, 'input'),
        silentOutputSeconds: silence(run, 'output'),
        bytesToHost: run.bytesOut,
        bytesFromHost: run.bytesIn,
        queries: run.queries,
        answers: run.answers,
        reconnects: run.reconnects,
        leftOpen: run.leftOpen ?? null,
        inputAt: run.inputAt.map(seconds),
        outputAt: run.outputAt.map(seconds),
        sizeAt: run.sizeAt.map(seconds),
      };
    }),
  };
  return `${JSON.stringify(document, null, 2).replace(/\[\n\s+([-\d.,\s]+?)\n\s+\]/g, (_, list: string) => `[${list.replace(/\s+/g, ' ')}]`)}\n`;
}

/** Sessions of a day with a mark each second, in each arm. */
const LARGEST_BYTES = 16 * 1024 * 1024;
const MOST_SESSIONS = 1000;
const LONGEST_SECONDS = 366 * 24 * 3600;
const TEXT = z.string().max(10_000);
const SECONDS = z.number().min(0).max(LONGEST_SECONDS);
/** One fault for the whole list: a fault for each of millions would fill the memory. */
const TIMES = z.custom<number[]>(
  (list) =>
    Array.isArray(list) && list.every((at) => typeof at === 'number' && Math.abs(at) <= LONGEST_SECONDS),
);
const COUNT = z.int().min(0);
const INSTANT = z.iso.datetime().transform((text) => new Date(text));

const SESSION = z.object({
  arm: z.enum(ARM_NAMES),
  repeat: COUNT,
  sessionId: TEXT.nullable(),
  outcome: z.enum(Object.keys(OUTCOMES) as [Outcome, ...Outcome[]]).nullable(),
  words: TEXT,
  startedAt: INSTANT.nullable(),
  begunSeconds: SECONDS.nullable(),
  livedSeconds: SECONDS,
  bytesToHost: COUNT,
  bytesFromHost: COUNT,
  queries: COUNT,
  answers: COUNT,
  reconnects: COUNT,
  leftOpen: TEXT.nullable(),
  inputAt: TIMES,
  outputAt: TIMES,
  // Absent in files of earlier versions.
  sizeAt: TIMES.default([]),
});

const orUndefined = <T extends z.ZodType>(type: T) =>
  type.nullable().transform((value) => value ?? undefined);

const MEASURED = z.object({
  command: z.literal('measure'),
  version: TEXT,
  instanceId: TEXT,
  hostName: orUndefined(TEXT),
  isLab: z.boolean(),
  region: TEXT,
  accountId: orUndefined(TEXT),
  client: z.enum(['own', 'plugin']),
  startedAt: INSTANT,
  idleTimeoutSeconds: orUndefined(SECONDS),
  document: orUndefined(TEXT),
  limitSeconds: SECONDS,
  tickSeconds: SECONDS,
  sessions: z
    .custom<unknown[]>((list) => Array.isArray(list) && list.length > 0 && list.length <= MOST_SESSIONS)
    .pipe(z.array(SESSION)),
});

/** Reads a file of `measure --output json`. @throws UsageError */
export function readMeasureJson(path: string): { runs: ArmRun[]; facts: MeasureFacts } {
  try {
    const { command: _, sessions, ...facts } = MEASURED.parse(JSON.parse(readBounded(path)));
    return { runs: sessions.map(toRun), facts };
  } catch (error) {
    throw new UsageError(
      {
        code: 'measured-file',
        what: `${path} has no measurement to show`,
        why: describeUnread(error),
        next: 'give --from a file that this version wrote:  ssm-keepalive measure INSTANCE --output json > FILE',
      },
      { cause: error },
    );
  }
}

/** Without waiting for somebody who writes, or reading without end. */
function readBounded(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new UnreadError('it is no plain file');
    if (status.size > LARGEST_BYTES)
      throw new UnreadError(`it is larger than ${LARGEST_BYTES / 1024 / 1024} MiB`);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

class UnreadError extends Error {}

function describeUnread(error: unknown): string {
  if (error instanceof z.ZodError) {
    const path = error.issues[0]?.path.join('.');
    return path ? `${path} is missing, or not what a measurement has there` : 'it is no measurement';
  }
  return error instanceof UnreadError ? error.message : describeSystemError(error, 'it is no JSON');
}

/** The conclusion is not read but calculated again from the sessions. */
function toRun(session: z.infer<typeof SESSION>): ArmRun {
  const startedAt = session.startedAt?.getTime();
  const at = (seconds: number | null) =>
    seconds === null || startedAt === undefined ? undefined : startedAt + Math.round(seconds * 1000);
  const all = (list: readonly number[]) => list.flatMap((seconds) => at(seconds) ?? []);
  return {
    ...startRun(session.arm, session.repeat),
    sessionId: session.sessionId ?? '',
    state: 'ended',
    startedAt,
    begunAt: at(session.begunSeconds),
    endedAt: at(session.livedSeconds),
    outcome: session.outcome ?? undefined,
    words: session.words,
    bytesIn: session.bytesFromHost,
    bytesOut: session.bytesToHost,
    queries: session.queries,
    answers: session.answers,
    reconnects: session.reconnects,
    leftOpen: session.leftOpen ?? undefined,
    inputAt: all(session.inputAt),
    outputAt: all(session.outputAt),
    sizeAt: all(session.sizeAt),
  };
}
