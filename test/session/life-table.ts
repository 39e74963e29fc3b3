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
} from '../../src/bundle/keepers.ts';

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

/** What `npm test` plays: each keeper in each shell by each entry, wrappers in turn, and every class of shell in each keeper. */
export function isInSlice({ keeper, wrapper, seat, shell, client }: LifeRow): boolean {
  const isFirstOfClass = seat.shells.find((other) => other.class === shell.class) === shell;
  const isEnv = seat.entry === 'env';
  if (client === 'silent' || keeper === 'none') return isEnv && isFirstOfClass;
  const place = SEATS.indexOf(seat) + seat.shells.indexOf(shell);
  return wrapper === WRAPPERS[keeper === 'prompt' ? 0 : place % WRAPPERS.length];
}
