/** Flags that no longer exist. They are refused on the command line, in a variable and in a file, with a reason. */
import { UsageError } from '../errors.ts';
import { wordTable } from '../word-table.ts';

const REMOVED_FLAGS = wordTable<string>({
  tmout: 'TMOUT is always respected: it is a rule of the host, and nothing of ours changes it',
});

export const REMOVED_NAMES: readonly string[] = Object.keys(REMOVED_FLAGS);

/** The refusal of a removed flag, or undefined for any other name; `label` is how the user wrote it. */
export function refuseRemoved(name: string, label: string): UsageError | undefined {
  const why = Object.hasOwn(REMOVED_FLAGS, name) ? REMOVED_FLAGS[name] : undefined;
  return why === undefined
    ? undefined
    : new UsageError({
        code: 'removed-flag',
        what: `${label} is no longer a setting`,
        why,
        next: `leave ${label.replace(/^.*: /, '')} out`,
      });
}
