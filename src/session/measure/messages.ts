/** The messages between the command and the client process of one arm, as JSON over Node's IPC channel. */
import type { SessionAddress } from '../link.ts';
import type { SessionEnd } from '../session.ts';
import type { ArmName } from './arms.ts';

/** The first message to a client process. */
export interface ArmOrder {
  readonly arm: ArmName;
  readonly tickSeconds: number;
  readonly session: {
    readonly SessionId: string;
    readonly StreamUrl: string;
    readonly TokenValue: string;
    /** The address that answered StartSession. */
    readonly endpoint: string;
    readonly headers: Readonly<Record<string, string>>;
  };
  /** Absent: our own client. */
  readonly plugin?: PluginCall;
}

/** The arguments of the official plugin, as the AWS CLI gives them. */
export interface PluginCall {
  readonly path: string;
  readonly region: string;
  readonly profile: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export type ToArm =
  | { readonly op: 'order'; readonly order: ArmOrder }
  | { readonly op: 'probe' | 'close' }
  /** The answer to `resume`. Neither address nor error: the session is over. After a final error, do not try again. */
  | {
      readonly op: 'resumed';
      readonly address?: SessionAddress | undefined;
      readonly error?: string;
      readonly isFinal?: boolean;
    };

/** Times are epoch milliseconds. */
export type FromArm =
  | { readonly kind: 'opened' | 'begun'; readonly at: number }
  /** The traffic since the last such message. */
  | {
      readonly kind: 'traffic';
      /** The time of the last byte or size. */
      readonly at: number;
      /** Bytes to the host. */
      readonly input: number;
      /** Bytes from the host. */
      readonly output: number;
      /** Sizes of the terminal to the host; they are no bytes of input. */
      readonly sizes: number;
      readonly queries: number;
      readonly answers: number;
    }
  | ({ readonly kind: 'ended' } & SessionEnd)
  /** The connection broke and a new token is needed. The service counts the reconnect as input. */
  | { readonly kind: 'resume'; readonly at: number }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'probed'; readonly isAlive: boolean };
