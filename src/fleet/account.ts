/** The document that holds an account's Session Manager preferences in one Region [AWS user guide]. */
export const PREFERENCES_DOCUMENT = 'SSM-SessionManagerRunShell';

/**
 * An agent registers with an instance profile's role, or with one role for the whole account and Region [AWS
 * user guide].
 */
export const NODE_NEEDS =
  'a running agent, and the role AmazonSSMManagedInstanceCore or Default Host Management';
