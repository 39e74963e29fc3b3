import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Environment } from '../environment.ts';
import { UserError } from '../errors.ts';
import { isExposed, isOnThisMachine } from '../exposed-address.ts';
import { SERVICE_DEFAULTS, type SessionDefaults } from '../fleet/account.ts';
import type { Connection, Keys } from '../fleet/client.ts';
import type { Caller } from '../fleet/signed-call.ts';
import type { Settings } from '../settings/settings.ts';
import { describeSystemError } from '../system-error.ts';
import type { Io } from '../terminal/io.ts';
import { safe, showLine } from '../terminal/safe-text.ts';
import type { AccountName } from './names.ts';

/** Makes clients for any number of accounts. */
export interface OpenService {
  clientFor(account: AccountName): SSMClient;
  /** The connection for a client of another service in the same account. */
  connectionFor(account: AccountName): Connection;
  /** The caller for services that list accounts and Regions. Its client always has a Region. */
  callerFor(account: Omit<AccountName, 'region'>, signal?: AbortSignal): Caller;
  readonly sessionDefaults: SessionDefaults;
  /** It is a lab that this command started, so its hosts end with the command. */
  readonly isPassing: boolean;
  release(client: SSMClient): void;
  /** Ends every client it made. */
  close(): Promise<void>;
}

/** Opens the service in the one account of the settings: a client, to be closed after use. */
export async function connect(settings: Settings, io: Io, environment: Environment) {
  const service = await openService(settings, io, environment);
  return { client: service.clientFor(settings.common), close: () => service.close() };
}

/** Opens the service of the settings. --lab only chooses another endpoint. */
export async function openService(
  settings: Settings,
  io: Io,
  { variables }: Environment,
): Promise<OpenService> {
  const [{ makeClient }, { requireEncrypted }, { assumeRole }] = await Promise.all([
    import('../fleet/client.ts'),
    import('../fleet/configured-addresses.ts'),
    import('../fleet/role.ts'),
  ]);
  const { endpointUrl, isLab, profiles, allowsUnencrypted } = settings.common;
  if (!isLab && !allowsUnencrypted) await requireEncrypted(profiles, variables);
  io.err(describeConfigFile(settings));
  const lab = isLab ? await openTheLab(io, variables) : undefined;
  const sessionDefaults = await findSessionDefaults(
    lab?.endpoint ?? endpointUrl ?? variables['AWS_ENDPOINT_URL_SSM'],
    variables,
  );
  const clients = new Set<SSMClient>();
  const own = ({ profile, region }: AccountName): Connection =>
    lab === undefined
      ? { region, profile, endpointUrl, variables }
      : {
          region: region ?? 'us-east-1',
          endpointUrl: lab.endpoint,
          variables,
          credentials: lab.credentials,
        };
  let isSilent = false;
  const more = {
    onSilence: (error: unknown) => {
      const { code, name } = error as Error & { code?: string };
      if (!isSilent && !settings.common.isQuiet)
        io.err(safe`ssm-keepalive: no answer from the service yet (${code ?? name}); trying again\n`);
      isSilent = true;
    },
    onDenied: io.noteDenial,
    clock: io.clock,
    isLab: isLab || sessionDefaults !== SERVICE_DEFAULTS,
    sessionDefaults,
  };
  const open = (connection: Connection): SSMClient => {
    const client = makeClient({ ...connection, ...more });
    clients.add(client);
    return client;
  };
  const callerFor: OpenService['callerFor'] = (name, signal) => {
    const client = open(connectionFor({ ...name, region: undefined }));
    const readRegion = client.config.region;
    const fallback = settings.common.regions[0] ?? 'us-east-1';
    Object.assign(client.config, { region: () => readRegion().catch(() => fallback) });
    // --endpoint-url is for Systems Manager alone, so it is not passed on here.
    return { client, profile: name.profile, variables, endpointUrl: lab?.endpoint, signal };
  };
  /** After Ctrl-C nobody waits for a role any more. */
  const closing = new AbortController();
  const roles = new Map<string, () => Promise<Keys>>();
  let user: Caller | undefined;
  /** One provider of role credentials for all Regions of an account; it asks in the caller’s own Region. */
  const roleIn = (account: string, profile: string | undefined): (() => Promise<Keys>) => {
    const { role = '', externalId } = settings.accounts;
    user ??= callerFor({ profile }, closing.signal);
    const keys = roles.get(account) ?? assumeRole(user, { account, role, externalId });
    roles.set(account, keys);
    return keys;
  };
  const connectionFor = (name: AccountName): Connection =>
    name.account === undefined
      ? own(name)
      : { ...own(name), credentials: roleIn(name.account, name.profile) };
  return {
    sessionDefaults,
    isPassing: lab?.isPassing === true,
    connectionFor,
    callerFor,
    clientFor: (account) => open(connectionFor(account)),
    release(client) {
      clients.delete(client);
      client.destroy();
    },
    async close() {
      closing.abort();
      for (const client of clients) client.destroy();
      await lab?.close().catch((error) => explainLabFailure(error, 'the lab could not keep what happened'));
    },
  };
}

const LAB_FOR_ONE =
  'ssm-keepalive: no lab is up, so this command starts the hosts and stops them again; to keep them running:  ssm-keepalive lab up\n';

async function openTheLab(io: Io, variables: NodeJS.ProcessEnv) {
  const { defaultLabDir, labStatus, openLab } = await import('../lab/index.ts');
  const dir = defaultLabDir(variables);
  const isPassing = !(await labStatus(dir));
  if (isPassing) io.err(LAB_FOR_ONE);
  const lab = await openLab({ dir }).catch((error) => explainLabFailure(error));
  // Of a lab that is up, `lab up` has said it.
  if (isPassing) io.err(describeUnfaithful((await labStatus(dir))?.notFaithful ?? []));
  return { ...lab, isPassing };
}

/** Those of this user's lab, if it is at the address: the variables of `lab up` lead there too. */
async function findSessionDefaults(
  address: string | undefined,
  variables: NodeJS.ProcessEnv,
): Promise<SessionDefaults> {
  if (address === undefined || isExposed(address) || !isOnThisMachine(address)) return SERVICE_DEFAULTS;
  const { defaultLabDir, labStatus } = await import('../lab/index.ts');
  const state = await labStatus(defaultLabDir(variables));
  return state?.endpoint === address ? state : SERVICE_DEFAULTS;
}

/** Says what the config file selects: a user may not know that the working folder has one. */
function describeConfigFile({ common }: Settings): string {
  const { path, reach } = common.configFile ?? { path: '', reach: [] };
  return reach.length === 0 || common.isQuiet
    ? ''
    : safe`ssm-keepalive: ${path} says ` + reach.map(showLine).join(' ') + '\n';
}

/** Explains an error of the file system in the lab's folder: it is no bug of ours. @throws UserError */
export function explainLabFailure(error: NodeJS.ErrnoException, what = 'the lab could not start'): never {
  if (error instanceof UserError || !/^E[A-Z]+$/.test(error.code ?? '')) throw error;
  throw new UserError(
    {
      code: 'lab-folder',
      what,
      why: describeSystemError(error),
      next:
        error.code === 'ENOSPC'
          ? 'make room there, or name another folder with SSM_KEEPALIVE_LAB_DIR'
          : 'name a folder that you can write with SSM_KEEPALIVE_LAB_DIR',
    },
    { cause: error },
  );
}

/** What the lab on this machine cannot show; printed once, when it starts. */
export function describeUnfaithful(notFaithful: readonly string[]): string {
  if (notFaithful.length === 0) return '';
  // Without root a host of the lab has one user alone.
  if (notFaithful.join() === 'user')
    return 'ssm-keepalive: sessions of this lab run as root, not as ssm-user; keepers work as elsewhere. With root the lab has both users\n';
  return safe`ssm-keepalive: without bubblewrap this lab shows only the files of an install; not as on an instance: ${notFaithful.join(', ')}\n`;
}
