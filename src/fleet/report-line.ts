import { z } from 'zod';

/**
 * The verdict a host prints as the first line of its output. Every field but `verdict` may be missing: an older
 * version's report must still be readable, and a newer version's extra fields are kept out.
 */
const reportLine = z.object({
  'ssm-keepalive': z.number(),
  verdict: z.enum(['installed', 'updated', 'unchanged', 'removed', 'skipped', 'failed', 'status']),
  state: z.enum(['installed', 'absent', 'partial', 'drifted']).optional().catch(undefined),
  version: z.string().catch(''),
  digest: z.string().catch(''),
  keeper: z.string().catch(''),
  interpreter: z.string().catch(''),
  entries: z.record(z.string(), z.string()).catch({}),
  intervalSeconds: z.number().optional().catch(undefined),
  unattendedSeconds: z.number().optional().catch(undefined),
  restart: z.string().catch(''),
  partial: z.boolean().catch(false),
  drifted: z.array(z.string()).catch([]),
  left: z.array(z.string()).catch([]),
  sessions: z.array(z.record(z.string(), z.unknown())).catch([]),
  class: z.string().catch(''),
  step: z.string().catch(''),
  why: z.string().catch(''),
  next: z.string().catch(''),
});

export type ReportLine = z.output<typeof reportLine>;

/** A fleet's reports are mostly the same line: one object serves them all, and is frozen for that. */
const known = new Map<string, ReportLine | undefined>();
const MOST_KNOWN = 200;

/** Reads the first line of a script's output, or undefined when it is no verdict of ours. Never throws. */
export function readReportLine(output: string): ReportLine | undefined {
  const end = output.indexOf('\n');
  const firstLine = end < 0 ? output : output.slice(0, end);
  if (!firstLine.startsWith('{')) return undefined;
  if (known.has(firstLine)) return known.get(firstLine);
  const report = parseReportLine(firstLine);
  // A copy, because a slice would keep the whole output alive.
  if (known.size < MOST_KNOWN) known.set(Buffer.from(firstLine).toString(), report);
  return report;
}

function parseReportLine(firstLine: string): ReportLine | undefined {
  try {
    const result = reportLine.safeParse(JSON.parse(firstLine));
    return result.success ? Object.freeze(result.data) : undefined;
  } catch {
    return undefined;
  }
}
