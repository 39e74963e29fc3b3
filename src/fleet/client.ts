import { SSMClient } from '@aws-sdk/client-ssm';
import { loadSharedConfigFiles } from '@smithy/core/config';
import { type Clock, systemClock } from '../clock.ts';
import type { Denial } from '../errors.ts';
import { paceRetries } from './retries.ts';
import { readDenial } from './service-errors.ts';

/** How to reach the service. `credentials` only where the endpoint brings its own; else the standard chain. */
export interface Connection {
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpointUrl?: string | undefined;
  /** Told of each call that these credentials may not make, whatever becomes of the error. */
  readonly onDenied?: ((denial: Denial) => void) | undefined;
  readonly credentials?: Keys | (() => Promise<Keys>) | undefined;
  /** Of the user: the SDK reads others of the process itself, see cli/environment.ts. */
  readonly variables?: NodeJS.ProcessEnv;
  /** By which whoever waits for something of this account waits; default the machine's. */
  readonly clock?: Clock;
}

/** With `expiration` they end, and a provider is asked for new ones before. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

const CLOCK = Symbol('clock');

/** The clock of the connection that a client was made for. */
export function clockOf(client: SSMClient): Clock {
  return (client as { [CLOCK]?: Clock })[CLOCK] ?? systemClock;
}

/**
 * A client of the service that reads credentials and Region as the AWS CLI does, AWS_DEFAULT_REGION included
 * (the SDK alone does not know that one). The service throttles a fleet's worth of calls: `paceRetries` repeats them.
 */
export function makeClient(connection: Connection): SSMClient {
  const client = new SSMClient(configure(connection));
  paceRetries(client, connection.clock ?? systemClock);
  nameMissingProfile(client, connection);
  Object.assign(client, { [CLOCK]: connection.clock });
  const { onDenied, profile } = connection;
  if (profile)
    client.middlewareStack.add(
      (next) => (args) =>
        next(args).catch((error: unknown) => {
          throw nameProfile(error, profile);
        }),
      { step: 'initialize', name: 'nameProfile' },
    );
  if (onDenied)
    client.middlewareStack.add(
      (next) => (args) =>
        next(args).catch((error: unknown) => {
          const denial = readDenial(error);
          if (denial) onDenied(denial);
          throw error;
        }),
      { step: 'initialize', name: 'noteDenials' },
    );
  return client;
}

/** A profile that is in no file has no Region either: the SDK complains of the Region alone. */
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

/** The SDK's own words, when no source had any credentials, leave out which profile was asked for. */
function nameProfile(error: unknown, profile: string): unknown {
  const { name, message } = error as Error;
  if (name !== 'CredentialsProviderError' || !/any providers/.test(message)) return error;
  const why = `profile ${profile} is not in the AWS configuration, or has no credentials in it`;
  return Object.assign(new Error(why, { cause: error }), { name });
}

/** What any client of the SDK needs to reach the same account. */
export function configure(connection: Connection) {
  const { variables = {}, credentials } = connection;
  // The SDK would warn on every run under a Node version that this package still supports.
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
