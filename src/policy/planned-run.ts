/** The input of a policy. */
import type { Settings } from '../settings/settings.ts';

/** The kind of resource of an action. `any`: the service has no resource for it, so a policy must use `*`. */
export type ResourceKind =
  | 'any'
  | 'instances'
  | 'run-script'
  | 'own-document'
  | 'associations'
  | 'preferences'
  | 'temporary-document'
  | 'session-document'
  | 'any-document'
  | 'own-sessions'
  | 'tagged-sessions'
  | 'data-channels'
  | 'own-account'
  | 'role'
  | 'organization'
  | 'units';

/** A command as it would be run: its settings, the words after its name, and its own flags. */
export interface PlannedRun {
  readonly settings: Settings;
  readonly words: readonly string[];
  readonly own: Readonly<Record<string, string | boolean | undefined>>;
}
