/** The keepers, and the one table of what lives and what dies with each (asserted cell by cell through the lab, printed by README and status). */

export type KeeperName = 'relay' | 'prompt' | 'none';
/** What the idle timer counts: the documented one is `input`; a field measurement in 2019 saw `output`; `any` is both. */
export type IdlePolicy = 'input' | 'output' | 'any';
/** What the session is doing meanwhile: idle at its prompt, a foreground job that neither reads nor prints, a program that reads. */
export type Activity = 'prompt' | 'silent-job' | 'reading';
/** `swallows`: a line editor that can be told to ignore the answer (bash, zsh, fish). `output-only`: the rest (dash, busybox ash, ksh, mksh). */
export type ShellClass = 'swallows' | 'output-only';

export const IDLE_POLICIES: readonly IdlePolicy[] = ['input', 'output', 'any'];
export const ACTIVITIES: readonly Activity[] = ['prompt', 'silent-job', 'reading'];
export const SHELL_CLASSES: readonly ShellClass[] = ['swallows', 'output-only'];

export interface Keeper {
  readonly name: KeeperName;
  /** One sentence for README and status. */
  readonly summary: string;
  /** Whether a session lives past the idle timeout. */
  lives(cell: {
    readonly policy: IdlePolicy;
    readonly activity: Activity;
    readonly shell: ShellClass;
  }): boolean;
}

export const KEEPERS: readonly Keeper[] = [
  {
    name: 'relay',
    summary: 'owns the terminal, so sessions live whatever runs in them',
    lives: () => true,
  },
  {
    name: 'prompt',
    summary: 'sends only while the shell waits at its own prompt; needs no interpreter',
    // Output-only shells cannot swallow an answer, so they are never asked for one: only a timer that counts output sees them.
    lives: ({ policy, activity, shell }) =>
      activity === 'prompt' && (shell === 'swallows' || policy !== 'input'),
  },
  {
    name: 'none',
    summary: 'nothing installed: every idle session dies after one timeout',
    lives: () => false,
  },
];

export interface LifeCell {
  readonly keeper: KeeperName;
  readonly policy: IdlePolicy;
  readonly activity: Activity;
  readonly shell: ShellClass;
  readonly lives: boolean;
}

/** Every cell, in a fixed order: keeper, shell class, policy, activity. Leaked bytes are 0 in each. */
export const LIFE_TABLE: readonly LifeCell[] = KEEPERS.flatMap((keeper) =>
  SHELL_CLASSES.flatMap((shell) =>
    IDLE_POLICIES.flatMap((policy) =>
      ACTIVITIES.map((activity) => ({
        keeper: keeper.name,
        policy,
        activity,
        shell,
        lives: keeper.lives({ policy, activity, shell }),
      })),
    ),
  ),
);
