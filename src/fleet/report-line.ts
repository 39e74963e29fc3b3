import * as z from 'zod';

const text = z.string().catch('');
const count = z.number().int().nonnegative().catch(0);
const seconds = z.number().nullable().catch(null);

/** One session with a keeper; times in seconds ago, null where it never happened. */
const session = z.object({
  pid: count,
  uid: count,
  user: text,
  terminal: text,
  /** As the service calls it; empty where no session worker is above, or with the prompt keeper. */
  sessionId: text,
  keeper: z.string().catch('relay'),
  wrap: z.string().catch('none'),
  state: text,
  age: seconds,
  lastKey: seconds,
  lastAnswer: seconds,
  sent: count,
  answered: count,
  /** Null with the prompt keeper, which does not see what becomes of an answer. */
  leaked: z.number().nonnegative().nullable().catch(null),
});

/** A TMOUT that somebody set: `value` is null where the file computes it. */
const tmout = z.object({
  file: text,
  value: z.number().nullable().catch(null),
  readonly: z.boolean().catch(false),
});

/**
 * The verdict a host prints as the first line of its output. Every field but `verdict` may be missing: an older
 * version's report must still be readable, and a newer version's extra fields are kept out.
 */
const reportLine = z.object({
  'ssm-keepalive': z.number(),
  verdict: z.enum(['installed', 'updated', 'unchanged', 'limited', 'removed', 'skipped', 'failed', 'status']),
  state: z.enum(['installed', 'limited', 'absent', 'partial', 'drifted']).optional().catch(undefined),
  version: text,
  digest: text,
  keeper: text,
  keeperWhy: text,
  interpreter: text,
  entries: z.record(z.string(), z.string()).catch({}),
  wrap: text,
  tmux: text,
  ssh: text,
  sshWhy: text,
  tmout: z.array(tmout).catch([]),
  intervalSeconds: z.number().optional().catch(undefined),
  unattendedSeconds: z.number().optional().catch(undefined),
  capSeconds: z.number().nullable().catch(null),
  restart: text,
  partial: z.boolean().catch(false),
  busy: z.boolean().catch(false),
  drifted: z.array(z.string()).catch([]),
  left: z.array(z.string()).catch([]),
  sessions: z.array(session).catch([]),
  /** Over all sessions, also those that the line had no room for. */
  kept: z
    .object({
      count,
      notAnswering: count,
      leaked: count,
      /** What the host did not look at, in its words: empty where that is nothing. */
      unseen: text,
    })
    .optional()
    .catch(undefined),
  /** How many the lists above lack. */
  more: z
    .object({ sessions: count, drifted: count, left: count })
    .catch({ sessions: 0, drifted: 0, left: 0 }),
  class: text,
  step: text,
  why: text,
  next: text,
});

/** What the first line had no room for: the whole lists of files, the sessions that are still missing, how many stay so. */
const restLine = z.object({
  'ssm-keepalive-rest': z.number(),
  drifted: z.array(z.string()).catch([]),
  left: z.array(z.string()).catch([]),
  sessions: z.array(session).catch([]),
  more: count,
});

export type ReportLine = z.output<typeof reportLine>;
/** Whether a look found an installation, whatever its sessions get. */
export const isInstalled = (report: ReportLine | undefined): boolean =>
  report?.state === 'installed' || report?.state === 'limited';

export type KeptSession = z.output<typeof session>;

/** A fleet's reports are mostly the same line: one object serves them all, and is frozen for that. */
const known = new Map<string, ReportLine | undefined>();
const MOST_KNOWN = 200;

/**
 * Reads the first line of a script's output, and what a line further down adds to it; undefined when the first is no
 * verdict of ours. Never throws.
 */
export function readReportLine(output: string): ReportLine | undefined {
  const report = readFirstLine(output);
  if (!report || !isShort(report)) return report;
  const line = output.split('\n').find((candidate) => candidate.startsWith('{"ssm-keepalive-rest":'));
  const rest = parseLine(restLine, line ?? '');
  if (!rest) return report;
  return {
    ...report,
    drifted: report.more.drifted > 0 ? rest.drifted : report.drifted,
    left: report.more.left > 0 ? rest.left : report.left,
    sessions: [...report.sessions, ...rest.sessions],
    more: { sessions: rest.more, drifted: 0, left: 0 },
  };
}

/** Whether the whole output tells more than the part of it that the service lists: the host said that its line had no room. */
export function hasRest(output: string): boolean {
  const report = readFirstLine(output);
  return report?.verdict === 'status' && isShort(report);
}

function isShort({ more }: ReportLine): boolean {
  return more.sessions + more.drifted + more.left > 0;
}

function readFirstLine(output: string): ReportLine | undefined {
  const end = output.indexOf('\n');
  const firstLine = end < 0 ? output : output.slice(0, end);
  if (!firstLine.startsWith('{')) return undefined;
  if (known.has(firstLine)) return known.get(firstLine);
  const report = parseLine(reportLine, firstLine);
  // A copy, because a slice would keep the whole output alive.
  if (known.size < MOST_KNOWN) known.set(Buffer.from(firstLine).toString(), report);
  return report;
}

function parseLine<T>(schema: z.ZodType<T>, line: string): Readonly<T> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const result = schema.safeParse(JSON.parse(line));
    return result.success ? Object.freeze(result.data) : undefined;
  } catch {
    return undefined;
  }
}
