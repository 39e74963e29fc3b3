/** The document that holds an account's Session Manager preferences in one Region [AWS user guide]. */
export const PREFERENCES_DOCUMENT = 'SSM-SessionManagerRunShell';

/** What lets an agent register: a role by an instance profile, or one for the whole account and Region [AWS user guide]. */
export const NODE_NEEDS =
  'a running agent, and the role AmazonSSMManagedInstanceCore or Default Host Management';
