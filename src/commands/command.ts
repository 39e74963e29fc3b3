import type { Environment } from '../environment.ts';
import type { Interruption } from '../interruption.ts';
import type { FlagGroup } from '../settings/flags.ts';
import type { Settings } from '../settings/settings.ts';
import type { Io } from '../terminal/io.ts';

export interface Invocation {
  /** The words after the command's name. */
  readonly words: readonly string[];
  readonly interruption: Interruption;
  /** Flags of this command alone, as typed. */
  readonly own: Readonly<Record<string, string | boolean | undefined>>;
  readonly environment: Environment;
}

/** One command: settings in, exit status out; text only through `io`. */
export type Command = (settings: Settings, io: Io, invocation: Invocation) => Promise<number>;

export interface OwnFlag {
  readonly name: string;
  /** The value in help; absent: a switch. */
  readonly placeholder?: string;
  readonly describe: string;
  /** The value without it, or what then decides. */
  readonly fallback?: string;
  /** `--help-all` shows it, `--help` does not. */
  readonly isRare?: boolean;
}

/** One command as the command line shows it. `load` imports its code when it runs. */
export interface CommandEntry {
  readonly name: string;
  /** The word after the name, for the usage line; absent: none. */
  readonly words?: {
    readonly name: string;
    readonly usage: string;
    readonly describe: string;
    /** Flags that mean the word, with dashes: `--target web-1` means `web-1`. */
    readonly also?: readonly string[];
    /** Any number of ids and names of instances: they count as --instance-id and --tag Name=. */
    readonly isTargets?: boolean;
    /** The candidates of completion, if the usage line does not list them. */
    readonly values?: readonly string[];
  };
  readonly describe: string;
  readonly groups: readonly FlagGroup[];
  /**
   * `many`: the flags may name many accounts and Regions; `many-without-word`: if no instance is named;
   * `unused`: any number, because no service is called. Absent: one.
   */
  readonly accounts?: 'many' | 'many-without-word' | 'unused';
  /** It supports `--output ndjson`: its results come one by one. */
  readonly isStreamed?: boolean;
  readonly own?: readonly OwnFlag[];
  /** Its word is another command, as in `policy install`. It takes that command's words and flags too. */
  readonly isAboutCommand?: boolean;
  readonly examples: readonly (readonly [command: string, what: string])[];
  readonly load: () => Promise<Command>;
}
