/** The table of life and death as the sessions that are played for it, from the lists of src/bundle: a shell that is new there is played here. */
import { ENTRIES, type EntryName } from '../../src/bundle/index.ts';
import {
  CLIENTS,
  type ClientKind,
  KEEPERS,
  type KeeperName,
  type KeptShell,
  SHELLS,
  type ShellName,
  WRAPPERS,
  type WrapperName,
} from './keepers.ts';

/** One entry on one kind of host, and the shells that meet it there. */
export interface Seat {
  readonly entry: EntryName;
  /** What the agent's sh is. */
  readonly sh: ShellName;
  readonly shells: readonly KeptShell[];
}

/** One session: every activity comes in it, one after the other, and each is a cell for every policy. */
export interface LifeRow {
  readonly keeper: KeeperName;
  readonly wrapper: WrapperName;
  readonly seat: Seat;
  readonly shell: KeptShell;
  readonly client: ClientKind;
}

/** A shell that no entry starts in is run from a session that one has started. */
export const SESSION_SH: ShellName = 'dash';

export const SEATS: readonly Seat[] = ENTRIES.flatMap((entry): Seat[] => {
  const shells = SHELLS.filter(({ entries }) => entries.includes(entry));
  if (entry !== 'env') return [{ entry, sh: SESSION_SH, shells }];
  const untouched = SHELLS.filter(({ entries }) => entries.length === 0);
  return shells.map((shell) => ({
    entry,
    sh: shell.name,
    shells: shell.name === SESSION_SH ? [shell, ...untouched] : [shell],
  }));
});

/** Nothing is installed without a keeper, so there is neither a wrapper nor an entry: one seat is enough. */
const BARE_SEATS: readonly Seat[] = [{ entry: 'env', sh: SESSION_SH, shells: SHELLS }];

/** Every session there is. A wrapper needs the relay and a terminal that answers. */
export const LIFE_ROWS: readonly LifeRow[] = KEEPERS.flatMap(({ name: keeper }) =>
  CLIENTS.flatMap((client) =>
    (keeper === 'relay' && client === 'answers' ? WRAPPERS : WRAPPERS.slice(0, 1)).flatMap((wrapper) =>
      (keeper === 'none' ? BARE_SEATS : SEATS).flatMap((seat) =>
        seat.shells.map((shell) => ({ keeper, wrapper, seat, shell, client })),
      ),
    ),
  ),
);

/** What `npm test` plays has each of these: every keeper with every client, in every class of shell if it answers; every entry, shell and wrapper. */
export const featuresOf = ({ keeper, wrapper, seat, shell, client }: LifeRow): readonly string[] => [
  wrapper,
  shell.name,
  `${keeper} ${client} ${keeper === 'none' || client === 'silent' ? '' : shell.class}`,
  `${keeper === 'none' ? '' : keeper} by ${seat.entry}`,
];
