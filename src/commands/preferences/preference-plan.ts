import type { SSMClient } from '@aws-sdk/client-ssm';
import { UserError } from '../../errors.ts';
import { sessionDefaultsOf } from '../../fleet/client.ts';
import {
  describePreferences,
  findPrevious,
  mergePreferences,
  type PreferenceChanges,
  type Preferences,
  readPreferences,
  readVersion,
  savePreferences,
  undoPreferences,
} from '../../fleet/preferences.ts';
import { safe } from '../../terminal/safe-text.ts';
import { listFields } from './preference-report.ts';

/** The planned change to the session document of one account and Region, as data. */
export interface PreferencePlan {
  /** What is in force; undefined where no document was saved. */
  readonly before: Preferences | undefined;
  /** `keep`: no change; `save`: a new text; `back`: an earlier version, or `none` for no document. */
  readonly change:
    | { readonly kind: 'keep' }
    | { readonly kind: 'save'; readonly content: string }
    | { readonly kind: 'back'; readonly before: Preferences; readonly version: string | 'none' };
  /** What changes, as lines for people; empty where nothing does. */
  readonly shown: string;
}

export interface ChangeDone {
  readonly changed: boolean;
  /** The version in force; null: the document is gone, or never was. */
  readonly version: string | null;
}

/** Plans a change of the named fields; all others stay. @throws UserError */
export async function planSet(client: SSMClient, changes: PreferenceChanges): Promise<PreferencePlan> {
  const before = await readPreferences(client);
  const content = mergePreferences(before?.content, changes);
  if (isSo(client, before?.content ?? '{}', changes)) return { before, change: { kind: 'keep' }, shown: '' };
  return { before, change: { kind: 'save', content }, shown: diff(client, before?.content, content) };
}

/** True if sessions follow all these values now; a field that is not set has its default. */
function isSo(client: SSMClient, content: string, changes: PreferenceChanges): boolean {
  const { idleSeconds, minuteSeconds } = sessionDefaultsOf(client);
  const set = describePreferences(content);
  const now = { ...set, idleSessionTimeout: set.idleSessionTimeout || String(idleSeconds / minuteSeconds) };
  const fields = Object.keys(now) as (keyof PreferenceChanges)[];
  return fields.every((field) => (changes[field] ?? now[field]) === now[field]);
}

/** Back to the version before ours. @throws UserError if there is nothing to undo */
export async function planUndo(client: SSMClient): Promise<PreferencePlan> {
  const before = await readPreferences(client);
  const version = before && findPrevious(before);
  if (!before || version === undefined) {
    throw new UserError({
      code: 'nothing-to-undo',
      what: 'there is nothing to undo',
      why: before
        ? `version ${before.version}, which is in force, was made by somebody else`
        : 'this account and Region have no session document',
      next: 'look with  ssm-keepalive preferences get',
    });
  }
  const shown =
    version === 'none'
      ? '- the whole document, which was created by us: the service’s defaults apply then\n'
      : diff(client, before.content, await readVersion(client, version));
  return { before, change: { kind: 'back', before, version }, shown };
}

/** Carries a plan out. @throws UserError when somebody else changed the document meanwhile, ServiceError */
export async function applyChange(
  client: SSMClient,
  { before, change }: PreferencePlan,
): Promise<ChangeDone> {
  switch (change.kind) {
    case 'keep':
      return { changed: false, version: before?.version ?? null };
    case 'save':
      return { changed: true, version: await savePreferences(client, before, change.content) };
    case 'back':
      await undoPreferences(client, change.before, change.version);
      return { changed: true, version: change.version === 'none' ? null : change.version };
  }
}

/** The fields that change, before and after; then the document's other lines that differ, which only `undo` finds. */
function diff(client: SSMClient, before: string | undefined, after: string): string {
  const { idleSeconds } = sessionDefaultsOf(client);
  const signed = (sign: string, lines: readonly string[], others: readonly string[]) =>
    lines.filter((line) => !others.includes(line)).map((line) => safe`${sign} ${line}\n`);
  const [old, now] = [listFields(before ?? '{}', idleSeconds), listFields(after, idleSeconds)];
  const [oldLines, lines] = before === undefined ? [[], []] : [listOthers(before), listOthers(after)];
  return [
    ...signed('-', old, now),
    ...signed('+', now, old),
    ...signed('-', oldLines, lines),
    ...signed('+', lines, oldLines),
    ...(before === undefined
      ? ['+ the session document, which is new; all else in it is the service’s default\n']
      : []),
  ].join('');
}

function listOthers(content: string): string[] {
  const lines = content.split('\n').map((line) => line.trim().replace(/,$/, ''));
  return lines.filter(
    (line) => /\w/.test(line) && !/"(idleSessionTimeout|maxSessionDuration|shellProfile|linux)"/.test(line),
  );
}
