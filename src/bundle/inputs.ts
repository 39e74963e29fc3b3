/** The input of a bundle: everything that decides its bytes, nothing about delivery. */
export interface BundleSettings {
  readonly keeper: 'auto' | 'relay' | 'prompt';
  readonly wrap: 'none' | 'tmux';
  /** Seconds without client input before a heartbeat, 1..3300. */
  readonly intervalSeconds: number;
  /** Seconds without a real key after which heartbeats stop; at least `intervalSeconds`. */
  readonly maxIdleSeconds: number;
  /** `ssm`: sessions of the service and ssh over it. `all`: any interactive login. */
  readonly scope: 'ssm' | 'all';
  readonly shell: 'keep' | 'login';
  readonly entries: readonly EntryName[];
  readonly ssh: boolean;
  /** Whether the installer may restart the agent. Changes the installer, never the digest. */
  readonly restart: boolean;
  /** The entry `env` also where a script of Run Command on the host uses ENV. Changes the installer, never the digest. */
  readonly insistsOnEnv?: boolean;
}

/** Entry names in the order in which the installer puts them in place. */
export const ENTRIES = ['env', 'profile', 'rc'] as const;
export type EntryName = (typeof ENTRIES)[number];
