/** Which permissions the commands need, and which of them can be tried without changing anything. */
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
import { PREFERENCES_DOCUMENT } from './account.ts';
import { explainServiceError, isAccessDenied } from './service-errors.ts';

export interface Permission {
  readonly action: string;
  /** The commands that call it. */
  readonly commands: readonly string[];
  /** `not checked`: to try it would be to do it. */
  readonly state: 'allowed' | 'refused' | 'not checked';
}

interface NeededPermission {
  readonly action: string;
  readonly commands: readonly string[];
  /** A call that reads, whose only interesting answer is a refusal. */
  readonly probe?: (client: SSMClient) => Promise<unknown>;
}

const DELIVERY = ['install', 'uninstall', 'status', 'doctor'];
/** A command that was never sent: whoever may ask is told that it does not exist. */
const NO_COMMAND = '00000000-0000-4000-8000-000000000000';
const NO_INSTANCE = 'i-00000000000000000';

const NEEDED: readonly NeededPermission[] = [
  {
    action: 'ssm:DescribeInstanceInformation',
    commands: DELIVERY,
    probe: (client) => client.send(new DescribeInstanceInformationCommand({ MaxResults: 5 })),
  },
  {
    action: 'ssm:ListCommands',
    commands: DELIVERY,
    probe: (client) => client.send(new ListCommandsCommand({ MaxResults: 1 })),
  },
  {
    action: 'ssm:ListCommandInvocations',
    commands: DELIVERY,
    probe: (client) => client.send(new ListCommandInvocationsCommand({ MaxResults: 1 })),
  },
  {
    action: 'ssm:GetCommandInvocation',
    commands: DELIVERY,
    probe: (client) =>
      client.send(new GetCommandInvocationCommand({ CommandId: NO_COMMAND, InstanceId: NO_INSTANCE })),
  },
  {
    action: 'ssm:GetDocument',
    commands: ['install', 'measure', 'preferences', 'doctor'],
    probe: (client) => client.send(new GetDocumentCommand({ Name: PREFERENCES_DOCUMENT })),
  },
  {
    action: 'ssm:DescribeDocument',
    commands: ['preferences'],
    probe: (client) => client.send(new DescribeDocumentCommand({ Name: PREFERENCES_DOCUMENT })),
  },
  {
    action: 'ssm:DescribeSessions',
    commands: ['measure', 'doctor'],
    probe: (client) => client.send(new DescribeSessionsCommand({ State: 'Active', MaxResults: 1 })),
  },
  { action: 'ssm:SendCommand', commands: DELIVERY },
  { action: 'ssm:CancelCommand', commands: DELIVERY },
  { action: 'ssm:StartSession', commands: ['connect', 'measure'] },
  { action: 'ssm:ResumeSession', commands: ['connect', 'measure'] },
  { action: 'ssm:TerminateSession', commands: ['connect', 'measure'] },
  { action: 'ssm:CreateDocument', commands: ['preferences', 'measure'] },
  { action: 'ssm:UpdateDocument', commands: ['preferences'] },
  { action: 'ssm:UpdateDocumentDefaultVersion', commands: ['preferences'] },
  { action: 'ssm:DeleteDocument', commands: ['preferences', 'measure'] },
];

/**
 * Tries every permission that reading can try. Any answer but a refusal means that the call was let through: that there is no
 * such document or command is said only to those who may ask.
 * @throws ServiceError for what refuses every call alike: the network, credentials that ended meanwhile
 */
export async function probePermissions(client: SSMClient): Promise<Permission[]> {
  return Promise.all(
    NEEDED.map(async ({ action, commands, probe }): Promise<Permission> => {
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
