/** What one run works with: checked, complete and frozen. Seconds everywhere. Each flag of the table is one field. */
import type { FlagEntry, FlagGroup, FlagTable } from './flags.ts';
import type { Reader, TagTarget } from './readers.ts';

export type { TagTarget };

/** What a flag gives: a switch `true` or `false`, a list all its values, another one its value or the default. */
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
    : never]: FlagTable[G][N] extends FlagEntry ? ValueOf<FlagTable[G][N]> : never;
};

export interface Settings {
  readonly targets: Part<'Targets'> & {
    /** The file that named them or the profile, where nobody named the file: it was found in the working folder. */
    readonly foundIn: string | undefined;
  };
  readonly delivery: Part<'Delivery'>;
  readonly keeper: Part<'Keeper'>;
  readonly measure: Part<'Measure'>;
  readonly accounts: Part<'Accounts'>;
  /** The accounts meant are every profile, or every one of `accounts`, in every Region; none: what the AWS variables and files say. */
  readonly common: Omit<Part<'Common'>, 'config'> & {
    /** The only Region given; undefined where there is none, or several that have to be narrowed first. */
    readonly region: string | undefined;
    readonly profile: string | undefined;
    /** The config file that was read, and what it says about who and where: shown by whatever reaches an account. */
    readonly configFile: { readonly path: string; readonly reach: readonly string[] } | undefined;
  };
}

/** The service's default idle timeout, 20 minutes [AWS user guide, Session Manager preferences]. */
export const DEFAULT_IDLE_TIMEOUT_SECONDS = 1200;

/** A heartbeat has to fit in before the timer fires, with room for a slow answer: 95% of the timeout, 1140 s of the default. */
export function longestIntervalSeconds(idleTimeoutSeconds: number): number {
  return Math.min(3300, Math.floor(idleTimeoutSeconds * 0.95));
}
