import { CancelCommandCommand, SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { chunk, IDS_PER_COMMAND, type Targets, toServiceTargets } from './choose.ts';
import { explainServiceError } from './service-errors.ts';

/** The document every account has; its `commands` parameter is joined with newlines and run as root by `sh`. */
export const RUN_SHELL_SCRIPT = 'AWS-RunShellScript';

/** One delivery: what to run where, and how carefully. */
export interface Delivery {
  readonly targets: Targets;
  readonly commands: readonly string[];
  /** At most 100 characters [model]. */
  readonly comment: string;
  readonly timeoutSeconds: number;
  /** How long the script may run, 5 to 172800 s; outside that the agent silently takes 3600 [agent source]. */
  readonly executionTimeoutSeconds: number;
  readonly maxConcurrency: string;
  readonly maxErrors: string;
}

/**
 * Sends one script and returns the command ids: one, or one for each 50 instance ids.
 * @throws ServiceError; with several commands, those sent before the failure are named in `sent` through `onSent`.
 */
export async function sendScript(
  client: SSMClient,
  delivery: Delivery,
  onSent: (commandId: string) => void = () => {},
): Promise<string[]> {
  const selections =
    delivery.targets.instanceIds.length > 0
      ? chunk(delivery.targets.instanceIds, IDS_PER_COMMAND).map((InstanceIds) => ({ InstanceIds }))
      : [{ Targets: toServiceTargets(delivery.targets.tags) }];
  const commandIds: string[] = [];
  for (const selection of selections) {
    const { Command } = await client
      .send(
        new SendCommandCommand({
          DocumentName: RUN_SHELL_SCRIPT,
          ...selection,
          Parameters: {
            commands: [...delivery.commands],
            executionTimeout: [String(delivery.executionTimeoutSeconds)],
          },
          Comment: delivery.comment.slice(0, 100),
          TimeoutSeconds: delivery.timeoutSeconds,
          MaxConcurrency: delivery.maxConcurrency,
          MaxErrors: delivery.maxErrors,
        }),
      )
      .catch((error: unknown) => {
        throw explainServiceError(error, 'the command was not sent');
      });
    const commandId = Command?.CommandId;
    if (!commandId) throw new Error('SendCommand answered without a command id');
    commandIds.push(commandId);
    onSent(commandId);
  }
  return commandIds;
}

/** Asks the service to cancel; it gives no guarantee, so what already runs may finish [service model]. Never throws. */
export async function cancelCommands(client: SSMClient, commandIds: readonly string[]): Promise<boolean> {
  const asked = await Promise.allSettled(
    commandIds.map((CommandId) => client.send(new CancelCommandCommand({ CommandId }))),
  );
  return asked.every((result) => result.status === 'fulfilled');
}
