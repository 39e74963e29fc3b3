/** Tries the permissions that can be tried without changing anything. */
import {
  DescribeDocumentCommand,
  DescribeInstanceInformationCommand,
  DescribeSessionsCommand,
  GetCommandInvocationCommand,
  GetDocumentCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { wordTable } from '../word-table.ts';
import { PREFERENCES_DOCUMENT } from './account.ts';
import { explainServiceError, isAccessDenied } from './service-errors.ts';

export interface Permission {
  readonly action: string;
  readonly commands: readonly string[];
  /** `not checked`: the call would change something. */
  readonly state: 'allowed' | 'refused' | 'not checked';
}

/** An action and the commands that call it. */
export type NeededAction = Omit<Permission, 'state'>;

/** A reading call. Only a refusal matters. */
type Probe = (client: SSMClient) => Promise<unknown>;

/** A command that does not exist: a caller with the permission gets "does not exist" instead of a refusal. */
const NO_COMMAND = { CommandId: '00000000-0000-4000-8000-000000000000', InstanceId: 'i-00000000000000000' };

const PROBES = wordTable<Probe>({
  'ssm:DescribeInstanceInformation': (client) =>
    client.send(new DescribeInstanceInformationCommand({ MaxResults: 5 })),
  'ssm:ListCommands': (client) => client.send(new ListCommandsCommand({ MaxResults: 1 })),
  'ssm:ListCommandInvocations': (client) => client.send(new ListCommandInvocationsCommand({ MaxResults: 1 })),
  'ssm:GetCommandInvocation': (client) => client.send(new GetCommandInvocationCommand(NO_COMMAND)),
  'ssm:GetDocument': (client) => client.send(new GetDocumentCommand({ Name: PREFERENCES_DOCUMENT })),
  'ssm:DescribeDocument': (client) =>
    client.send(new DescribeDocumentCommand({ Name: PREFERENCES_DOCUMENT })),
  'ssm:DescribeSessions': (client) =>
    client.send(new DescribeSessionsCommand({ State: 'Active', MaxResults: 1 })),
});

/**
 * Tries every permission that has a reading call. Any answer but a refusal counts as allowed: only a caller with the
 * permission learns that a document or command does not exist.
 * @throws ServiceError if no call can work: no network, expired credentials
 */
export async function probePermissions(
  client: SSMClient,
  needed: readonly NeededAction[],
): Promise<Permission[]> {
  return Promise.all(
    needed.map(async ({ action, commands }): Promise<Permission> => {
      const probe = PROBES[action];
      if (!probe) return { action, commands, state: 'not checked' };
      try {
        await probe(client);
      } catch (error) {
        if (isAccessDenied(error)) return { action, commands, state: 'refused' };
        if (!NO_SUCH_THING.test((error as Error).name))
          throw explainServiceError(error, `${action} could not be tried`);
      }
      return { action, commands, state: 'allowed' };
    }),
  );
}

const NO_SUCH_THING = /^(InvalidDocument|InvocationDoesNotExist|InvalidCommandId|InvalidInstanceId)$/;
