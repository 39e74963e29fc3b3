/** The instances that a command still waits for, looked up once where nothing has changed for a while. */
import { ListCommandInvocationsCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { findInstances } from './choose.ts';
import { isFinal } from './invocation.ts';
import type { Verdict } from './judge.ts';

/** An instance that has not answered. */
export interface Awaited {
  readonly instanceId: string;
  /** Empty: not known. */
  readonly name: string;
  /** The service's word for its part in the command: Pending, Delayed, InProgress. */
  readonly status: string;
  /** ConnectionLost or Inactive; empty: its agent is connected, or nobody may ask. */
  readonly offline: string;
}

/** After so long without a change. */
export const STANDSTILL_SECONDS = 15;
/** One page, the service's limit; more are not named anyway. */
const PAGE_SIZE = 50;

/** Two calls. Never throws: the wait goes on without the answer. */
export async function listAwaited(
  client: SSMClient,
  commandId: string,
  targetCount: number,
): Promise<Awaited[]> {
  try {
    // In a big fleet those that answered would fill the page.
    const pending =
      targetCount > PAGE_SIZE ? { Filters: [{ key: 'Status', value: 'Pending' } as const] } : {};
    const { CommandInvocations = [] } = await client.send(
      new ListCommandInvocationsCommand({ CommandId: commandId, MaxResults: PAGE_SIZE, ...pending }),
    );
    const awaited = CommandInvocations.filter(({ Status, StatusDetails }) => !isFinal(Status, StatusDetails));
    const ids = awaited.map(({ InstanceId = '' }) => InstanceId);
    const found = await findInstances(client, ids);
    return awaited.map(({ InstanceId = '', InstanceName = '', StatusDetails, Status = '' }) => {
      const { name = InstanceName, isOnline = true, pingStatus = '' } = found.get(InstanceId) ?? {};
      const offline = isOnline ? '' : pingStatus;
      return { instanceId: InstanceId, name, status: StatusDetails ?? Status, offline };
    });
  } catch {
    return [];
  }
}

/** If its agent was not connected while the command waited, a cancelled command never came there. */
export function blameOffline(verdict: Verdict, offline: string | undefined): Verdict {
  if (verdict.class !== 'cancelled' || !offline) return verdict;
  return {
    ...verdict,
    why: `its agent is not connected (${offline}), so the command had not reached it when it was cancelled`,
    next: 'start the instance or its agent, then run the command again for it',
  };
}
