/** One instance's part in a command, and what its statuses mean. */

/** One instance's outcome as the service reports it; `output` is the script's stdout, cut by the service. */
export interface Invocation {
  readonly commandId: string;
  readonly instanceId: string;
  readonly name: string;
  readonly statusDetails: string;
  readonly isFinal: boolean;
  readonly exitCode: number | undefined;
  readonly output: string;
}

/** Statuses of a command or an invocation that will change no more, without spaces and case [service model]. */
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

/** Statuses of an invocation that will change yet [service model]. A word that neither list knows is nothing to wait for. */
export const UNFINISHED = new Set(['pending', 'delayed', 'inprogress', 'cancelling']);

/** The service spells statuses with and without spaces: compared without spaces and case. */
export function normalizeStatus(status: string): string {
  return status.replace(/[\s_-]/g, '').toLowerCase();
}

/** Either word will do: a newer service may know details that this list does not, under a status that it does. */
export function isFinal(status: string | undefined, details: string | undefined): boolean {
  return [status, details].some((word) => word !== undefined && FINAL.has(normalizeStatus(word)));
}
