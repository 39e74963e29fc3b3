/** The settings of one run: checked, complete, frozen. Times are in seconds. Each flag of the table is one field. */
import type { CamelCase, FlagEntry, FlagGroup, FlagTable } from './flags.ts';
import type { Reader, TagTarget } from './readers.ts';

export type { TagTarget };

/** The type of a flag's value: a boolean for a switch, an array for a list, otherwise one value or its default. */
type ValueOf<F extends FlagEntry> = F extends { finish: (...values: never[]) => infer R }
  ? R
  : F extends { reader: Reader<infer T> }
    ? F extends { isList: true } | { isRepeatable: true }
      ? readonly T[]
      : F extends { fallback: string }
        ? T
        : T | undefined
    : boolean;

type Part<G extends FlagGroup> = {
  readonly [N in keyof FlagTable[G] as FlagTable[G][N] extends { as: infer A extends string }
    ? A
    : CamelCase<N & string>]: FlagTable[G][N] extends FlagEntry ? ValueOf<FlagTable[G][N]> : never;
};

export interface Settings {
  readonly targets: Part<'Targets'> & {
    /** The config file that says where or on whom the command acts, if it was found in the working folder and not named. */
    readonly foundIn: string | undefined;
  };
  readonly delivery: Part<'Delivery'>;
  readonly keeper: Part<'Keeper'> & {
    /** The entries were given, and are no default: `env` is installed also where a script of Run Command uses ENV. */
    readonly insistsOnEnv: boolean;
  };
  readonly measure: Part<'Measure'>;
  readonly accounts: Part<'Accounts'>;
  /** Every profile, or every account of `accounts`, × every Region; without any, the AWS variables and files decide. */
  readonly common: Omit<Part<'Common'>, 'config'> & {
    /** The Region, if exactly one was given. */
    readonly region: string | undefined;
    readonly profile: string | undefined;
    /** The config file, and its settings that select account and instances, as flags. A question shows them. */
    readonly configFile: { readonly path: string; readonly reach: readonly string[] } | undefined;
  };
}

/** The longest interval that leaves time for a slow answer: 95% of the idle timeout (1140 s of the default). */
export function longestIntervalSeconds(idleTimeoutSeconds: number): number {
  return Math.min(3300, Math.floor(idleTimeoutSeconds * 0.95));
}

/** The interval to advise: the default; of a shorter idle timeout a quarter, so that one lost heartbeat ends no session. */
export function fittingIntervalSeconds(idleTimeoutSeconds: number): number {
  return Math.max(1, Math.min(45, Math.floor(idleTimeoutSeconds / 4)));
}
