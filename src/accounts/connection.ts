import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Environment } from '../environment.ts';
import { UserError } from '../errors.ts';
import type { Connection } from '../fleet/client.ts';
import type { Settings } from '../settings/settings.ts';
import { describeSystemError } from '../system-error.ts';
import type { Io } from '../terminal/io.ts';
import { say, showLine } from '../terminal/safe-text.ts';
import type { AccountName } from './names.ts';

/** A client of the service, and what to end when the command has finished with it. */
export interface OpenConnection {
  readonly client: SSMClient;
  close(): Promise<void>;
}

/** Where the service is, for as many accounts as are asked for. */
export interface OpenService {
  clientFor(account: AccountName): SSMClient;
  /** For a client of another service of the same account. */
  connectionFor(account: AccountName): Connection;
  /** Ends every client it made. */
  close(): Promise<void>;
}

/** Reaches the service in the only account the settings name. */
export async function connect(settings: Settings, io: Io, environment: Environment): Promise<OpenConnection> {
  const service = await openService(settings, io, environment);
  return { client: service.clientFor(settings.common), close: () => service.close() };
}

/** Reaches the service the settings name; choosing the lab's endpoint is all that --lab changes. */
export async function openService(
  settings: Settings,
  io: Io,
  { variables }: Environment,
): Promise<OpenService> {
  const [{ makeClient }, { requireEncrypted }] = await Promise.all([
    import('../fleet/client.ts'),
    import('../fleet/configured-addresses.ts'),
  ]);
  const { endpointUrl, isLab, profiles, allowsUnencrypted } = settings.common;
  if (!isLab && !allowsUnencrypted) await requireEncrypted(profiles, variables);
  io.err(describeConfigFile(settings));
  const lab = isLab ? await openTheLab(io, variables) : undefined;
  const clients: SSMClient[] = [];
  const connectionFor = ({ profile, region }: AccountName): Connection =>
    lab === undefined
      ? { region, profile, endpointUrl, variables }
      : {
          region: region ?? 'us-east-1',
          endpointUrl: lab.endpoint,
          variables,
          credentials: lab.credentials,
        };
  return {
    connectionFor,
    clientFor(account) {
      const client = makeClient({ ...connectionFor(account), onDenied: io.noteDenial, clock: io.clock });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await lab?.close().catch((error) => explainLabFailure(error, 'the lab could not keep what happened'));
    },
  };
}

async function openTheLab(io: Io, variables: NodeJS.ProcessEnv) {
  const { defaultLabDir, labStatus, openLab } = await import('../lab/index.ts');
  const dir = defaultLabDir(variables);
  const lab = await openLab({ dir }).catch((error) => explainLabFailure(error));
  io.err(describeUnfaithful((await labStatus(dir))?.notFaithful ?? []));
  return lab;
}

/** Nobody should reach other instances than they thought because of the folder they stand in. */
function describeConfigFile({ common }: Settings): string {
  const { path, reach } = common.configFile ?? { path: '', reach: [] };
  return reach.length === 0 || common.isQuiet
    ? ''
    : say`ssm-keepalive: ${path} says ` + reach.map(showLine).join(' ') + '\n';
}

/** The lab's folder is a place on this machine: what the file system refuses there is no bug of ours. */
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

/** What the lab on this machine cannot show: said with every report that rests on it. */
export function describeUnfaithful(notFaithful: readonly string[]): string {
  return notFaithful.length === 0
    ? ''
    : say`ssm-keepalive: the lab is not faithful here: ${notFaithful.join(', ')}\n`;
}
