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

/** Reads the first line of a script's output, or undefined when it is no verdict of ours. Never throws. */
export function readReportLine(output: string): ReportLine | undefined {
  const firstLine = output.slice(0, output.indexOf('\n') < 0 ? undefined : output.indexOf('\n'));
  if (!firstLine.startsWith('{')) return undefined;
  try {
    const result = reportLine.safeParse(JSON.parse(firstLine));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
