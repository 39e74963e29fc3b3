/** The keepers, and the one table of what lives and what dies with each (asserted cell by cell through the lab, printed by docs/choosing-a-keeper.md and status). */
import type { EntryName } from '../../src/bundle/index.ts';

export type KeeperName = 'relay' | 'prompt' | 'none';
/** What restarts the idle timer: `input` is documented; in 2019 somebody measured `output`; `any`: both. */
export type IdlePolicy = 'input' | 'output' | 'any';
/** The session's activity: idle at its prompt, a foreground job that neither reads nor prints, a program that reads. */
export type Activity = 'prompt' | 'silent-job' | 'reading';
/**
 * `swallows`: its line editor can be told to ignore the answer. `plain`: it cannot, so only the relay keeps it.
 * `untouched`: no entry starts in it; a kept session can start it as a second shell.
 */
export type ShellClass = 'swallows' | 'plain' | 'untouched';
/** Whether the client answers `ESC[5n`. Every terminal emulator does; many programs that drive sessions do not. */
export type ClientKind = 'answers' | 'silent';
/** What lets a session survive a lost connection. */
export type WrapperName = 'none' | 'tmux';
export type ShellName = 'bash' | 'zsh' | 'fish' | 'dash' | 'busybox ash' | 'ksh' | 'mksh';

export const IDLE_POLICIES: readonly IdlePolicy[] = ['input', 'output', 'any'];
export const ACTIVITIES: readonly Activity[] = ['prompt', 'silent-job', 'reading'];
export const CLIENTS: readonly ClientKind[] = ['answers', 'silent'];
export const SHELL_CLASSES: readonly ShellClass[] = ['swallows', 'plain', 'untouched'];
export const WRAPPERS: readonly WrapperName[] = ['none', 'tmux'];

/** Every shell that a session is tested in, with the entries that can start a keeper in it. */
export interface KeptShell {
  readonly name: ShellName;
  readonly class: ShellClass;
  /** `env`: it may be the agent's `sh`. */
  readonly entries: readonly EntryName[];
}

export const SHELLS: readonly KeptShell[] = [
  { name: 'bash', class: 'swallows', entries: ['env', 'profile', 'rc'] },
  { name: 'zsh', class: 'swallows', entries: ['profile', 'rc'] },
  { name: 'fish', class: 'swallows', entries: ['profile'] },
  { name: 'dash', class: 'plain', entries: ['env', 'profile'] },
  { name: 'busybox ash', class: 'plain', entries: ['env', 'profile'] },
  { name: 'ksh', class: 'untouched', entries: [] },
  { name: 'mksh', class: 'untouched', entries: [] },
];

export interface Keeper {
  readonly name: KeeperName;
  /** Whether a session lives past the idle timeout. */
  lives(cell: {
    readonly policy: IdlePolicy;
    readonly activity: Activity;
    readonly shell: ShellClass;
    /** Default: `answers`. */
    readonly client?: ClientKind;
  }): boolean;
}

export const KEEPERS: readonly Keeper[] = [
  {
    name: 'relay',
    // A client that has never answered gets one query and nothing more.
    lives: ({ client }) => client !== 'silent',
  },
  {
    name: 'prompt',
    lives: ({ activity, shell, client }) =>
      activity === 'prompt' && shell === 'swallows' && client !== 'silent',
  },
  {
    name: 'none',
    lives: () => false,
  },
];

export interface LifeCell {
  readonly keeper: KeeperName;
  readonly policy: IdlePolicy;
  readonly activity: Activity;
  readonly shell: ShellClass;
  readonly client: ClientKind;
  readonly lives: boolean;
}

/** Every cell, in a fixed order: keeper, client, shell class, policy, activity. Leaked bytes are 0 in each. */
export const LIFE_TABLE: readonly LifeCell[] = KEEPERS.flatMap((keeper) =>
  CLIENTS.flatMap((client) =>
    SHELL_CLASSES.flatMap((shell) =>
      IDLE_POLICIES.flatMap((policy) =>
        ACTIVITIES.map((activity) => ({
          keeper: keeper.name,
          policy,
          activity,
          shell,
          client,
          lives: keeper.lives({ policy, activity, shell, client }),
        })),
      ),
    ),
  ),
);
