import { SSMClient } from '@aws-sdk/client-ssm';
import { loadSharedConfigFiles } from '@smithy/core/config';
import { type Clock, systemClock } from '../clock.ts';
import type { Denial } from '../errors.ts';
import { SERVICE_DEFAULTS, type SessionDefaults } from './account.ts';
import { paceRetries } from './retries.ts';
import { readDenial } from './service-errors.ts';

/** How to reach the service. `credentials` only where the endpoint brings its own; else the standard chain. */
export interface Connection {
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpointUrl?: string | undefined;
  /** Called for each refused call, also if its error is then handled. */
  readonly onDenied?: ((denial: Denial) => void) | undefined;
  readonly credentials?: Keys | (() => Promise<Keys>) | undefined;
  /** The user's variables. The SDK also reads those of the process, see src/environment.ts. */
  readonly variables?: NodeJS.ProcessEnv;
  /** The clock for every wait on this account. Default: the machine's. */
  readonly clock?: Clock;
  /** The limits of sessions there. Default: the service's. */
  readonly sessionDefaults?: SessionDefaults | undefined;
}

/** With `expiration` they end, and a provider is asked for new ones before. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

const CONNECTION = Symbol('connection');

const connectionOf = (client: SSMClient) => (client as { [CONNECTION]?: Connection })[CONNECTION];

/** The clock of the connection that a client was made for. */
export function clockOf(client: SSMClient): Clock {
  return connectionOf(client)?.clock ?? systemClock;
}

/** A lab has limits of its own. */
export function sessionDefaultsOf(client: SSMClient): SessionDefaults {
  return connectionOf(client)?.sessionDefaults ?? SERVICE_DEFAULTS;
}

/** Reads credentials and Region as the AWS CLI does, also AWS_DEFAULT_REGION, which the SDK does not know. */
export function makeClient(connection: Connection): SSMClient {
  const client = new SSMClient(configure(connection));
  paceRetries(client, connection.clock ?? systemClock);
  nameMissingProfile(client, connection);
  Object.assign(client, { [CONNECTION]: connection });
  const { onDenied, profile } = connection;
  client.middlewareStack.add(
    (next) => (args) =>
      next(args).catch((error: unknown) => {
        const denial = readDenial(error);
        if (denial) onDenied?.(denial);
        throw profile ? nameProfile(error, profile) : error;
      }),
    { step: 'initialize', name: 'nameErrors' },
  );
  return client;
}

/** If the profile does not exist, the SDK only reports a missing Region. This error names the profile. */
function nameMissingProfile({ config }: SSMClient, { profile, variables = {} }: Connection): void {
  const readRegion = config.region;
  const name = profile ?? variables['AWS_PROFILE'];
  const region = async () => {
    try {
      return await readRegion();
    } catch (error) {
      const { configFile, credentialsFile } = await loadSharedConfigFiles();
      if (!name || configFile[name] || credentialsFile[name]) throw error;
      const missing = new Error(`profile ${name} is not in the AWS configuration`, { cause: error });
      throw Object.assign(missing, { name: 'CredentialsProviderError' });
    }
  };
  Object.assign(config, { region });
}

/** If no source has credentials, the SDK's message does not name the profile. This one does. */
function nameProfile(error: unknown, profile: string): unknown {
  const { name, message } = error as Error;
  if (name !== 'CredentialsProviderError' || !/any providers/.test(message)) return error;
  const why = `profile ${profile} is not in the AWS configuration, or has no credentials in it`;
  return Object.assign(new Error(why, { cause: error }), { name });
}

/** The configuration that any SDK client needs to reach the same account. */
export function configure(connection: Connection) {
  const { variables = {}, credentials } = connection;
  // Turns off the SDK's warning about a Node version that this package supports.
  variables['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const region = connection.region ?? variables['AWS_REGION'] ?? variables['AWS_DEFAULT_REGION'];
  return {
    ...(region ? { region } : {}),
    ...(connection.profile ? { profile: connection.profile } : {}),
    ...(connection.endpointUrl ? { endpoint: connection.endpointUrl } : {}),
    ...(credentials
      ? { credentials: typeof credentials === 'function' ? credentials : { ...credentials } }
      : {}),
  };
}
