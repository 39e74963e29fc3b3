import type { TestContext } from 'node:test';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { makeClient } from '../../src/fleet/client.ts';
import { pushScript } from '../../src/fleet/push.ts';
import { type PushEvent, Sender, type SenderOptions } from '../../src/fleet/sender.ts';
import { Interruption } from '../../src/interruption.ts';
import type { HostSpec, Lab, LabOptions } from '../../src/lab/index.ts';
import { startTestLab } from '../support/lab.ts';

export const line = (fields: object) => `${JSON.stringify({ 'ssm-keepalive': 1, ...fields })}\nwords\n`;
/** What a good host says to the script that it was sent; to one that is not ours, what it says to an install. */
export const answerWell =
  (fields: object = {}) =>
  (script: string): string => {
    const name = /^# ssm-keepalive .*: (install|uninstall|status)\./m.exec(script)?.[1] ?? 'install';
    return line({ ...REPORTS[name as keyof typeof REPORTS], restart: 'not-needed', ...fields });
  };

const ENTRIES = { env: 'live' };
const REPORTS = {
  install: { verdict: 'installed', entries: ENTRIES },
  uninstall: { verdict: 'removed', state: 'absent' },
  status: { verdict: 'status', state: 'installed', entries: ENTRIES },
};

export const id = (n: number) => `i-0${String(n).padStart(16, '0')}`;

export function hosts(...synthetic: NonNullable<HostSpec['synthetic']>[]): HostSpec[] {
  return synthetic.map((spec, index) => ({
    name: `host-${index}`,
    id: id(index),
    tags: { env: 'dev' },
    synthetic: { stdout: answerWell(), ...spec },
  }));
}

export interface Rig {
  readonly lab: Lab;
  readonly client: SSMClient;
  readonly events: PushEvent[];
  /** Ids of the commands sent so far. */
  sentIds(): string[];
  push(
    change?: Partial<SenderOptions> & {
      hasCanary?: boolean;
      tags?: Record<string, string>;
      ids?: string[];
      commands?: string[];
    },
  ): ReturnType<typeof pushScript>;
}

/** A lab of synthetic hosts, and `pushScript` on it with short waits. */
export async function makeRig(
  context: TestContext,
  specs: HostSpec[],
  options: Partial<LabOptions> = {},
): Promise<Rig> {
  const lab = await startTestLab(context, { hosts: specs, timeoutScale: 0.02, ...options });
  const client = makeClient({
    endpointUrl: lab.endpoint,
    region: 'us-east-1',
    credentials: lab.credentials,
  });
  context.after(() => client.destroy());
  const events: PushEvent[] = [];
  return {
    lab,
    client,
    events,
    sentIds: () => events.flatMap((event) => (event.kind === 'sent' ? [event.commandId] : [])),
    push: ({
      tags = { env: 'dev' },
      ids,
      commands = ['true'],
      onEvent,
      hasCanary = false,
      ...change
    } = {}) => {
      const sender = new Sender({
        client,
        interruption: new Interruption(),
        pollSeconds: 0.05,
        delivery: {
          targets: {
            tags: ids ? [] : Object.entries(tags).map(([key, value]) => ({ key, values: [value] })),
            instanceIds: ids ?? [],
          },
          commands,
          script: 'install',
          comment: 'test',
          timeoutSeconds: 60,
          executionTimeoutSeconds: 60,
          maxConcurrency: '100%',
          maxErrors: '100%',
          listingLagSeconds: 1,
        },
        onEvent: (event) => {
          events.push(event);
          onEvent?.(event);
        },
        ...change,
      });
      return pushScript(sender, hasCanary);
    },
  };
}

export const verdicts = (result: {
  verdicts: readonly { instanceId: string; verdict: string; class: string }[];
}) => result.verdicts.map(({ verdict, class: kind }) => (kind ? `${verdict}: ${kind}` : verdict));
