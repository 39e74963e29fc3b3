import type { AccountAtWork } from '../../accounts/each.ts';
import { UserError } from '../../errors.ts';
import {
  findPrevious,
  mergePreferences,
  type PreferenceChanges,
  readPreferences,
  readVersion,
  savePreferences,
  undoPreferences,
} from '../../fleet/preferences.ts';
import { say } from '../../terminal/safe-text.ts';
import { repeatConnection } from '../repeat.ts';

/** What would be done to the session document of one account and Region: everything is read, nothing is changed. */
export interface PlannedChange {
  readonly label: string;
  /** What changes, as lines for people; empty where it is already so. */
  readonly shown: string;
  /** @throws UserError */
  make(): Promise<ChangeDone>;
}

/** What became of it. */
export interface ChangeDone {
  readonly changed: boolean;
  /** The version in force; null: the document is gone. */
  readonly version: string | null;
  /** For people. */
  readonly said: string;
}

/** The named fields merged into what is in force. @throws UserError */
export async function planSet(account: AccountAtWork, changes: PreferenceChanges): Promise<PlannedChange> {
  const { client, label, settings } = account;
  const before = await readPreferences(client);
  const content = mergePreferences(before?.content, changes);
  if (content === before?.content) {
    const done = { changed: false, version: before.version, said: 'nothing to do, that is how it is' };
    return { label, shown: '', make: async () => done };
  }
  return {
    label,
    shown: diff(before?.content, content),
    async make() {
      const version = await savePreferences(client, before, content);
      const back = `ssm-keepalive preferences undo${repeatConnection(settings)}`;
      return {
        changed: true,
        version,
        said: `version ${version} is in force for new sessions; back with  ${back}`,
      };
    },
  };
}

/** The version before the one in force, where that is ours. @throws UserError where there is nothing to undo */
export async function planUndo(account: AccountAtWork): Promise<PlannedChange> {
  const { client, label, settings } = account;
  const found = await readPreferences(client);
  const previous = found && findPrevious(found);
  if (!found || previous === undefined) {
    throw new UserError({
      code: 'nothing-to-undo',
      what: 'there is nothing to undo',
      why: found
        ? `version ${found.version}, which is in force, was made by somebody else`
        : 'this account and Region have no session document',
      next: `look with  ssm-keepalive preferences get${repeatConnection(settings)}`,
    });
  }
  return {
    label,
    shown:
      previous === 'none'
        ? '- the whole document, which was created by us: the service’s defaults apply then\n'
        : diff(found.content, await readVersion(client, previous)),
    async make() {
      await undoPreferences(client, found, previous);
      return {
        changed: true,
        version: previous === 'none' ? null : previous,
        said: 'undone; new sessions follow it',
      };
    },
  };
}

/** Only the lines that differ: a session document is short, and what changes stands on lines of its own. */
function diff(before: string | undefined, after: string): string {
  const old = (before ?? '').split('\n');
  const lines = after.split('\n');
  const gone = old
    .filter((line) => line !== '' && !lines.includes(line))
    .map((line) => say`- ${line.trim()}\n`);
  const come = lines
    .filter((line) => line !== '' && !old.includes(line))
    .map((line) => say`+ ${line.trim()}\n`);
  return [...gone, ...come].join('');
}
