/** The input of a policy. */
import type { Settings } from '../settings/settings.ts';

/**
 * The kinds of resources of actions, with the name of their statement (IAM allows only letters and digits) and words for people.
 * `any`: the service has no resource for it, so a policy must use `*`.
 */
export const RESOURCES = {
  any: { sid: 'NoResourceKnown', words: 'everything' },
  instances: { sid: 'Instances', words: 'the instances' },
  'run-script': { sid: 'ServiceDocument', words: 'AWS-RunShellScript' },
  'own-document': { sid: 'OwnDocument', words: 'the document of --document' },
  associations: { sid: 'Associations', words: 'associations of the account' },
  preferences: { sid: 'SessionPreferences', words: 'SSM-SessionManagerRunShell' },
  'temporary-document': { sid: 'TemporaryDocument', words: 'ssm-keepalive-measure-*' },
  'session-document': { sid: 'SessionDocument', words: 'the document of --document' },
  'any-document': { sid: 'SessionDocuments', words: 'any document of the account' },
  'own-sessions': { sid: 'OwnSessions', words: 'one’s own sessions' },
  'tagged-sessions': { sid: 'OwnSessionsByTag', words: 'one’s own sessions' },
  'data-channels': { sid: 'OwnDataChannels', words: 'one’s own sessions' },
  'own-account': { sid: 'Regions', words: 'the account itself' },
  role: { sid: 'Roles', words: 'the role of --role in each account' },
  organization: { sid: 'Organization', words: 'everything' },
  units: { sid: 'OrganizationalUnits', words: 'the units and the root' },
} as const;
export type ResourceKind = keyof typeof RESOURCES;

/** A command as it would be run: its settings, the words after its name, and its own flags. */
export interface PlannedRun {
  readonly settings: Settings;
  readonly words: readonly string[];
  readonly own: Readonly<Record<string, string | boolean | undefined>>;
}
