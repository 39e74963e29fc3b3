/** What a policy is asked about. */
import type { Settings } from '../settings/settings.ts';

/** What an action works on; `any`: the service knows no resource for it, so a policy has to say `*`. */
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
  | 'data-channels';

/** A command as it would be run: its settings, the words after its name, and the flags that it alone has. */
export interface PlannedRun {
  readonly settings: Settings;
  readonly words: readonly string[];
  readonly own: Readonly<Record<string, string | boolean | undefined>>;
}
