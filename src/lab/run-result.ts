/** How one invocation ends, in the service's words for StatusDetails. */
export type RunDetails =
  | 'Success'
  | 'Failed'
  | 'DeliveryTimedOut'
  | 'ExecutionTimedOut'
  | 'Cancelled'
  | 'Terminated'
  | 'Undeliverable'
  | 'InvalidPlatform'
  | 'AccessDenied'
  | 'RateExceeded'
  /** No version of the service says this: it stands for what a newer one may say. */
  | 'Quarantined';

export interface RunResult {
  readonly details: RunDetails;
  /** -1 where no script ran. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Status that goes with each StatusDetails, and whether it counts toward MaxErrors [facts/ssm.md]. */
export const OUTCOMES: Readonly<Record<RunDetails, { status: string; isError: boolean }>> = {
  Success: { status: 'Success', isError: false },
  Failed: { status: 'Failed', isError: true },
  DeliveryTimedOut: { status: 'TimedOut', isError: false },
  ExecutionTimedOut: { status: 'TimedOut', isError: true },
  Cancelled: { status: 'Cancelled', isError: false },
  Terminated: { status: 'Cancelled', isError: false },
  Undeliverable: { status: 'Failed', isError: false },
  InvalidPlatform: { status: 'Failed', isError: false },
  AccessDenied: { status: 'Failed', isError: false },
  // Listed for commands; that an invocation can have it is inferred.
  RateExceeded: { status: 'Failed', isError: false },
  Quarantined: { status: 'Quarantined', isError: false },
};

/** What an exit status means to the agent: 137 timed out, 168 and 169 end the document, 194 asks for a reboot that a lab host has not. */
export function judgeExit(code: number): RunDetails {
  if (code === 0 || code === 168) return 'Success';
  if (code === 137 || code === 194) return 'ExecutionTimedOut';
  return 'Failed';
}
