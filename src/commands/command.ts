/** What a command is. */
import type { Environment } from '../environment.ts';
import type { Interruption } from '../interruption.ts';
import type { FlagGroup } from '../settings/flags.ts';
import type { Settings } from '../settings/settings.ts';
import type { Io } from '../terminal/io.ts';

export interface Invocation {
  /** Words after the command's name. */
  readonly words: readonly string[];
  readonly interruption: Interruption;
  /** Flags of this command alone, as typed. */
  readonly own: Readonly<Record<string, string | boolean | undefined>>;
  readonly environment: Environment;
}

/** One verb: settings in, exit status out; text only through `io`. */
export type Command = (settings: Settings, io: Io, invocation: Invocation) => Promise<number>;

export interface OwnFlag {
  readonly name: string;
  readonly kind: 'value' | 'switch';
  readonly placeholder?: string;
  readonly describe: string;
  /** Few people need it: `--help-all` shows it, `--help` does not. */
  readonly isRare?: boolean;
}

/** One command as the command line shows it; `load` brings its code in only when it runs. */
export interface CommandEntry {
  readonly name: string;
  /** What may follow the name, for the usage line; absent: nothing. */
  readonly words?: {
    readonly name: string;
    readonly usage: string;
    readonly describe: string;
    /** Flags that may stand before the word, dashes and all. */
    readonly also?: readonly string[];
    /** What completion offers, where the usage line does not say it. */
    readonly values?: readonly string[];
  };
  readonly describe: string;
  readonly groups: readonly FlagGroup[];
  /**
   * What --region and --profile may name: `many` accounts at once, `many-without-word` where no instance is named, or any
   * number where none is asked. Absent: one.
   */
  readonly accounts?: 'many' | 'many-without-word' | 'unused';
  /** Its results come one by one, so that `--output ndjson` means something. */
  readonly isStreamed?: boolean;
  readonly own?: readonly OwnFlag[];
  /** It takes the name of another command, with that one’s words and flags beside its own, and says something about such a run. */
  readonly isAboutCommand?: boolean;
  readonly examples: readonly (readonly [command: string, what: string])[];
  readonly load: () => Promise<Command>;
}
