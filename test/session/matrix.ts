/** Keeper × wrapper × shell × entry × policy × activity, from the lists of src/bundle: a shell that is new there is played here. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ENTRIES, type EntryName } from '../../src/bundle/index.ts';
import {
  ACTIVITIES,
  type Activity,
  IDLE_POLICIES,
  type IdlePolicy,
  KEEPERS,
  type KeeperName,
  type KeptShell,
  SHELLS,
  type ShellName,
  WRAPPERS,
  type WrapperName,
} from '../../src/bundle/keepers.ts';
import type { HostSpec, Lab } from '../../src/lab/index.ts';
import { pause, sandboxMissing, useLab } from '../lab/test-lab.ts';
import { findCommand } from '../shells/support/shells.ts';
import { skipUnless } from '../support/sandbox.ts';
import { assertCell, IDLE_SECONDS, installKeeper, prepareHost, type Scene } from './cells.ts';
import { Turns } from './turns.ts';

/** Sessions at the same time: more would all be late, beside the test file that runs next to this one. */
const MOST_AT_ONCE = 30;
const INSTALLS_AT_ONCE = 4;

/** The session's own sh, by its path; and how a user gets there from it. */
const START: Readonly<Record<ShellName, { command: string; login: string; interactive: string }>> = {
  bash: { command: 'bash', login: 'bash -l', interactive: 'bash' },
  zsh: { command: 'zsh', login: 'zsh -l', interactive: 'zsh' },
  fish: { command: 'fish', login: 'fish -l', interactive: 'fish' },
  dash: { command: 'dash', login: 'dash -l', interactive: 'dash' },
  'busybox ash': { command: 'busybox', login: 'ash -l', interactive: 'ash' },
  ksh: { command: 'ksh', login: 'ksh -l', interactive: 'ksh' },
  mksh: { command: 'mksh', login: 'mksh -l', interactive: 'mksh' },
};

/** One entry on one kind of host, and the shells that meet it there. */
export interface Seat {
  readonly entry: EntryName;
  /** What the agent's sh is. */
  readonly sh: ShellName;
  readonly shells: readonly KeptShell[];
}

/** A shell that no entry starts in is run from a session that one has started. */
const SESSION_SH: ShellName = 'dash';

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

export interface MatrixCell {
  readonly keeper: KeeperName;
  readonly wrapper: WrapperName;
  readonly seat: Seat;
  readonly shell: KeptShell;
  readonly policy: IdlePolicy;
  readonly activity: Activity;
}

/** Every cell there is. Without a keeper nothing is installed, so there is neither a wrapper nor an entry: one seat is enough. */
export const MATRIX: readonly MatrixCell[] = KEEPERS.flatMap(({ name: keeper }) =>
  (keeper === 'none' ? WRAPPERS.slice(0, 1) : WRAPPERS).flatMap((wrapper) =>
    IDLE_POLICIES.flatMap((policy) =>
      (keeper === 'none' ? [{ entry: 'env', sh: SESSION_SH, shells: SHELLS } as const] : SEATS).flatMap(
        (seat) =>
          seat.shells.flatMap((shell) =>
            ACTIVITIES.map((activity) => ({ keeper, wrapper, seat, shell, policy, activity })),
          ),
      ),
    ),
  ),
);

/** Plays these cells, each as a test. */
export async function describeMatrix(cells: readonly MatrixCell[]): Promise<void> {
  const absent = [...new Set(cells.map(({ shell }) => START[shell.name].command))].filter(
    (command) => findCommand(command) === undefined,
  );
  const skip =
    sandboxMissing() ||
    skipUnless('tmux', 'setpriv') ||
    (process.env['CI'] !== 'true' && absent.length > 0 && `absent: ${absent.join(', ')}`);
  const labs = new Map<string, Lab>();
  for (const policy of skip ? [] : IDLE_POLICIES) {
    const own = cells.filter((cell) => cell.policy === policy);
    if (own.length === 0) continue;
    const hosts = hostsOf(own);
    labs.set(policy, await useLab({ hosts, idleSeconds: IDLE_SECONDS, policy, consistencySeconds: 0 }));
  }

  describe('the matrix', { skip, concurrency: true }, () => {
    const installed = installAll(labs, cells);
    installed.catch(() => {});
    const turns = new Turns(MOST_AT_ONCE);
    const alone = new Map<string, Turns>();

    for (const [index, cell] of cells.entries()) {
      const { keeper, wrapper, seat, shell, policy, activity } = cell;
      const lives = KEEPERS.find(({ name }) => name === keeper)!.lives({
        policy,
        activity,
        shell: shell.class,
        wrapper,
      });
      const host = hostOf(cell);
      const what = `${keeper}, wrapper ${wrapper}, ${shell.name} by ${seat.entry}, counting ${policy}, ${activity}`;
      test(`${what}: ${lives ? 'lives' : 'dies after one timeout'}, and nothing leaks`, async () => {
        await installed;
        await pause((index % MOST_AT_ONCE) * 150);
        const play = async () => {
          const lab = labs.get(policy)!;
          await assertCell(lab, sceneOf(cell, index), lives);
          if (isShared(cell)) await endTmux(lab, host);
        };
        const key = `${policy} ${host}`;
        if (!isShared(cell)) return turns.take(play);
        if (!alone.has(key)) alone.set(key, new Turns(1));
        return alone.get(key)!.take(() => turns.take(play));
      });
    }
  });
}

const hostOf = ({ keeper, wrapper, seat }: MatrixCell): string =>
  keeper === 'none' ? 'none' : [keeper, wrapper, seat.entry, START[seat.sh].command].join('-');

function hostsOf(cells: readonly MatrixCell[]): HostSpec[] {
  return [...new Set(cells.map(hostOf))].map((name, index) => ({
    name,
    id: `i-0eeeeeeeeeeeeee${String(index).padStart(2, '0')}`,
    tags: {},
  }));
}

async function installAll(labs: ReadonlyMap<string, Lab>, cells: readonly MatrixCell[]): Promise<void> {
  const turns = new Turns(INSTALLS_AT_ONCE);
  const firsts = new Map(cells.map((cell) => [`${cell.policy} ${hostOf(cell)}`, cell]));
  await Promise.all(
    [...firsts.values()].map((cell) =>
      turns.take(async () => {
        const lab = labs.get(cell.policy);
        if (lab === undefined) return;
        const { keeper, wrapper, seat } = cell;
        await prepareHost(lab, hostOf(cell), findCommand(START[seat.sh].command));
        if (keeper === 'none') return;
        await installKeeper(lab, hostOf(cell), { keeper, wrap: wrapper, entries: [seat.entry] });
      }),
    ),
  );
}

/** Logins by `env` cannot be told apart before tmux starts, so they use one server, one after the other. */
const isShared = ({ wrapper, seat }: MatrixCell): boolean => wrapper === 'tmux' && seat.entry === 'env';

function sceneOf(cell: MatrixCell, index: number): Scene {
  const { seat, shell, wrapper, activity, keeper } = cell;
  const start = START[shell.name];
  const isSessionSh = seat.entry === 'env' && seat.sh === shell.name && keeper !== 'none';
  const become = seat.entry === 'profile' ? start.login : start.interactive;
  return {
    host: hostOf(cell),
    activity,
    index,
    binary: `/usr/bin/${start.command}`,
    isInTmux: wrapper === 'tmux',
    isQueriedAtPrompt: keeper === 'prompt' && shell.class === 'swallows' && wrapper === 'none',
    ...(isSessionSh ? {} : { become }),
    ...(wrapper === 'tmux' && !isShared(cell) ? { tmuxFolder: `/tmp/tmux-${index}` } : {}),
  };
}

/** What the next login would be attached to. */
async function endTmux(lab: Lab, host: string): Promise<void> {
  const asUser = ['setpriv', '--reuid=1001', '--regid=1001', '--clear-groups'];
  const { stderr } = await lab.host(host).exec([...asUser, 'tmux', '-L', 'ssm-keepalive', 'kill-server']);
  assert.ok(stderr === '' || /no server|No such file/.test(stderr), stderr);
}
