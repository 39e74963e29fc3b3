/** The document that holds an account's Session Manager preferences in one Region [AWS user guide]. */
export const PREFERENCES_DOCUMENT = 'SSM-SessionManagerRunShell';

/** The service's default idle timeout, 20 minutes [AWS user guide, Session Manager preferences]. */
export const DEFAULT_IDLE_TIMEOUT_SECONDS = 1200;

/** What holds for sessions whose document sets nothing, in seconds, and how long a document's minute lasts. */
export interface SessionDefaults {
  readonly idleSeconds: number;
  /** Undefined: no maximum. */
  readonly maxSeconds?: number | undefined;
  readonly minuteSeconds: number;
}

export const SERVICE_DEFAULTS: SessionDefaults = {
  idleSeconds: DEFAULT_IDLE_TIMEOUT_SECONDS,
  minuteSeconds: 60,
};

/** By an instance profile's role, or one role for the whole account and Region [AWS user guide]. */
export const NODE_NEEDS =
  'a running agent, and the role AmazonSSMManagedInstanceCore or Default Host Management';
