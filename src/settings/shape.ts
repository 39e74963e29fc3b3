/** What one run works with, as types and the few numbers that go with them. */
import type { BundleSettings } from '../bundle/inputs.ts';
import type { ArmName } from '../session/measure/arms.ts';

/** A tag condition: any of `values` on `key`; several conditions must all hold. */
export interface TagTarget {
  readonly key: string;
  readonly values: readonly string[];
}

/** What one run of a command works with: checked, complete and frozen. Seconds everywhere. */
export interface Settings {
  readonly targets: {
    readonly tags: readonly TagTarget[];
    readonly instanceIds: readonly string[];
    readonly resourceGroup: string | undefined;
    readonly isAll: boolean;
    /** The file that named them or the profile, where nobody named the file: it was found in the working folder. */
    readonly foundIn: string | undefined;
  };
  readonly delivery: {
    readonly maxConcurrency: string;
    readonly maxErrors: string;
    readonly hasCanary: boolean;
    readonly timeoutSeconds: number;
    readonly isDryRun: boolean;
    /** Said yes beforehand. */
    readonly isConfirmed: boolean;
    /** Ask before more instances than this are changed. */
    readonly confirmAbove: number;
    readonly shouldWait: boolean;
    /** Commands sent earlier, to take up again. */
    readonly commandIds: readonly string[];
    /** Our own Command document, instead of AWS-RunShellScript. */
    readonly documentName: string | undefined;
    /** An association brings it to new instances too. */
    readonly isFollow: boolean;
    /** The association's schedule, as the service writes it. */
    readonly every: string | undefined;
    /** The CloudWatch alarm that stops a command. */
    readonly alarm: string | undefined;
    /** What the user says of the account's idle timeout, for where it cannot be read. */
    readonly idleTimeoutSeconds: number | undefined;
  };
  readonly keeper: Required<BundleSettings>;
  readonly measure: {
    readonly arms: readonly ArmName[];
    readonly repeat: number;
    /** Undefined: worked out from the idle timeout. */
    readonly limitSeconds: number | undefined;
    readonly tickSeconds: number;
    /** Undefined: all at once. */
    readonly parallel: number | undefined;
    readonly client: 'own' | 'plugin';
    readonly hasTemporaryDocument: boolean;
    readonly reportFile: string | undefined;
  };
  readonly common: {
    /** Every Region and profile asked for; the accounts meant are their product. Empty: what the AWS variables and files say. */
    readonly regions: readonly string[];
    readonly profiles: readonly string[];
    /** The only Region given; undefined where there is none, or several that have to be narrowed first. */
    readonly region: string | undefined;
    readonly profile: string | undefined;
    readonly output: 'table' | 'json' | 'ndjson';
    readonly isLab: boolean;
    readonly endpointUrl: string | undefined;
    /** Addresses of the service may be http:// beyond this machine. */
    readonly allowsUnencrypted: boolean;
    readonly isQuiet: boolean;
    readonly isDebug: boolean;
    readonly hasColor: boolean;
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
