/** The document that holds an account's Session Manager preferences in one Region [AWS user guide]. */
export const PREFERENCES_DOCUMENT = 'SSM-SessionManagerRunShell';
