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
import { alarmField } from './alarm.ts';
import { ForeignAnswerError } from './answers.ts';
import { chunk, IDS_PER_COMMAND, type Targets, toServiceTargets } from './choose.ts';
import { clockOf } from './client.ts';
import type { PinnedDocument } from './command-document.ts';
import type { Script } from './judge.ts';
import { failing } from './pages.ts';
import { callUntilSeen } from './retries.ts';

/** A document that every account has. It joins its `commands` parameter with newlines and runs it as root with `sh`. */
export const RUN_SHELL_SCRIPT = 'AWS-RunShellScript';

/** One delivery: the targets, the script and the limits. */
export interface Delivery {
  readonly targets: Targets;
  readonly commands: readonly string[];
  readonly script: Script;
  /** Contains the commands and is sent instead of them. */
  readonly document?: PinnedDocument | undefined;
  /** The name of the CloudWatch alarm that stops the command, 1 to 255 characters [model]. */
  readonly alarm?: string | undefined;
  /** At most 100 characters [model]. */
  readonly comment: string;
  /** What failed if nothing is sent. Default: the command was not sent. */
  readonly notSent?: string;
  readonly timeoutSeconds: number;
  /** How long the script may run, 5 to 172800 s; outside that the agent silently takes 3600 [agent source]. */
  readonly executionTimeoutSeconds: number;
  readonly maxConcurrency: string;
  readonly maxErrors: string;
  /** How long the service may take to list a command that it accepted. Default 15; users report a few seconds. */
  readonly listingLagSeconds?: number;
}

/**
 * Sends one script and returns the command ids: one id, or one for each 50 instance ids.
 * If an answer is lost, looks for the command before it sends another, so nothing runs twice.
 * @throws ServiceError; `onSent` was then called for each command sent before the failure.
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
      // A random mark, by which findSent finds this command.
      Comment: `${delivery.comment.slice(0, 90)} #${randomBytes(4).toString('hex')}`,
      TimeoutSeconds: delivery.timeoutSeconds,
      MaxConcurrency: delivery.maxConcurrency,
      MaxErrors: delivery.maxErrors,
    };
    const commandId = await sendOne(client, request, delivery);
    commandIds.push(commandId);
    onSent(commandId);
  }
  return commandIds;
}

/** The request's fields that name the document and its parameters. */
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
  { listingLagSeconds = 15, notSent = 'the command was not sent' }: Delivery,
): Promise<string> {
  const send = async () => {
    const { Command } = await client.send(new SendCommandCommand(request));
    if (!Command?.CommandId) throw new ForeignAnswerError('SendCommand: no command id');
    return Command.CommandId;
  };
  const look = () => findSent(client, request.Comment, listingLagSeconds);
  return callUntilSeen(send, look).catch(failing(notSent));
}

/** The command with this comment, if the service accepted it. The list has the newest first, so one page is enough. */
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

/** Asks the service to cancel. A script that already runs may still finish [service model]. Never throws. */
export function cancelCommands(client: SSMClient, commandIds: readonly string[]): void {
  for (const CommandId of commandIds) client.send(new CancelCommandCommand({ CommandId })).catch(() => {});
}
