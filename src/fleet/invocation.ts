/** An invocation (one instance's part in a command) and its statuses. */

/** One invocation as the service reports it. `output` is the script's stdout, cut by the service. */
export interface Invocation {
  readonly commandId: string;
  readonly instanceId: string;
  readonly name: string;
  readonly statusDetails: string;
  readonly isFinal: boolean;
  readonly exitCode: number | undefined;
  readonly output: string;
}

/** Final statuses of a command or an invocation, without spaces, in lower case [service model]. */
const FINAL = new Set([
  'success',
  'failed',
  'cancelled',
  'timedout',
  'deliverytimedout',
  'executiontimedout',
  'undeliverable',
  'terminated',
  'invalidplatform',
  'accessdenied',
  'incomplete',
  'ratelimitexceeded',
  'rateexceeded',
  'noinstancesintag',
]);

/** Statuses of an invocation that is not over [service model]. An unknown status counts as over. */
export const UNFINISHED = new Set(['pending', 'delayed', 'inprogress', 'cancelling']);

/** The service spells statuses with and without spaces. Compare them without, in lower case. */
export function normalizeStatus(status: string): string {
  return status.replace(/[\s_-]/g, '').toLowerCase();
}

/** True if the status or the details are final: a newer service may send details that this list lacks. */
export function isFinal(status: string | undefined, details: string | undefined): boolean {
  return [status, details].some((word) => word !== undefined && FINAL.has(normalizeStatus(word)));
}
