import type { SSMClient } from '@aws-sdk/client-ssm';
import type { StartedSession } from '../fleet/sessions.ts';
import type { Settings } from '../settings.ts';
import type { ConnectOptions } from './connect-options.ts';
import type { Io } from './io.ts';

/** What both clients work with. */
export interface ConnectTask {
  readonly client: SSMClient;
  readonly session: StartedSession;
  readonly instanceId: string;
  readonly options: ConnectOptions;
  readonly settings: Settings;
  readonly io: Io;
}
