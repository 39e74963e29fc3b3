import { SSMClient } from '@aws-sdk/client-ssm';
import { type Clock, systemClock } from '../clock.ts';
import type { Denial } from '../errors.ts';
import { NODE_NEEDS, SERVICE_DEFAULTS, type SessionDefaults } from './account.ts';
import { refuseForeignAnswers } from './answers.ts';
import { explainProfile } from './profile-error.ts';
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
  /** Called when the service seems not to be there, and the call is repeated. */
  readonly onSilence?: ((error: unknown) => void) | undefined;
  /** The clock for every wait on this account. Default: the machine's. */
  readonly clock?: Clock;
  readonly isLab?: boolean;
  /** The limits of sessions there. Default: the service's. */
  readonly sessionDefaults?: SessionDefaults | undefined;
}

/** With `expiration` they end, and a provider is asked for new ones before. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
  /** The SDK’s marks of where they come from. */
  readonly $source?: Readonly<Record<string, string>>;
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

/** For a question: the profile and Region of its calls, also if the variables or files decide; undefined on a lab. */
export async function placeOf(client: SSMClient): Promise<string | undefined> {
  if (isOfLab(client)) return undefined;
  const { profile, variables } = connectionOf(client) ?? {};
  const name = profile ?? variables?.['AWS_PROFILE'];
  const region = await client.config.region().catch(() => '');
  return [name && `profile ${name}`, region].filter(Boolean).join(', ') || undefined;
}

/** The address that was given for this client; empty: the service's own, or that of the variables. */
export const endpointUrlOf = (client: SSMClient): string => connectionOf(client)?.endpointUrl ?? '';

/** True also where only the variables of `lab up` lead to the lab. */
export const isOfLab = (client: SSMClient): boolean => connectionOf(client)?.isLab === true;

/** Where to look for what is not there: a lab is reached without --region and --profile. */
export const adviseWhere = (client: SSMClient): string =>
  isOfLab(client) ? LAB_HOSTS : 'check --region and --profile';

/** The same for an instance that the service does not know. */
export const adviseNode = (client: SSMClient): string =>
  isOfLab(client) ? LAB_HOSTS : `check the id, --region and --profile; the instance needs ${NODE_NEEDS}`;

const LAB_HOSTS = 'look with  ssm-keepalive lab hosts';

/** Reads credentials and Region as the AWS CLI does, also AWS_DEFAULT_REGION, which the SDK does not know. */
export function makeClient(connection: Connection): SSMClient {
  const client = new SSMClient(configure(connection));
  paceRetries(client, connection.clock ?? systemClock, connection.onSilence);
  nameMissingProfile(client, connection);
  refuseForeignAnswers(client);
  Object.assign(client, { [CONNECTION]: connection });
  const { onDenied } = connection;
  client.middlewareStack.add(
    (next) => (args) =>
      next(args).catch(async (error: unknown) => {
        const denial = readDenial(error);
        if (denial) onDenied?.(denial);
        if (connection.isLab && !connection.credentials) markStale(error);
        throw await explainProfile(error, connection);
      }),
    { step: 'initialize', name: 'nameErrors' },
  );
  return client;
}

/** A lab makes new keys at each start, and the variables still have those of an earlier one. */
function markStale(error: unknown): void {
  if (/^(InvalidSignature|UnrecognizedClient)/.test((error as Error).name))
    Object.assign(error as Error, { isOfEarlierLab: true });
}

/** If the profile does not exist, the SDK only reports a missing Region. This error names the profile. */
function nameMissingProfile({ config }: SSMClient, connection: Connection): void {
  const readRegion = config.region;
  const region = () =>
    readRegion().catch(async (error: unknown) => {
      throw await explainProfile(error, connection);
    });
  Object.assign(config, { region });
}

/** The credentials that sign the client's calls. @throws ProfileError, or the library's error */
export function readKeys(client: SSMClient) {
  return client.config.credentials().catch(async (error: unknown) => {
    throw await explainProfile(error, connectionOf(client) ?? {});
  });
}

const ignore = () => {};
/** The SDK warns of AWS_PROFILE, which nobody set, where --profile stands beside keys in variables. */
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** The configuration that any SDK client needs to reach the same account. */
export function configure(connection: Connection) {
  const { variables = {}, credentials } = connection;
  // Turns off the SDK's warning about a Node version that this package supports.
  variables['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const region = connection.region ?? variables['AWS_REGION'] ?? variables['AWS_DEFAULT_REGION'];
  return {
    ...(region ? { region } : {}),
    ...(connection.profile ? { profile: connection.profile, logger: SILENT } : {}),
    ...(connection.endpointUrl ? { endpoint: connection.endpointUrl } : {}),
    ...(credentials
      ? { credentials: typeof credentials === 'function' ? credentials : { ...credentials } }
      : {}),
  };
}
