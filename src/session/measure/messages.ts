/** What the command and the client process of one arm tell each other; JSON over Node's own channel. */
import type { SessionAddress } from '../link.ts';
import type { SessionEnd } from '../session.ts';
import type { ArmName } from './arms.ts';

/** The first message to a client process: everything it has to know. */
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

/** How the official plugin is started; the same words that the AWS CLI gives it. */
export interface PluginCall {
  readonly path: string;
  readonly region: string;
  readonly profile: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export type ToArm =
  | { readonly op: 'order'; readonly order: ArmOrder }
  | { readonly op: 'probe' | 'close' }
  | ({ readonly op: 'resumed' } & Resumed);

/** The answer to `resume`. Without address and error the session is over; a final error is not worth another try. */
export interface Resumed {
  readonly address?: SessionAddress | undefined;
  readonly error?: string;
  readonly isFinal?: boolean;
}

/** Times are epoch milliseconds. */
export type FromArm =
  | { readonly kind: 'opened' | 'settled'; readonly at: number }
  | ({ readonly kind: 'traffic' } & Traffic)
  | ({ readonly kind: 'ended' } & SessionEnd)
  /** The connection broke: a new token is asked for, which the service counts as input. */
  | { readonly kind: 'resume'; readonly at: number }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'probed'; readonly isAlive: boolean };

/** What went both ways since the last such message. */
export interface Traffic {
  /** Of the last of these bytes. */
  readonly at: number;
  /** Bytes to the host. */
  readonly input: number;
  /** Bytes from the host. */
  readonly output: number;
  readonly queries: number;
  readonly answers: number;
}
