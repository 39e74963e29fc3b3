/** Reads all facts for the checks of `doctor`. A fact that cannot be read becomes a gap with its reason. */

import type { SSMClient } from '@aws-sdk/client-ssm';
import { explainRegionOff } from '../../accounts/account-work.ts';
import { type Evidence, type Facts, type Gap, lookAtMachine } from '../../doctor/index.ts';
import { formatDuration } from '../../duration.ts';
import { UserError } from '../../errors.ts';
import { listInstances } from '../../fleet/choose.ts';
import { adviseNode, clockOf } from '../../fleet/client.ts';
import { findRefusal, readCredentials } from '../../fleet/credentials.ts';
import { makeInterruptible } from '../../fleet/interruptible.ts';
import type { Verdict } from '../../fleet/judge.ts';
import { type NeededAction, probePermissions } from '../../fleet/permissions.ts';
import { readSessionHistory } from '../../fleet/session-history.ts';
import { readSessionLimits } from '../../fleet/session-limits.ts';
import { type Interruption, makeInterrupted, orAbort } from '../../interruption.ts';
import { listAllPermissions, listCommands } from '../../policy/permissions.ts';
import type { Settings } from '../../settings/settings.ts';
import { repeatConnection } from '../../settings/told-connection.ts';
import { askInstance, notAsked } from '../ask-instance.ts';

export interface Question {
  readonly instanceId: string | undefined;
  readonly sinceSeconds: number;
  /** The status script may be sent to the instance. */
  readonly maySend: boolean;
  readonly settings: Settings;
  readonly interruption: Interruption;
  /** Of this machine: PATH and proxies. */
  readonly variables: NodeJS.ProcessEnv;
  /** Called once, when the script is sent. */
  readonly onSend: () => void;
}

/** The gap of all later facts if there was no first answer: also without a Region, where nothing was asked. */
const UNANSWERED: Gap = { why: 'the account could not be asked, see credentials', next: '' };

/** What is true where Ctrl-C came before the instance was asked. */
export const NOTHING_FOUND = 'nothing was found out';

/** Never throws if the account or the instance refuses something: that is a finding. */
export async function gatherEvidence(client: SSMClient, question: Question): Promise<Evidence> {
  const reader = makeInterruptible(client, question.interruption, {
    kind: () => 'read',
    whatAfterRead: NOTHING_FOUND,
    nextAfterChange: '',
  });
  const facts: { -readonly [K in keyof Facts]?: Facts[K] } = {};
  const gaps: Partial<Record<keyof Facts, Gap>> = {};
  const find = async <K extends keyof Facts>(name: K, look: () => Promise<Facts[K]>): Promise<void> => {
    try {
      facts[name] = await look();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      gaps[name] = { why: error.why, next: error.next };
    }
  };
  const now = new Date(clockOf(client).now());
  await find('credentials', async () => {
    const { requestSignal } = question.interruption;
    const found = await orAbort(readCredentials(reader), requestSignal).catch((error: unknown) => {
      throw requestSignal.aborted ? makeInterrupted(NOTHING_FOUND, error) : error;
    });
    const refusal = await findRefusal(reader);
    const [account] = question.settings.accounts.ids;
    if (refusal) throw explainRegionOff(refusal, { account, region: found.region, profile: undefined });
    return { ...found, now };
  });
  const region = await reader.config.region().catch(() => '');
  facts.machine = lookAtMachine(region || 'us-east-1', question.variables);
  const { instanceId } = question;
  if (gaps.credentials) {
    for (const name of ['permissions', 'limits', 'history', 'instance', 'status'] as const)
      gaps[name] = UNANSWERED;
  } else {
    await Promise.all([
      find('permissions', () => probePermissions(reader, listNeeded())),
      find('limits', () => readSessionLimits(reader)),
      find('history', () => findHistory(reader, question, now)),
      ...(instanceId ? [find('instance', () => findInstance(reader, instanceId))] : []),
    ]);
    if (instanceId) await find('status', () => askAllowed(client, instanceId, facts.instance, question));
  }
  return { facts, gaps, connection: repeatConnection(question.settings) };
}

/** Every action of Systems Manager that any command may call, from the one list that `policy` prints. */
function listNeeded(): NeededAction[] {
  const commandsOf = new Map<string, string[]>();
  for (const name of listCommands())
    for (const { action } of listAllPermissions(name))
      commandsOf.set(action, [...new Set([...(commandsOf.get(action) ?? []), name])]);
  return [...commandsOf]
    .filter(([action]) => action.startsWith('ssm'))
    .map(([action, commands]) => ({ action, commands }));
}

async function findHistory(client: SSMClient, question: Question, now: Date): Promise<Facts['history']> {
  const { instanceId, sinceSeconds } = question;
  const since = new Date(now.getTime() - sinceSeconds * 1000);
  const found = await readSessionHistory(client, { instanceId, since });
  return { ...found, since: formatDuration(sinceSeconds) };
}

async function findInstance(client: SSMClient, instanceId: string): Promise<Facts['instance']> {
  for await (const found of listInstances(client, { tags: [], instanceIds: [instanceId] }))
    return { ...found, isKnown: true };
  return {
    instanceId,
    isKnown: false,
    next: adviseNode(client),
    name: '',
    isOnline: false,
    pingStatus: '',
    platformType: '',
    agentVersion: '',
  };
}

/** @throws UserError that says why it was not asked */
async function askAllowed(
  client: SSMClient,
  instanceId: string,
  instance: Facts['instance'] | undefined,
  { maySend, settings, interruption, onSend }: Question,
): Promise<Verdict> {
  if (!maySend) throw notAsked('--no-send', 'leave --no-send out to ask the instance itself');
  if (instance && !instance.isOnline)
    throw notAsked(instance.isKnown ? 'the instance is offline' : 'the instance is not registered', '');
  if (instance && instance.platformType !== 'Linux') throw notAsked('the instance does not run Linux', '');
  if (interruption.isRequested) throw notAsked('you interrupted it', '');
  onSend();
  return askInstance(client, instanceId, settings, interruption);
}
