/** The Status of each StatusDetails, and whether it counts toward MaxErrors [facts/ssm.md]. */
export const OUTCOMES = {
  Success: { status: 'Success', isError: false },
  Failed: { status: 'Failed', isError: true },
  DeliveryTimedOut: { status: 'TimedOut', isError: false },
  ExecutionTimedOut: { status: 'TimedOut', isError: true },
  Cancelled: { status: 'Cancelled', isError: false },
  Terminated: { status: 'Cancelled', isError: false },
  Undeliverable: { status: 'Failed', isError: false },
  InvalidPlatform: { status: 'Failed', isError: false },
  AccessDenied: { status: 'Failed', isError: false },
  // Documented for commands; for invocations inferred.
  RateExceeded: { status: 'Failed', isError: false },
  // Stands for a word that only a newer service says.
  Quarantined: { status: 'Quarantined', isError: false },
};
/** StatusDetails of one invocation. */
export type RunDetails = keyof typeof OUTCOMES;

export interface RunResult {
  readonly details: RunDetails;
  /** -1 where no script ran. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** No script ran, or its end is not known. */
export function endedAs(details: RunDetails, stderr = ''): RunResult {
  return { details, code: -1, stdout: '', stderr };
}

/** What the agent makes of an exit status. 194 asks for a reboot, which a lab host does not do. */
export function judgeExit(code: number): RunDetails {
  if (code === 0 || code === 168) return 'Success';
  if (code === 137 || code === 194) return 'ExecutionTimedOut';
  return 'Failed';
}
