import type { SSMClient } from '@aws-sdk/client-ssm';
import type { StartedSession } from '../../fleet/sessions.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Io } from '../../terminal/io.ts';
import type { ConnectOptions } from './connect-options.ts';

/** The input of both clients. */
export interface ConnectTask {
  readonly client: SSMClient;
  readonly session: StartedSession;
  readonly instanceId: string;
  readonly options: ConnectOptions;
  readonly settings: Settings;
  readonly io: Io;
}
