import { randomBytes } from 'node:crypto';
import {
  CancelCommandCommand,
  type DocumentHashType,
  ListCommandsCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { sleep } from '../clock.ts';
import { type AlarmName, alarmField } from './alarm.ts';
import { chunk, IDS_PER_COMMAND, type Targets, toServiceTargets } from './choose.ts';
import { clockOf } from './client.ts';
import type { PinnedDocument } from './command-document.ts';
import { failing } from './pages.ts';
import { callOnce, isOutcomeUnknown } from './retries.ts';
import { explainServiceError } from './service-errors.ts';

/** The document every account has; its `commands` parameter is joined with newlines and run as root by `sh`. */
export const RUN_SHELL_SCRIPT = 'AWS-RunShellScript';

/** One delivery: what to run where, and how carefully. */
export interface Delivery {
  readonly targets: Targets;
  readonly commands: readonly string[];
  /** Holds the commands itself, and is sent instead of them. */
  readonly document?: PinnedDocument | undefined;
  /** Stops the command when it goes off. */
  readonly alarm?: AlarmName | undefined;
  /** At most 100 characters [model]. */
  readonly comment: string;
  readonly timeoutSeconds: number;
  /** How long the script may run, 5 to 172800 s; outside that the agent silently takes 3600 [agent source]. */
  readonly executionTimeoutSeconds: number;
  readonly maxConcurrency: string;
  readonly maxErrors: string;
  /** How long a command that was heard may take to be listed. Default 15: users of the service see seconds. */
  readonly listingLagSeconds?: number;
}

const MOST_TRIES = 3;

/**
 * Sends one script and returns the command ids: one, or one for each 50 instance ids.
 * Where the answer is lost it looks whether the command was heard before it sends another, so nothing runs twice.
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
      : [{ Targets: toServiceTargets(delivery.targets) }];
  const commandIds: string[] = [];
  for (const selection of selections) {
    const request = {
      ...whatToRun(delivery),
      ...selection,
      ...alarmField(delivery.alarm),
      // The mark is what tells this command from every other one.
      Comment: `${delivery.comment.slice(0, 90)} #${randomBytes(4).toString('hex')}`,
      TimeoutSeconds: delivery.timeoutSeconds,
      MaxConcurrency: delivery.maxConcurrency,
      MaxErrors: delivery.maxErrors,
    };
    const commandId = await sendOne(client, request, delivery.listingLagSeconds ?? 15);
    commandIds.push(commandId);
    onSent(commandId);
  }
  return commandIds;
}

/** The script as a parameter of the document that every account has, or pinned in one of its own. */
export function whatToRun({ document, commands, executionTimeoutSeconds }: Delivery) {
  const executionTimeout = [String(executionTimeoutSeconds)];
  if (!document)
    return {
      DocumentName: RUN_SHELL_SCRIPT,
      Parameters: { commands: [...commands], executionTimeout },
    };
  return {
    DocumentName: document.name,
    DocumentVersion: document.version,
    DocumentHash: document.hash,
    DocumentHashType: document.hashType as DocumentHashType,
    Parameters: { executionTimeout },
  };
}

async function sendOne(
  client: SSMClient,
  request: SendCommandCommandInput & { Comment: string },
  lagSeconds: number,
): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    try {
      const { Command } = await callOnce(() => client.send(new SendCommandCommand(request)));
      if (!Command?.CommandId) throw new Error('SendCommand answered without a command id');
      return Command.CommandId;
    } catch (error) {
      const found = isOutcomeUnknown(error) ? await findSent(client, request.Comment, lagSeconds) : undefined;
      if (found !== undefined) return found;
      if (!isOutcomeUnknown(error) || tries >= MOST_TRIES)
        throw explainServiceError(error, 'the command was not sent');
    }
  }
}

/** The command of that comment, if the service heard it: newest first, so the first page holds it. */
async function findSent(client: SSMClient, comment: string, lagSeconds: number): Promise<string | undefined> {
  const clock = clockOf(client);
  const endsAt = clock.now() + lagSeconds * 1000;
  while (true) {
    const { Commands } = await client
      .send(new ListCommandsCommand({ MaxResults: 50 }))
      .catch(failing('it is not known whether the command was sent'));
    const found = Commands?.find(({ Comment }) => Comment === comment);
    if (found?.CommandId) return found.CommandId;
    if (clock.now() > endsAt) return undefined;
    await sleep(clock, Math.min(2000, lagSeconds * 250));
  }
}

/** Asks the service to cancel; it gives no guarantee, so what already runs may finish [service model]. Never throws. */
export async function cancelCommands(client: SSMClient, commandIds: readonly string[]): Promise<boolean> {
  const asked = await Promise.allSettled(
    commandIds.map((CommandId) => client.send(new CancelCommandCommand({ CommandId }))),
  );
  return asked.every((result) => result.status === 'fulfilled');
}
