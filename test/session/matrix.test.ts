import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENTRIES } from '../../src/bundle/index.ts';
import { ACTIVITIES, IDLE_POLICIES, KEEPERS, SHELLS, WRAPPERS } from '../../src/bundle/keepers.ts';
import { VERSION_FILES } from '../../src/bundle/version-files.ts';
import { describeMatrix, MATRIX, type MatrixCell, SEATS } from './matrix.ts';

/** Every keeper meets every shell by every entry; wrapper, policy and activity take turns. All cells: matrix.long.test.ts. */
function isInSlice(cell: MatrixCell): boolean {
  const { keeper, wrapper, seat, shell, policy, activity } = cell;
  const place = seat.shells.indexOf(shell);
  if (keeper === 'none')
    return policy === IDLE_POLICIES[place % 3] && activity === ACTIVITIES[(place >> 1) % 3];
  const number = SEATS.indexOf(seat);
  const isPrompt = keeper === 'prompt';
  // Logins of one host by `env` share a tmux and would come one after the other.
  const isSerial = seat.entry === 'env' && seat.shells.length > 1;
  const turn = isSerial ? 'none' : WRAPPERS[(number + (isPrompt ? 1 : 0)) % 2];
  if (policy !== IDLE_POLICIES[number % 3]) return false;
  // Which shell tmux starts is the entry's business where there is no relay.
  if (isPrompt && wrapper === 'tmux' && !isSerial && activity === 'prompt') return true;
  if (wrapper !== turn) return false;
  const isOther = activity === ACTIVITIES[1 + (place % 2)];
  if (isPrompt) return activity === 'prompt' || (isOther && !(seat.entry === 'env' && wrapper === 'tmux'));
  return activity === ACTIVITIES[(number + place) % 3];
}

const slice = MATRIX.filter(isInSlice);

test('the slice has every keeper, wrapper, shell, entry, policy and activity, and lives and deaths', () => {
  const has = (what: (cell: MatrixCell) => unknown, all: readonly unknown[]) =>
    assert.deepEqual(new Set(slice.map(what)), new Set(all));
  has(
    ({ keeper }) => keeper,
    KEEPERS.map(({ name }) => name),
  );
  has(({ wrapper }) => wrapper, WRAPPERS);
  has(({ shell }) => shell, SHELLS);
  has(({ seat }) => seat.entry, ENTRIES);
  has(({ policy }) => policy, IDLE_POLICIES);
  has(({ activity }) => activity, ACTIVITIES);
});

test('every prompt file of a version is that of a shell in the list', () => {
  const own = VERSION_FILES.flatMap(({ path }) => /^prompt\.(?!sh$)(\w+)$/.exec(path)?.[1] ?? []);
  const swallowing = SHELLS.filter((shell) => shell.class === 'swallows').map(({ name }) => name);
  assert.deepEqual(own.sort(), [...swallowing].sort());
});

await describeMatrix(slice);
