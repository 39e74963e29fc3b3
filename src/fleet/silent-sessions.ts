/** The sessions on a host that get no answer from their client, as its record tells them apart. */
import type { ReportLine } from './report-line.ts';

/** The state in a record → what the state means for the session. */
export const SILENT_STATES = {
  'no-answer':
    'the client has never answered, so nothing keeps the session: it ends at the idle timeout. docs/choosing-a-keeper.md lists such clients',
  'not-answering': 'the client has answered, but not lately: it sleeps, or its connection is gone',
} as const;

export type SilentState = keyof typeof SILENT_STATES;

export const isSilent = (state: string): state is SilentState => Object.hasOwn(SILENT_STATES, state);

/** How many sessions are in each state. `unlisted`: counted there, but not in the list, so their state is not known. */
export type SilentCount = Readonly<Record<SilentState | 'unlisted', number>>;

/** The states to explain: those that were seen; both if some sessions are not listed. */
export const listSilentStates = (counts: readonly SilentCount[]): SilentState[] =>
  (Object.keys(SILENT_STATES) as SilentState[]).filter((state) =>
    counts.some((count) => count[state] + count.unlisted > 0),
  );

export const countAllSilent = (count: SilentCount): number =>
  count['no-answer'] + count['not-answering'] + count.unlisted;

export function addSilent(counts: readonly SilentCount[]): SilentCount {
  const sum = (key: keyof SilentCount) => counts.reduce((total, count) => total + count[key], 0);
  return {
    'no-answer': sum('no-answer'),
    'not-answering': sum('not-answering'),
    unlisted: sum('unlisted'),
  };
}

export function countSilent({ sessions, kept }: ReportLine): SilentCount {
  const of = (wanted: SilentState) => sessions.filter(({ state }) => state === wanted).length;
  const listed = { 'no-answer': of('no-answer'), 'not-answering': of('not-answering') };
  const known = listed['no-answer'] + listed['not-answering'];
  return { ...listed, unlisted: Math.max(0, (kept?.notAnswering ?? known) - known) };
}
