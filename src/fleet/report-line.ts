import * as z from 'zod';
import { wordTable } from '../word-table.ts';

const text = z.string().catch('');

/** A class stands in tables and titles, so it is a few words and no sentence. */
const KIND = /^(?=.{1,24}$)[a-z]+(?: [a-z]+){0,3}$/;
const count = z.number().int().nonnegative().catch(0);
const seconds = z.number().nullable().catch(null);

/** One session with a keeper. Times are ages in seconds; null: it never happened. */
const session = z.object({
  pid: count,
  uid: count,
  user: text,
  terminal: text,
  /** The service's session id; empty outside Session Manager and with the prompt keeper. */
  sessionId: text,
  keeper: z.string().catch('relay'),
  wrap: z.string().catch('none'),
  state: text,
  age: seconds,
  lastKey: seconds,
  lastAnswer: seconds,
  sent: count,
  answered: count,
  /** Null with the prompt keeper, which cannot count leaked answers. */
  leaked: z.number().nonnegative().nullable().catch(null),
});

/** A TMOUT that a file sets. `value` is null if the file computes it. */
const tmout = z.object({
  file: text,
  value: z.number().nullable().catch(null),
  readonly: z.boolean().catch(false),
});

/** A host's first line of output. Only `verdict` must be there: older versions lack fields. Fields of a newer one are dropped. */
const reportLine = z.object({
  'ssm-keepalive': z.literal(1),
  verdict: z.enum(['installed', 'updated', 'unchanged', 'limited', 'removed', 'skipped', 'failed', 'status']),
  state: z.enum(['installed', 'limited', 'absent', 'partial', 'drifted']).optional().catch(undefined),
  version: text,
  digest: text,
  keeper: text,
  keeperWhy: text,
  /** Of the version in use, from its manifest, as `NAME=VALUE NAME=VALUE`. */
  settings: text,
  /** After an install over another: those of the version before. */
  before: text,
  interpreter: text,
  entries: z.record(z.string(), z.string()).catch({}),
  wrap: text,
  tmux: text,
  ssh: text,
  sshWhy: text,
  tmout: z.array(tmout).catch([]),
  /** Startup files that start tmux below sshd or login: such logins are left alone. */
  tmuxLocks: z.array(z.string()).catch([]),
  intervalSeconds: z.number().optional().catch(undefined),
  unattendedSeconds: z.number().optional().catch(undefined),
  capSeconds: z.number().nullable().catch(null),
  /** What shells there inherit from the agent. Null: not known. */
  oomScoreAdjust: z.number().nullable().catch(null),
  restart: text,
  partial: z.boolean().catch(false),
  busy: z.boolean().catch(false),
  drifted: z.array(z.string()).catch([]),
  /** A letter for each drifted file, in the same order: a key of `DRIFT`. */
  kinds: text,
  left: z.array(z.string()).catch([]),
  sessions: z.array(session).catch([]),
  /** Counts over all sessions, also those that are not in the list. */
  kept: z
    .object({
      count,
      notAnswering: count,
      leaked: count,
      /** What the host could not look at, in its words; empty: nothing. */
      unseen: text,
    })
    .optional()
    .catch(undefined),
  /** How many items are missing from the lists above. */
  more: z
    .object({ sessions: count, drifted: count, left: count })
    .catch({ sessions: 0, drifted: 0, left: 0 }),
  class: text.transform((word) => (word === '' || KIND.test(word) ? word : 'other')),
  step: text,
  why: text,
  next: text,
});

/** A later line with what the first had no room for, and how many sessions are still missing. */
const restLine = z.object({
  'ssm-keepalive-rest': z.number(),
  drifted: z.array(z.string()).catch([]),
  left: z.array(z.string()).catch([]),
  sessions: z.array(session).catch([]),
  more: count,
});

export type ReportLine = z.output<typeof reportLine>;

/** How a file can differ from the installed one. */
const DRIFT = wordTable<string>({ g: 'gone', e: 'edited', m: 'mode, owner or kind changed' });

/** The drifted files, each with how it differs where that is known. */
export const describeDrifted = ({ drifted, kinds }: Pick<ReportLine, 'drifted' | 'kinds'>): string =>
  drifted
    .map((path, at) => {
      const how = DRIFT[kinds[at] ?? ''];
      return how ? `${path} (${how})` : path;
    })
    .join(', ');

/** Whether a file of the keeper itself may differ: an entry that differs breaks no keeper. */
export const mayBeBroken = ({ drifted, more }: Pick<ReportLine, 'drifted' | 'more'>): boolean =>
  more.drifted > 0 || drifted.some((path) => path.includes('/ssm-keepalive/'));

/** A repair loses nothing but edits. */
export const hasEdits = ({ kinds, drifted }: Pick<ReportLine, 'drifted' | 'kinds'>): boolean =>
  drifted.length > 0 && !(kinds.length >= drifted.length && /^[gm]*$/.test(kinds));

export const isInstalled = (report: ReportLine | undefined): boolean =>
  report?.state === 'installed' || report?.state === 'limited';

export type KeptSession = z.output<typeof session>;

/** Most reports of a fleet are equal, so they share one frozen object. */
const known = new Map<string, ReportLine | undefined>();
const MOST_KNOWN = 200;

/** The first line, completed by the later line if there is one. Undefined: no report of ours. Never throws. */
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

/** Whether a later line of the output completes the report, so the whole output must be fetched. */
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
  // A copy: a slice would keep the whole output in memory.
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
